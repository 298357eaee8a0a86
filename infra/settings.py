"""What may be set from outside: by a variable of the environment, or by a flag of a command."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
