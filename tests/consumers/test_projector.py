"""The tables from Kafka are those from the store, and one bad message stops nobody else."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from consumers.kafka.feed import Bounds, KafkaFeed
from consumers.projector import project
from infra.kafka import Kafka
from infra.topics import EVENTS
from projections.errors import Gap
from tests.consumers.projecting import (
    NOBODY_STOPS,
    POISON,
    ask,
    bring,
    bring_spoiled,
    lose_the_first_event,
    read,
    rows_from_store,
    rows_in,
)
from tests.consumers.recorded import EVENTS_A_CALL, record_calls

CALLS = 200


def test_the_tables_are_those_from_the_store_row_for_row(tmp_path: Path, kafka: Kafka) -> None:
    store = tmp_path / "store"
    record_calls(store, CALLS)
    bring(store, kafka, page_events=100)
    assert read(tmp_path / "kafka", kafka) == (CALLS * EVENTS_A_CALL, CALLS) * 2
    expected = rows_from_store(store, tmp_path / "embedded")
    assert all(expected[name] for name in ("events", "calls", "exits", "refusals"))
    assert rows_in(tmp_path / "kafka") == expected


def test_a_partition_that_waited_for_the_others_is_read_on(tmp_path: Path, kafka: Kafka) -> None:
    bounds = Bounds(window_messages=100, poll_batches=1, page_messages=1)
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, CALLS)
    bring(store, kafka, page_events=50)
    assert read(folder, kafka, bounds=bounds).position == CALLS * EVENTS_A_CALL
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


def test_a_page_has_a_bound_of_bytes_too(tmp_path: Path, kafka: Kafka) -> None:
    bounds = Bounds(page_bytes=1, poll_batches=1)
    record_calls(tmp_path, CALLS)
    bring(tmp_path, kafka, page_events=50)
    with closing(KafkaFeed(kafka, {}, 0, 0, bounds=bounds)) as feed:
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
    assert ask(folder, "from dead_letters") == []


@pytest.mark.parametrize("kind", POISON)
def test_a_bad_message_becomes_a_dead_letter_and_the_others_go_on(
    kind: str, tmp_path: Path, kafka: Kafka
) -> None:
    spoil, reason = POISON[kind]
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 20)
    spoiled = 3 * EVENTS_A_CALL + 4  # the customer leaves the fourth call
    bring_spoiled(store, kafka, spoiled, spoil)

    assert read(folder, kafka).projected_position == 20 * EVENTS_A_CALL
    ((topic, why, call_id),) = ask(folder, "select topic, reason, call_id from dead_letters")
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
    assert ask(folder, "select state from dead_letters") == [("read",)]


def test_a_message_of_a_stranger_is_kept_and_its_call_marked(tmp_path: Path, kafka: Kafka) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 5)
    bring(store, kafka)
    producer = kafka.producer()
    producer.send(kafka.topic(EVENTS), b"hello", b"call-2").get(30)
    producer.send(kafka.topic(EVENTS), b"hello", b"nobody").get(30)
    producer.close()
    read(folder, kafka)
    assert ask(folder, "select call_id from dead_letters order by all") == [
        ("call-2",),
        ("nobody",),
    ]
    read(folder, kafka)
    assert len(ask(folder, "from dead_letters")) == 2


def test_what_is_missing_in_kafka_stops_the_reader(tmp_path: Path, kafka: Kafka) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 5)
    bring(store, kafka)
    lose_the_first_event(kafka)
    with pytest.raises(Gap, match="does not have position 1 though later"):
        project(folder, kafka, NOBODY_STOPS, bounds=Bounds(gap_seconds=0.5))
    bring(store, kafka, from_position=1)
    assert read(folder, kafka).position == 5 * EVENTS_A_CALL
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")
