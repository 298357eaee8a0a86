"""What may be set from outside: by a variable of the environment, or by a flag of a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.errors import WrongSetting

PATIENCE_SECONDS: Final = 60.0
POSTGRESQL: Final = ("postgresql://", "postgres://")
"""How the URL of a database begins."""


Tracing = Literal["off", "log", "otlp"]


class Settings(BaseSettings):
    """Every setting, from its variable `CALL_LEDGER_…`; the defaults are those of one laptop."""

    model_config = SettingsConfigDict(env_prefix="CALL_LEDGER_", frozen=True)

    path: Path = Field(
        default=Path("call-ledger"), description="The ledger's folder; flag --ledger."
    )
    store: str = Field(
        default="sqlite",
        description="The event store: sqlite, in the ledger's folder, or postgresql://…, for many "
        "desktops; flag --store.",
    )
    rules: Literal["seed", "multi-party"] = Field(
        default="seed", description="The rule set by which commands are judged; flag --rules."
    )
    time_zone: str = Field(
        default="UTC",
        description="The time zone of periods, groups and shown times; flag --time-zone.",
    )
    kafka: str | None = Field(
        default=None, description="Where Kafka is: host:port, several with commas between."
    )
    kafka_prefix: str = Field(
        default="",
        description="What the names of the topics begin with, where several ledgers share a Kafka.",
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Whether Kafka is reached by TLS, and with a password."
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="The certificates that Kafka's own is checked against."
    )
    kafka_certificate_file: Path | None = Field(
        default=None, description="Our own certificate, where Kafka asks for one (mutual TLS)."
    )
    kafka_key_file: Path | None = Field(default=None, description="The key of that certificate.")
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How Kafka checks the password, with SASL."
    )
    kafka_user: str | None = Field(default=None, description="The account in Kafka, with SASL.")
    kafka_password: SecretStr | None = Field(
        default=None, description="Its password; it is never shown."
    )
    webex_secret: SecretStr | None = Field(
        default=None,
        description="The secret of the webhook subscription in Webex; it is never shown.",
    )
    webex_signature_header: str = Field(
        default="X-Signature", description="The header in which its deliveries are signed."
    )
    requests_per_second: int = Field(
        default=10_000,
        ge=1,
        description="How many requests a second each key, or each subject of tokens, may make over "
        "HTTP; flag --requests-per-second.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="Whose access tokens `call-ledger serve` takes, as their `iss` says it; flag "
        "--oidc-issuer.",
    )
    oidc_audience: str | None = Field(
        default=None, description="For whom they are, as their `aud` says; flag --oidc-audience."
    )
    oidc_keys: str | None = Field(
        default=None,
        description="The key set that they are signed with: a file, or an https address; flag "
        "--oidc-keys.",
    )
    oidc_client: str | None = Field(
        default=None,
        description="As which client the console is known to that sign-in; flag --oidc-client.",
    )
    oidc_secret: SecretStr | None = Field(
        default=None,
        description="The secret of that client, where it has one; it is never shown.",
    )
    oidc_redirect: str | None = Field(
        default=None,
        description="Where the sign-in sends people back to, the console's own "
        "https://…/console/signed-in; flag --oidc-redirect.",
    )
    project_megabytes: int = Field(
        default=3_000,
        ge=256,
        le=1_000_000,
        description="How much memory, in MB, DuckDB may have in `call-ledger project`; what a "
        "rebuild or a report needs beyond goes to disk.",
    )
    tracing: Tracing = Field(
        default="off",
        description="Whether publish, project and serve-commands tell of events that belong to a "
        "trace: off, log, or otlp, which sends spans as OpenTelemetry's own variables say.",
    )
    patience_seconds: float = Field(
        default=PATIENCE_SECONDS,
        ge=4.0,
        le=600.0,
        description="How long Kafka or PostgreSQL may be out of reach before a process ends, to be "
        "started again; every time-out is a share of it.",
    )

    @field_validator("store")
    @classmethod
    def _names_a_store(cls, store: str) -> str:
        if store not in ("", "sqlite") and not store.startswith(POSTGRESQL):
            raise ValueError(
                "it names no store, which is sqlite or postgresql://user@server/database"
            )
        return store or "sqlite"


def settings_with(**flags: Any) -> Settings:
    """Every setting, from its flag where one is given, else from its variable.

    Raises `WrongSetting` for the first that is not right.
    """
    try:
        return Settings(**flags)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        variable = f"CALL_LEDGER_{str(wrong['loc'][0]).upper()}"
        why = wrong["msg"].removeprefix("Value error, ")
        raise WrongSetting(f"{variable} is not right: {why}; correct it, or unset it.") from None
