"""What may be set from outside: by a variable of the environment, or by a flag of a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.errors import WrongSetting
from infra.store_url import store_named

if TYPE_CHECKING:
    from infra.ledgers import Member

PREFIX: Final = "CALL_LEDGER_"
PATIENCE_SECONDS: Final = 60.0

Tracing = Literal["off", "log", "otlp"]


class Settings(BaseSettings):
    """Every setting, from its variable `CALL_LEDGER_…`; the defaults are those of one laptop."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    path: Path = Field(
        default=Path("call-ledger"), description="The ledger's folder; flag --ledger."
    )
    store: Annotated[str, AfterValidator(store_named)] = Field(
        default="sqlite",
        description="The event store: sqlite, in the ledger's folder, or postgresql://…, for many "
        "desktops; flag --store.",
    )
    ledgers: Path | None = Field(
        default=None,
        description="The file that names a company's ledgers, where it has several; flag "
        "--ledgers.",
    )
    name: str | None = Field(
        default=None,
        description="Which ledger of that file this is: its store, folder and topics are meant; "
        "flag --name.",
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


def variable_of(name: str) -> str:
    """The variable of the environment that a setting is read from."""
    return f"{PREFIX}{name.upper()}"


def settings_with(**flags: Any) -> Settings:
    """Every setting, from its flag where one is given, else from its variable.

    Store, folder and topics are those of the ledger that is named, where there are several. Raises
    `WrongSetting` for the first that is not right, and `WrongLedgers`.
    """
    return of_its_ledger(settings_said(**flags))


def settings_said(**flags: Any) -> Settings:
    """The settings as they are given. Raises `WrongSetting` for the first that is not right."""
    try:
        return Settings(**flags)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        variable = variable_of(str(wrong["loc"][0]))
        why = wrong["msg"].removeprefix("Value error, ")
        raise WrongSetting(f"{variable} is not right: {why}; correct it, or unset it.") from None


def of_its_ledger(settings: Settings) -> Settings:
    """The settings with store, folder and topics of the ledger that is named among several."""
    member = member_of(settings)
    if member is None:
        return settings
    if "store" in settings.model_fields_set:
        raise WrongSetting(
            f"CALL_LEDGER_STORE and the file of the ledgers both say where {member.name} has its "
            "store: unset the variable, and leave --store out."
        )
    return settings_of_member(settings, member)


def settings_of_member(settings: Settings, member: Member) -> Settings:
    """The settings with what that ledger has of its own: its topics begin with its name."""
    return settings.model_copy(
        update={
            "name": member.name,
            "store": member.place.store,
            "path": member.folder,
            "kafka_prefix": f"{settings.kafka_prefix}{member.name}.",
        }
    )


def check_is_one(settings: Settings) -> None:
    """Refuse settings of several ledgers that do not say which. Raises `WrongSetting`."""
    if settings.ledgers is not None and not settings.name:
        raise WrongSetting(
            f"{settings.ledgers} names several ledgers: say which one this is about, by "
            "CALL_LEDGER_NAME or --name."
        )


def member_of(settings: Settings) -> Member | None:
    """The ledger that is named among several; none where there is one alone, or none is named.

    Raises `WrongSetting` and `WrongLedgers`.
    """
    if not settings.name:
        return None
    if settings.ledgers is None:
        raise WrongSetting(
            "CALL_LEDGER_NAME says which of several ledgers this is, and no file names them: set "
            "CALL_LEDGER_LEDGERS, or unset it."
        )
    from infra.ledgers import read_ledgers  # noqa: PLC0415 - most have one ledger

    return read_ledgers(settings.ledgers).member(settings.name)
