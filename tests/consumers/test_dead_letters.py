"""Whatever is wrong with messages that come beside the others, the others go on."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from consumers.kafka.feed import Bounds, KafkaFeed
from consumers.kafka.message_format import headers_of
from infra.kafka import Kafka
from infra.logs import Happening
from infra.topics import REFUSALS
from projections.errors import Gap
from projections.unreadable import NO_ROW
from tests.consumers.projecting import (
    ask,
    bring,
    bring_spoiled,
    lose_the_first_event,
    read,
    rows_from_store,
    rows_in,
    with_field,
)
from tests.consumers.recorded import EVENTS_A_CALL, messages_in, record_calls

CALLS = 5
NOT_A_ROW = with_field("time", "yesterday")


def test_a_refusal_that_is_no_row_becomes_a_dead_letter(tmp_path: Path, kafka: Kafka) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, CALLS)
    bring(store, kafka)
    document = messages_in(kafka, REFUSALS)[0].value
    wrong = orjson.dumps({**orjson.loads(document), "time": "yesterday"})
    producer = kafka.producer()
    for number, one in ((CALLS + 1, wrong), (CALLS + 2, document)):
        headers = headers_of(number, 0, one)
        producer.send(kafka.topic(REFUSALS), one, b"call-0", headers).get(30)
    producer.close()
    assert read(folder, kafka).projected_refusal_number == CALLS + 2
    assert ask(folder, "select reason from dead_letters") == [(NO_ROW,)]
    numbers = ask(folder, "select refusal_number from refusal_events order by all")
    assert numbers == [(number,) for number in (1, 2, 3, 4, 5, 7)]


def test_a_call_whose_first_event_is_a_dead_letter_is_there_and_incomplete(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, folder, first = tmp_path / "store", tmp_path / "kafka", 3 * EVENTS_A_CALL + 1
    record_calls(store, CALLS)
    bring_spoiled(store, kafka, first, NOT_A_ROW)
    read(folder, kafka)
    incomplete = ask(folder, "select call_id, event_count, missing from calls where is_incomplete")
    assert incomplete == [("call-3", EVENTS_A_CALL - 1, "1 of its events in quarantine")]
    assert ask(folder, "select count(*) from calls") == [(CALLS,)]

    bring(store, kafka, from_position=first)
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


def test_a_hole_is_filled_by_its_event_alone(tmp_path: Path, kafka: Kafka) -> None:
    store, folder, hole = tmp_path / "store", tmp_path / "kafka", 4
    record_calls(store, CALLS)
    bring_spoiled(store, kafka, hole, NOT_A_ROW)
    read(folder, kafka)
    waiting = "select position from dead_letters where state = 'waiting' order by all"
    assert ask(folder, waiting) == [(hole,)]

    bring_spoiled(store, kafka, hole, NOT_A_ROW)
    bring(store, kafka, from_position=hole + 1)  # with it come all refusals, also the fourth
    read(folder, kafka)
    assert ask(folder, waiting) == [(hole,), (None,)]

    bring(store, kafka, from_position=hole)
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


def test_new_dead_letters_are_one_line_in_the_log(
    tmp_path: Path, kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    store, folder, hole = tmp_path / "store", tmp_path / "kafka", 3 * EVENTS_A_CALL + 4
    record_calls(store, CALLS)
    bring_spoiled(store, kafka, hole, NOT_A_ROW)
    with caplog.at_level(logging.WARNING, "call_ledger"):
        read(folder, kafka)
    (line,) = (one for one in caplog.records if one.msg is Happening.DEAD_LETTERS)
    ((partition, offset),) = ask(
        folder, "select partition_number, message_offset from dead_letters"
    )
    said = (line.unreadable, line.position, line.partition, line.offset)  # type: ignore[attr-defined]
    assert said == (1, hole, partition, offset)


def read_on(feed: KafkaFeed) -> None:
    """Wait for what is missing, longer than the reader does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        feed.read()


@pytest.mark.slow
def test_a_slow_disk_is_not_taken_for_a_gap(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, CALLS)
    bring(tmp_path, kafka)
    lose_the_first_event(kafka)
    bounds = Bounds(gap_seconds=5.0)
    with closing(KafkaFeed(kafka, {}, 0, 0, bounds=bounds)) as feed:
        while not feed.at_end():
            feed.read()
        for _ in range(2):
            time.sleep(3)
            assert feed.read().events == []
        with pytest.raises(Gap, match="does not have position 1 though later"):
            read_on(feed)
