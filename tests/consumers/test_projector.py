"""The tables from Kafka are those from the store, and one bad message stops nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from consumers.kafka import feed as kafka_feed
from consumers.kafka.feed import LARGEST_DOCUMENT_BYTES, KafkaFeed
from consumers.kafka.message_format import Headers, headers_of, key_in
from consumers.kafka.transactions import TransactionalWriter
from consumers.projector import project
from consumers.publisher import NAME, publish
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.topics import EVENTS, EVENTS_POSITIONS
from ledger.feed import StoreFeed
from projections.batches import Positions
from projections.catch_up import catch_up
from projections.database import FILE_NAME, Gap, Projections
from projections.models import kept_models
from tests.consumers.recorded import EVENTS_A_CALL, record_calls

CALLS = 200
NOBODY_STOPS = threading.Event()
TABLES = ["events", "refusal_events", *(model.name for model in kept_models())]


def bring(store: LedgerFolder | Path, kafka: Kafka, **how: Any) -> None:
    publish(lambda: StoreFeed(store), kafka, NOBODY_STOPS, until_end=True, **how)


def read(folder: Path, kafka: Kafka) -> Positions:
    return project(folder, kafka, NOBODY_STOPS, until_end=True)


def rows_in(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Projections(folder / FILE_NAME) as projections:
        return {
            table: projections.connection.execute(f"from {table} order by all").fetchall()
            for table in TABLES
        }


def rows_from_store(store: LedgerFolder | Path, folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    folder.mkdir()
    with Projections(folder / FILE_NAME) as projections, StoreFeed(store) as feed:
        catch_up(projections, feed)
    return rows_in(folder)


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with Projections(folder / FILE_NAME) as projections:
        return projections.connection.execute(sql).fetchall()


def test_the_tables_are_those_from_the_store_row_for_row(tmp_path: Path, kafka: Kafka) -> None:
    store = tmp_path / "store"
    record_calls(store, CALLS)
    bring(store, kafka, page_events=100)
    assert read(tmp_path / "kafka", kafka) == (CALLS * EVENTS_A_CALL, CALLS) * 2
    expected = rows_from_store(store, tmp_path / "embedded")
    assert all(expected[name] for name in ("events", "calls", "exits", "refusals"))
    assert rows_in(tmp_path / "kafka") == expected


def test_a_partition_that_waited_for_the_others_is_read_on(
    tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_feed, "WINDOW_MESSAGES", 100)
    monkeypatch.setattr(kafka_feed, "POLL_BATCHES", 1)
    monkeypatch.setattr(kafka_feed, "PAGE_MESSAGES", 1)
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, CALLS)
    bring(store, kafka, page_events=50)
    assert read(folder, kafka).position == CALLS * EVENTS_A_CALL
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


def test_a_page_has_a_bound_of_bytes_too(
    tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_feed, "PAGE_BYTES", 1)
    monkeypatch.setattr(kafka_feed, "POLL_BATCHES", 1)
    record_calls(tmp_path, CALLS)
    bring(tmp_path, kafka, page_events=50)
    with closing(KafkaFeed(kafka, {}, 0, 0)) as feed:
        pages = [feed.read() for _ in range(3)]
    assert all(page.is_full for page in pages)
    assert sum(len(page.events) for page in pages) < 3 * 50


def test_reading_goes_on_where_it_was_and_drops_what_comes_again(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, CALLS)
    bring(store, kafka)
    read(folder, kafka)
    bring(store, kafka, from_position=1)
    assert read(folder, kafka).position == CALLS * EVENTS_A_CALL
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")
    assert ask(folder, "from withheld") == []


Spoil = Callable[[bytes, int, int], tuple[bytes, Headers]]


def with_field(name: str, value: object) -> Spoil:
    def spoil(document: bytes, at: int, call: int) -> tuple[bytes, Headers]:
        edited = orjson.dumps({**orjson.loads(document), name: value})
        return edited, headers_of(at, call, edited)

    return spoil


def not_json(_: bytes, at: int, call: int) -> tuple[bytes, Headers]:
    return b"{ this is no JSON", headers_of(at, call, b"{ this is no JSON")


def oversized(document: bytes, at: int, call: int) -> tuple[bytes, Headers]:
    large = document + b" " * LARGEST_DOCUMENT_BYTES
    return large, headers_of(at, call, large)


def edited(document: bytes, at: int, call: int) -> tuple[bytes, Headers]:
    return document.replace(b"agent-1", b"agent-9"), headers_of(at, call, document)


POISON: dict[str, tuple[Spoil, str]] = {
    "not JSON": (not_json, "It is not JSON"),
    "unknown type": (with_field("type", "call.teleported.v1"), "is unknown to this version"),
    "wrong schema": (with_field("data", {"exit_number": "three"}), "It is not as its type says"),
    "wrong envelope": (with_field("time", None), "Its envelope has no time"),
    "no row": (with_field("time", "yesterday"), "DuckDB cannot read it"),
    "oversized": (oversized, "at most"),
    "edited bytes": (edited, "they were edited"),
}


def bring_spoiled(store: Path, kafka: Kafka, spoiled: int, spoil: Spoil) -> None:
    """Publish as the publisher does, but for one message."""
    with (
        StoreFeed(store) as feed,
        TransactionalWriter(kafka, NAME, EVENTS_POSITIONS) as pages,
        pages.page(),
    ):
        for batch in feed.batches(0):
            for at, call, document in zip(
                batch.positions, batch.call_positions, batch.documents, strict=True
            ):
                value, headers = document, headers_of(at, call, document)
                if at == spoiled:
                    value, headers = spoil(document, at, call)
                pages.send(EVENTS, key_in(document), value, headers)
        pages.write_checkpoint({"position": feed.head().position})


@pytest.mark.parametrize("kind", POISON)
def test_a_bad_message_is_withheld_and_the_others_go_on(
    kind: str, tmp_path: Path, kafka: Kafka
) -> None:
    spoil, reason = POISON[kind]
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 20)
    spoiled = 3 * EVENTS_A_CALL + 4  # the customer leaves the fourth call
    bring_spoiled(store, kafka, spoiled, spoil)

    assert read(folder, kafka).projected_position == 20 * EVENTS_A_CALL
    ((topic, why, call_id),) = ask(folder, "select topic, reason, call_id from withheld")
    assert topic == kafka.topic(EVENTS)
    assert reason in why
    assert call_id == "call-3"
    assert ask(folder, "select call_id, missing from calls where is_incomplete") == [
        ("call-3", "1 of its events in quarantine")
    ]
    assert ask(folder, "select call_id from calls where event_count <> 7") == [("call-3",)]

    bring(store, kafka, from_position=spoiled)
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")
    assert ask(folder, "select state from withheld") == [("read",)]


def test_a_message_of_a_stranger_is_kept_and_its_call_marked(tmp_path: Path, kafka: Kafka) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 5)
    bring(store, kafka)
    producer = kafka.producer()
    producer.send(kafka.topic(EVENTS), b"hello", b"call-2").get(30)
    producer.send(kafka.topic(EVENTS), b"hello", b"nobody").get(30)
    producer.close()
    read(folder, kafka)
    assert ask(folder, "select call_id from withheld order by all") == [("call-2",), ("nobody",)]
    read(folder, kafka)
    assert len(ask(folder, "from withheld")) == 2


def test_what_is_missing_in_kafka_stops_the_reader(
    tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 5)
    bring(store, kafka, from_position=9)
    monkeypatch.setattr("consumers.kafka.feed.GAP_SECONDS", 0.5)
    with pytest.raises(Gap, match="does not have position 1 though later"):
        project(folder, kafka, NOBODY_STOPS)
    bring(store, kafka, from_position=1)
    assert read(folder, kafka).position == 5 * EVENTS_A_CALL
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")
