"""The command line from end to end: record, publish, project elsewhere, report, and its lag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from entrypoints.cli.main import app
from infra.kafka import Kafka
from infra.topics import EVENTS
from tests.consumers.recorded import EVENTS_A_CALL, record_calls

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def this_kafka(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_KAFKA", kafka.bootstrap)
    monkeypatch.setenv("CALL_LEDGER_KAFKA_PREFIX", kafka.prefix)


def told(*words: str) -> Any:
    answer = run(app, [*words])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout) if "--json" in words else answer.stdout


def test_a_report_elsewhere_is_that_of_the_ledger_and_status_knows_the_lag(tmp_path: Path) -> None:
    store, elsewhere = str(tmp_path / "store"), str(tmp_path / "elsewhere")
    record_calls(Path(store), 10)
    assert told("topics", "check") == "Every topic is as it must be.\n"
    assert "position 70" in told("publish", "--until-end", "--ledger", store)
    assert "position 70" in told("project", "--until-end", "--ledger", elsewhere)
    report = ("report", "exits", "--json", "--ledger")
    assert told(*report, elsewhere) == told(*report, store)

    record_calls(Path(store), 20)
    told("publish", "--until-end", "--ledger", store)
    status = told("status", "--json", "--ledger", elsewhere)
    assert status["published_position"] == 20 * EVENTS_A_CALL
    assert status["kafka_lag_events"] == 10 * EVENTS_A_CALL
    assert status["kafka_lag_seconds"] > 0
    told("project", "--until-end", "--ledger", elsewhere)
    status = told("status", "--json", "--ledger", elsewhere)
    assert (status["kafka_lag_events"], status["kafka_lag_seconds"]) == (0, 0.0)


def test_a_report_says_how_many_calls_are_incomplete(tmp_path: Path, kafka: Kafka) -> None:
    store, elsewhere = str(tmp_path / "store"), str(tmp_path / "elsewhere")
    record_calls(Path(store), 3)
    told("publish", "--until-end", "--ledger", store)
    producer = kafka.producer()
    producer.send(kafka.topic(EVENTS), b"hello", b"call-2").get(30)
    producer.close()
    told("project", "--until-end", "--ledger", elsewhere)
    assert told("report", "exits", "--json", "--ledger", elsewhere)["calls_with_dead_letters"] == 1
    assert "1 calls are incomplete" in told("report", "exits", "--ledger", elsewhere)


def test_commands_are_served_and_nothing_is_left_to_answer(tmp_path: Path) -> None:
    assert "0 commands were answered" in told(
        "serve-commands", "--until-end", "--ledger", str(tmp_path)
    )


def test_without_a_kafka_the_next_step_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALL_LEDGER_KAFKA")
    answer = run(app, ["publish", "--ledger", str(tmp_path)])
    assert answer.exit_code == 3
    assert "set CALL_LEDGER_KAFKA" in answer.output
