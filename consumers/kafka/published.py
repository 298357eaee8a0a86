"""How far a reader of some partitions has everything: a position that it may have no event of.

The publisher's checkpoint is in the transaction of what it speaks of. So whoever saw it, looked
where the partitions ended after that, and has read up to there, has every event up to it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from kafka import TopicPartition

from consumers.kafka.checkpoints import POSITION, checkpoint_in, last_checkpoint
from consumers.kafka.offsets import Ends, consumer_at, has_reached
from consumers.kafka.topic_identity import WatchedTopics
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import AFTERWARDS, EVENTS_POSITIONS
from ledger.identity import FIRST_EVENT
from projections.dead_letters import Offsets

POLL_MILLISECONDS: Final = 100
REACH_SECONDS: Final = 1.0
"""How long a look waits for what is there and may be in an open transaction."""


class PublishedPosition:
    """Follows the publisher's checkpoints for a reader of these partitions."""

    def __init__(self, kafka: Kafka, partitions: Sequence[TopicPartition]) -> None:
        """Look where the publisher is now. Raises `KafkaUnavailable`."""
        self._kafka = kafka
        self._topics = WatchedTopics(kafka, AFTERWARDS[EVENTS_POSITIONS], EVENTS_POSITIONS)
        self._partitions = partitions
        self._asking = Ends(kafka)
        self._checkpoints = TopicPartition(kafka.topic(EVENTS_POSITIONS), 0)
        beginning = self._asking.of([self._checkpoints])
        checkpoint = last_checkpoint(kafka, EVENTS_POSITIONS) or {}
        self.first_event: int | None = checkpoint.get(FIRST_EVENT)
        """The fingerprint of the ledger's first event, if one was published."""
        self._published = int(checkpoint.get(POSITION, 0))
        self._reached = 0
        self._looked_for = 0
        self.ends: dict[TopicPartition, int] = {}
        """Where the partitions ended when the last look had seen how far the publisher was."""
        self._consumer = consumer_at(kafka, beginning, [self._checkpoints])

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
        self._asking.close()
        self._topics.close()

    def look(self) -> None:
        """See how far the publisher is, and where the partitions end then: before they are read.

        Raises `KafkaUnavailable`, `NoCheckpoint` for what is none of ours, and `TopicMadeAgain`
        once the publisher's checkpoints are on another topic than they were.
        """
        try:
            self._read_checkpoints()
        except KafkaUnavailable:
            self._topics.check()
            raise
        self._topics.check_now_and_then()
        if self._looked_for == self._reached != self._published:
            self.ends = self._asking.of(self._partitions)
            self._looked_for = self._published

    def _read_checkpoints(self) -> None:
        # What is polled first may have been fetched at the end of the look before.
        end = self._asking.of([self._checkpoints])
        deadline = time.monotonic() + REACH_SECONDS
        while not has_reached(self._consumer, end) and time.monotonic() < deadline:
            with self._kafka.explained():
                polled = self._consumer.poll(POLL_MILLISECONDS)
            for message in (record for records in polled.values() for record in records):
                checkpoint = checkpoint_in(message, EVENTS_POSITIONS)
                self._published = int(checkpoint.get(POSITION, self._published))
                self.first_event = checkpoint.get(FIRST_EVENT, self.first_event)

    def reached(self, offsets: Offsets) -> int:
        """The position up to which who goes on at these offsets has everything."""
        if all(
            offsets.get((partition.topic, partition.partition), 0) >= end
            for partition, end in self.ends.items()
        ):
            self._reached = self._looked_for
        return self._reached
