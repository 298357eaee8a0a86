"""The long-running processes as an operator sees them: health, figures, log and a clean stop."""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path

import orjson
import pytest

from consumers.kafka.checkpoints import last_checkpoint
from consumers.projector import project
from consumers.publisher import publish
from infra.kafka import Kafka
from infra.topics import COMMANDS_POSITIONS, EVENTS, EVENTS_POSITIONS, OUTCOMES
from ledger.feed import StoreFeed
from ledger.identity import FIRST_EVENT
from tests.consumers.commanding import ask, serve_all
from tests.consumers.recorded import documents_in_store, in_order, messages_in, record_calls
from tests.entrypoints.calling import call
from tests.entrypoints.long_running import LongRunning, long_running
from tests.ledger.lines import lines_of_calls

CALLS = 6_000
IN_SMALL_PAGES = """
import consumers.projector, infra.kafka
from functools import partial
from consumers.kafka.feed import Bounds
consumers.projector.project = partial(
    consumers.projector.project, bounds=Bounds(page_messages=1, poll_batches=1), pages_at_once=1
)
infra.kafka.FETCH_BYTES = 1
from entrypoints.cli.main import run
run()
"""
"""The program, with so little in a page that one is always under way."""

NOBODY_STOPS = threading.Event()


def publish_all(folder: Path, kafka: Kafka) -> None:
    publish(lambda: StoreFeed(folder), kafka, NOBODY_STOPS, until_end=True)


def number_in(sentence: str) -> int:
    found = re.search(r"[\d,]+", sentence)
    assert found is not None, sentence
    return int(found[0].replace(",", ""))


def assert_ended_cleanly(process: LongRunning) -> None:
    assert process.stop() == 0
    happenings = [line["happening"] for line in process.lines]
    assert (happenings[0], happenings[-1]) == ("began", "ended")
    assert {line["level"] for line in process.lines} <= {"INFO", "WARNING"}


def test_the_publisher_tells_how_far_it_is_and_what_is_left(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 10)
    with long_running(tmp_path, kafka, "publish") as process:
        process.wait_until_ready()
        process.wait_until(lambda: process.figures()["call_ledger_position"] == 70)
        process.wait_until(lambda: process.figures().get("call_ledger_lag_events") == 0)
        figures = process.figures()
        assert process.get("/livez") == (200, "ok\n")
        assert process.get("/elsewhere")[0] == 404
        assert figures["call_ledger_store_position"] == 70
        assert figures["call_ledger_refusal_number"] == 10
        assert figures["call_ledger_lag_events"] == figures["call_ledger_lag_seconds"] == 0
        assert figures["call_ledger_page_size_sum"] == 80
        assert figures["call_ledger_page_seconds_count"] >= 1
        assert_ended_cleanly(process)
    assert process.lines[-1]["position"] == 70


def test_the_projector_tells_what_it_shows_and_its_dead_letters(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    record_calls(store, 10)
    publish_all(store, kafka)
    producer = kafka.producer()
    producer.send(kafka.topic(EVENTS), b"hello", b"call-2").get(30)
    producer.close()
    with long_running(elsewhere, kafka, "project") as process:
        process.wait_until_ready()
        process.wait_until(lambda: process.figures()["call_ledger_projected_position"] == 70)
        process.wait_until(lambda: process.figures().get("call_ledger_quarantine_waiting") == 1)
        figures = process.figures()
        assert figures["call_ledger_incomplete_calls"] == 1
        assert figures["call_ledger_published_position"] == 70
        assert figures["call_ledger_lag_events"] == figures["call_ledger_lag_seconds"] == 0
        assert_ended_cleanly(process)


def test_the_command_consumer_counts_refusals_by_their_rule(tmp_path: Path, kafka: Kafka) -> None:
    lines = lines_of_calls(10)
    ask(kafka, [*lines, lines[0]])
    ask(kafka, [b"hello"], key=b"call-0")
    with long_running(tmp_path, kafka, "serve-commands") as process:
        process.wait_until_ready()
        process.wait_until(lambda: process.figures()["call_ledger_page_size_sum"] == 62)
        process.wait_until(lambda: process.figures().get("call_ledger_lag_commands") == 0)
        figures = process.figures()
        assert figures["call_ledger_commands_total{recorded}"] == 50
        assert figures["call_ledger_commands_total{refused}"] == 10
        assert figures["call_ledger_commands_total{repeated}"] == 1
        assert figures["call_ledger_commands_total{unreadable}"] == 1
        assert figures["call_ledger_refusals_total{H1}"] == 10
        assert figures["call_ledger_quarantine_waiting"] == 1
        assert figures["call_ledger_group_size_sum"] == 61
        assert_ended_cleanly(process)
    assert "10" not in process.said
    assert any(line.get("unreadable") == 1 for line in process.lines)


@pytest.mark.slow
def test_a_publisher_told_to_end_under_load_leaves_whole_pages(
    tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, CALLS)
    with long_running(tmp_path, kafka, "publish") as process:
        process.wait_until(lambda: "position" in (last_checkpoint(kafka, EVENTS_POSITIONS) or {}))
        assert_ended_cleanly(process)
    position = number_in(process.said)
    assert 0 < position < CALLS * 7, "it was told too late to prove anything"
    assert (last_checkpoint(kafka, EVENTS_POSITIONS) or {})["position"] == position
    before = messages_in(kafka, EVENTS)
    assert len(before) == position
    publish_all(tmp_path, kafka)
    assert list(in_order(messages_in(kafka, EVENTS))) == documents_in_store(tmp_path)


@pytest.mark.slow
def test_a_command_consumer_told_to_end_under_load_has_answered_what_it_took(
    tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(2_000)
    ask(kafka, lines)
    with long_running(tmp_path, kafka, "serve-commands") as process:
        process.wait_until(
            lambda: FIRST_EVENT in (last_checkpoint(kafka, COMMANDS_POSITIONS) or {})
        )
        assert_ended_cleanly(process)
    answered = number_in(process.said)
    assert 0 < answered < len(lines), "it was told too late to prove anything"
    assert len(messages_in(kafka, OUTCOMES)) == answered
    with StoreFeed(tmp_path) as feed:
        head = feed.head()
    recorded = [orjson.loads(one.value) for one in messages_in(kafka, OUTCOMES)]
    assert sum(len(one.get("events", ())) for one in recorded) == head.position
    assert serve_all(tmp_path, kafka) == len(lines) - answered
    assert len(messages_in(kafka, OUTCOMES)) == len(lines)


@pytest.mark.slow
def test_a_projector_told_to_end_under_load_shows_all_it_took(tmp_path: Path, kafka: Kafka) -> None:
    store, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    record_calls(store, CALLS)
    publish_all(store, kafka)
    slow = [sys.executable, "-c", IN_SMALL_PAGES]
    with long_running(elsewhere, kafka, "project", program=slow) as process:
        process.wait_until(lambda: bool(process.lines))
        process.wait_until(lambda: "begins" not in process.get("/readyz")[1])
        assert_ended_cleanly(process)
    shown = process.lines[-1]
    assert 0 < shown["position"] < CALLS * 7, "it was told too late to prove anything"
    assert shown["projected_position"] == shown["position"]
    count = ("sql", "select count(*) as events from events", "--json")
    assert call(elsewhere, *count).json["rows"][0]["events"] == shown["position"]
    project(elsewhere, kafka, NOBODY_STOPS, until_end=True)
    assert call(elsewhere, *count).json["rows"][0]["events"] == CALLS * 7
