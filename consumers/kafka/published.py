"""How far a reader of some partitions has everything: a position that it may have no event of.

The publisher's checkpoint is in the transaction of what it speaks of. So whoever saw it, looked
where the partitions ended after that, and has read up to there, has every event up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kafka import TopicPartition

from consumers.kafka.checkpoints import POSITION, checkpoint_in, last_checkpoint
from consumers.kafka.offsets import consumer_at, ends_of, is_at_end
from consumers.kafka.topic_identity import WatchedTopics
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import AFTERWARDS, EVENTS_POSITIONS
from ledger.identity import FIRST_EVENT
from projections.dead_letters import Offsets

LOOKS_MILLISECONDS: Final = (0, 1_000, 1_000)
"""How long each look waits at most: what the first one sees may have been fetched at the end of the
look before, so others follow while there is more."""


class PublishedPosition:
    """Follows the publisher's checkpoints for a reader of these partitions."""

    def __init__(self, kafka: Kafka, partitions: Sequence[TopicPartition]) -> None:
        """Look where the publisher is now. Raises `KafkaUnavailable`."""
        self._kafka = kafka
        self._topics = WatchedTopics(kafka, AFTERWARDS[EVENTS_POSITIONS], EVENTS_POSITIONS)
        self._partitions = partitions
        checkpoints = TopicPartition(kafka.topic(EVENTS_POSITIONS), 0)
        end = ends_of(kafka, [checkpoints])[checkpoints]
        checkpoint = last_checkpoint(kafka, EVENTS_POSITIONS) or {}
        self.first_event: int | None = checkpoint.get(FIRST_EVENT)
        """The fingerprint of the ledger's first event, if one was published."""
        self._published = int(checkpoint.get(POSITION, 0))
        self._reached = 0
        self._looked_for = 0
        self.ends: dict[TopicPartition, int] = {}
        """Where the partitions ended when the last look had seen how far the publisher was."""
        self._consumer = consumer_at(kafka, {checkpoints: end}, [checkpoints])

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
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
            self.ends = ends_of(self._kafka, self._partitions)
            self._looked_for = self._published

    def _read_checkpoints(self) -> None:
        for patience_milliseconds in LOOKS_MILLISECONDS:
            with self._kafka.explained():
                polled = self._consumer.poll(patience_milliseconds)
            for message in (record for records in polled.values() for record in records):
                checkpoint = checkpoint_in(message, EVENTS_POSITIONS)
                self._published = int(checkpoint.get(POSITION, self._published))
                self.first_event = checkpoint.get(FIRST_EVENT, self.first_event)
            if is_at_end(self._kafka, self._consumer):
                break

    def reached(self, offsets: Offsets) -> int:
        """The position up to which who goes on at these offsets has everything."""
        if all(
            offsets.get((partition.topic, partition.partition), 0) >= end
            for partition, end in self.ends.items()
        ):
            self._reached = self._looked_for
        return self._reached
