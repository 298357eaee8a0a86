"""The command line from end to end: record, publish, project elsewhere, report, and its lag."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from infra.kafka import Kafka
from infra.topics import EVENTS
from tests.consumers.recorded import EVENTS_A_CALL, record_calls
from tests.entrypoints.calling import Answer, call


@pytest.fixture(autouse=True)
def this_kafka(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LEDGER_KAFKA", kafka.bootstrap)
    monkeypatch.setenv("CALL_LEDGER_KAFKA_PREFIX", kafka.prefix)


def run(folder: Path, *words: str) -> Answer:
    ours = {name: value for name, value in os.environ.items() if name.startswith("CALL_LEDGER")}
    return call(folder, *words, variables=ours)


def told(folder: Path, *words: str) -> Any:
    answer = run(folder, *words)
    assert answer.code == 0, answer.said
    return json.loads(answer.out) if "--json" in words else answer.out


def test_a_report_elsewhere_is_that_of_the_ledger_and_status_knows_the_lag(tmp_path: Path) -> None:
    store, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    record_calls(store, 10)
    assert told(store, "topics", "check") == "Every topic is as it must be.\n"
    assert "position 70" in told(store, "publish", "--until-end")
    assert "position 70" in told(elsewhere, "project", "--until-end")
    report = ("report", "exits", "--json")
    assert told(elsewhere, *report) == told(store, *report)

    record_calls(store, 20)
    told(store, "publish", "--until-end")
    status = told(elsewhere, "status", "--json")
    assert status["published_position"] == 20 * EVENTS_A_CALL
    assert status["kafka_lag_events"] == 10 * EVENTS_A_CALL
    assert status["kafka_lag_seconds"] > 0
    told(elsewhere, "project", "--until-end")
    status = told(elsewhere, "status", "--json")
    assert (status["kafka_lag_events"], status["kafka_lag_seconds"]) == (0, 0.0)


def test_a_report_says_how_many_calls_are_incomplete(tmp_path: Path, kafka: Kafka) -> None:
    store, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    record_calls(store, 3)
    told(store, "publish", "--until-end")
    producer = kafka.producer()
    producer.send(kafka.topic(EVENTS), b"hello", b"call-2").get(30)
    producer.close()
    told(elsewhere, "project", "--until-end")
    assert told(elsewhere, "report", "exits", "--json")["calls_with_dead_letters"] == 1
    assert "1 calls are incomplete" in told(elsewhere, "report", "exits")


def test_commands_are_served_and_nothing_is_left_to_answer(tmp_path: Path) -> None:
    assert "0 commands were answered" in told(tmp_path, "serve-commands", "--until-end")


def test_without_a_kafka_the_next_step_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALL_LEDGER_KAFKA")
    answer = run(tmp_path, "publish")
    assert answer.code == 3
    assert "set CALL_LEDGER_KAFKA" in answer.said
