"""What may be set from outside: by the environment, or by the flags of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.rule_sets import RULE_SETS, RuleSet


class Settings(BaseSettings):
    """The settings, each from its variable `CALL_LEDGER_…`, with the defaults of one laptop."""

    model_config = SettingsConfigDict(env_prefix="CALL_LEDGER_", frozen=True)

    path: Path = Path("call-ledger")
    """The ledger's folder."""
    rules: Literal["seed", "multi-party"] = "seed"
    """The rule set by which commands are judged."""

    @property
    def rule_set(self) -> RuleSet:
        return RULE_SETS[self.rules]
