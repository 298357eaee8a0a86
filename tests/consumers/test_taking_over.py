"""Whoever takes over goes on where the other was committed; no page is there by half."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from consumers.kafka.checkpoints import last_checkpoint
from consumers.kafka.offsets import consumer_at, is_at_end, partitions_of
from consumers.kafka.transactions import KEEP_SECONDS, Fenced, TransactionalWriter
from consumers.publisher import publish
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import COMMANDS_POSITIONS, EVENTS, EVENTS_POSITIONS
from ledger.feed import StoreFeed
from tests.consumers.projecting import NOBODY_STOPS, bring
from tests.consumers.recorded import (
    EVENTS_A_CALL,
    documents_in_store,
    in_order,
    messages_in,
    position_of,
    record_calls,
)

TAKE_OVERS = 10
LEFT = Fenced, KafkaUnavailable
"""In the middle of being fenced Kafka may answer that it failed, without saying why."""


class Publisher:
    """One that publishes until it is fenced, in a thread of its own."""

    def __init__(self, folder: Path, kafka: Kafka, keep_seconds: float = KEEP_SECONDS) -> None:
        self.ended: BaseException | None = None
        self.is_there = threading.Event()
        self._folder, self._kafka, self._keep_seconds = folder, kafka, keep_seconds
        self._thread = threading.Thread(target=self._publish, daemon=True)
        self._thread.start()
        assert self.is_there.wait(60)

    def left(self) -> BaseException | None:
        """Why it left."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.ended

    def _publish(self) -> None:
        try:
            publish(
                lambda: StoreFeed(self._folder),
                self._kafka,
                NOBODY_STOPS,
                on_page=lambda *_: self.is_there.set(),
                page_events=100,
                keep_seconds=self._keep_seconds,
            )
        except BaseException as error:
            self.ended = error


@pytest.mark.slow
def test_publishers_that_take_over_in_turn_all_leave_but_the_last_and_bring_every_event_once(
    tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, 2_000)
    publishers = [Publisher(tmp_path, kafka) for _ in range(TAKE_OVERS)]
    bring(tmp_path, kafka)
    assert all(isinstance(one.left(), LEFT) for one in publishers)
    messages = messages_in(kafka, EVENTS)
    assert set(Counter(map(position_of, messages)).values()) == {1}
    assert list(in_order(messages)) == documents_in_store(tmp_path)


def test_an_idle_publisher_learns_that_another_has_taken_over(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 1)
    bring(tmp_path, kafka)
    idle = Publisher(tmp_path, kafka, keep_seconds=0.1)
    bring(tmp_path, kafka)
    assert isinstance(idle.left(), LEFT)
    assert (last_checkpoint(kafka, EVENTS_POSITIONS) or {})["position"] == EVENTS_A_CALL


def test_a_reader_right_after_a_page_is_not_told_an_early_end(tmp_path: Path, kafka: Kafka) -> None:
    consumer = consumer_at(kafka, {}, partitions_of(kafka, EVENTS))
    try:
        with TransactionalWriter(kafka, EVENTS_POSITIONS) as pages:
            found = 0
            for number in range(1, 31):
                with pages.page():
                    for call in range(20):
                        pages.send(EVENTS, b"call %d" % call, b"%d" % number, [])
                while not is_at_end(kafka, consumer):
                    found += sum(map(len, consumer.poll(100).values()))
                assert found == number * 20
    finally:
        consumer.close()


def test_a_command_consumers_open_page_does_not_hide_the_publishers_last_position(
    tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, 5)
    with TransactionalWriter(kafka, COMMANDS_POSITIONS) as pages, pages.page():
        pages.write_checkpoint({"0": 1})
        bring(tmp_path, kafka)
        assert bring(tmp_path, kafka) == (5 * EVENTS_A_CALL, 5)
    assert len(messages_in(kafka, EVENTS)) == 5 * EVENTS_A_CALL
