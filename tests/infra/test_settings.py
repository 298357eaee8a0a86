"""Settings come from the environment, and a word that means nothing is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.errors import WrongSetting
from infra.kafka import Kafka
from infra.postgresql import bounds, network
from infra.settings import Settings, settings_with


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


@pytest.mark.parametrize("seconds", ["3", "601", "soon"])
def test_patience_has_bounds(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("CALL_LEDGER_PATIENCE_SECONDS", seconds)
    with pytest.raises(ValidationError, match="patience_seconds"):
        Settings()


@pytest.mark.parametrize("megabytes", ["255", "1000001", "3GB"])
def test_the_memory_of_the_tables_has_bounds(
    monkeypatch: pytest.MonkeyPatch, megabytes: str
) -> None:
    monkeypatch.setenv("CALL_LEDGER_PROJECT_MEGABYTES", megabytes)
    with pytest.raises(ValidationError, match="project_megabytes"):
        Settings()


def test_every_time_out_is_a_share_of_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_KAFKA", "localhost:9092")
    monkeypatch.setenv("CALL_LEDGER_PATIENCE_SECONDS", "12")
    assert Kafka.of(Settings()).hung_seconds == 18
    assert bounds(12)["idle_in_transaction_session_timeout"] == "6000ms"
    assert network(60)["tcp_user_timeout"] == 15_000
    assert network(4)["connect_timeout"] == 2  # the driver knows no shorter one


def test_an_unknown_rule_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_RULES", "house-rules")
    with pytest.raises(ValidationError, match="seed"):
        Settings()


@pytest.mark.parametrize("store", ["mysql://desk:secret@server/ledger", "sqlite3", "postgresql"])
def test_a_store_of_neither_kind_is_refused(monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    monkeypatch.setenv("CALL_LEDGER_STORE", store)
    with pytest.raises(
        WrongSetting, match="CALL_LEDGER_STORE is not right: it names no store"
    ) as refused:
        settings_with()
    assert "secret" not in str(refused.value)
    with pytest.raises(WrongSetting):
        settings_with(store=store)


def test_a_flag_comes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_STORE", "mysql://desk:secret@server/ledger")
    assert settings_with(store="postgresql://desk@server/ledger").store.startswith("postgresql")


@pytest.mark.parametrize("store", ["", "sqlite"])
def test_a_store_that_is_set_to_nothing_is_sqlite(
    monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    monkeypatch.setenv("CALL_LEDGER_STORE", store)
    assert Settings().store == "sqlite"
