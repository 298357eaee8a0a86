"""The long-running processes as an operator sees them: health, figures, log and a clean stop."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from consumers.kafka.checkpoints import last_checkpoint
from consumers.projector import project
from consumers.publisher import publish
from infra.kafka import Kafka
from infra.topics import COMMANDS_POSITIONS, EVENTS, EVENTS_POSITIONS, OUTCOMES
from ledger.feed import StoreFeed
from tests.consumers.commanding import ask, serve_all
from tests.consumers.recorded import documents_in_store, in_order, messages_in, record_calls
from tests.entrypoints.calling import call
from tests.entrypoints.long_running import LongRunning, long_running
from tests.ledger.lines import lines_of_calls

CALLS = 200
PAGE = 50
TOLD_AMID_A_PAGE = """
import sys, time
from functools import partial
from pathlib import Path
import consumers.command_consumer, consumers.projector, consumers.publisher, infra.kafka
from consumers.kafka.feed import Bounds
from consumers.kafka.transactions import TransactionalWriter
from entrypoints.cli.main import run
from entrypoints.workers.shutdown import Shutdown
from projections import dead_letters

infra.kafka.FETCH_BYTES = 1
bounds = Bounds(page_messages=1, poll_batches=1)
for module, name, how in (
    (consumers.publisher, "publish", {"page_events": 50}),
    (consumers.command_consumer, "serve", {"page_commands": 50}),
    (consumers.projector, "project", {"bounds": bounds, "pages_at_once": 1}),
):
    setattr(module, name, partial(getattr(module, name), **how))

under_way, pages, told = Path(sys.argv.pop(1)), [], []

def tell(shutdown, tell=Shutdown.tell):
    tell(shutdown)
    told.append(True)

def waiting_to_be_told(end_of_page):
    def end(*arguments):
        pages.append(True)
        if len(pages) == 12:
            under_way.touch()
            while not told:
                time.sleep(0.01)
        return end_of_page(*arguments)
    return end

Shutdown.tell = tell
for owner, name in (TransactionalWriter, "write_checkpoint"), (dead_letters, "note_offsets"):
    setattr(owner, name, waiting_to_be_told(getattr(owner, name)))
run()
"""
"""The program with small pages. One of them is not finished before the program is told to end."""

NOBODY_STOPS = threading.Event()


def publish_all(folder: Path, kafka: Kafka) -> None:
    publish(lambda: StoreFeed(folder), kafka, NOBODY_STOPS, until_end=True, page_events=PAGE)


@contextmanager
def amid_a_page(folder: Path, kafka: Kafka, name: str) -> Iterator[LongRunning]:
    """The command, which has finished some pages and is in the middle of one."""
    under_way = folder / "a page is under way"
    program = [sys.executable, "-c", TOLD_AMID_A_PAGE, str(under_way)]
    with long_running(folder, kafka, name, program=program) as process:
        process.wait_until(under_way.exists)
        yield process


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
    with amid_a_page(tmp_path, kafka, "publish") as process:
        before_it = (last_checkpoint(kafka, EVENTS_POSITIONS) or {})["position"]
        assert_ended_cleanly(process)
    position = number_in(process.said)
    assert before_it + PAGE == position < CALLS * 7
    assert (last_checkpoint(kafka, EVENTS_POSITIONS) or {})["position"] == position
    before = messages_in(kafka, EVENTS)
    assert len(before) == position
    publish_all(tmp_path, kafka)
    assert list(in_order(messages_in(kafka, EVENTS))) == documents_in_store(tmp_path)


@pytest.mark.slow
def test_a_command_consumer_told_to_end_under_load_has_answered_what_it_took(
    tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(CALLS)
    ask(kafka, lines)
    with amid_a_page(tmp_path, kafka, "serve-commands") as process:
        checkpoint = last_checkpoint(kafka, COMMANDS_POSITIONS) or {}
        answered_before_it = sum(at for part, at in checkpoint.items() if part.isdigit())
        assert_ended_cleanly(process)
    answered = number_in(process.said)
    assert 0 < answered_before_it < answered < len(lines)
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
    with amid_a_page(elsewhere, kafka, "project") as process:
        assert_ended_cleanly(process)
    shown = process.lines[-1]
    assert 0 < shown["position"] < CALLS * 7
    assert shown["projected_position"] == shown["position"]
    count = ("sql", "select count(*) as events from events", "--json")
    assert call(elsewhere, *count).json["rows"][0]["events"] == shown["position"]
    project(elsewhere, kafka, NOBODY_STOPS, until_end=True)
    assert call(elsewhere, *count).json["rows"][0]["events"] == CALLS * 7
