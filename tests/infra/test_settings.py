"""Settings come from the environment, and a word that means nothing is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.settings import Settings


def test_without_any_variable_the_defaults_are_those_of_one_laptop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("CALL_LEDGER_PATH", "CALL_LEDGER_RULES", "CALL_LEDGER_STORE"):
        monkeypatch.delenv(variable, raising=False)
    settings = Settings()
    assert settings.path == Path("call-ledger")
    assert settings.rules == "seed"
    assert settings.store == "sqlite"


def test_variables_set_the_folder_and_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_PATH", "/srv/calls")
    monkeypatch.setenv("CALL_LEDGER_RULES", "multi-party")
    assert Settings().path == Path("/srv/calls")
    assert Settings().rules == "multi-party"


def test_an_unknown_rule_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_RULES", "house-rules")
    with pytest.raises(ValidationError, match="seed"):
        Settings()
