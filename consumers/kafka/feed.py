"""What is in Kafka, in the ledger's order: `assign` and `seek`, committed messages alone.

Each message is checked before its turn: its checksum, its size, and that it is an event that this
version can read. What cannot be read keeps its place, so that the others go on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kafka import TopicPartition

from consumers.kafka.batch_decoder import Record, decoded
from consumers.kafka.message_format import is_as_published, place_of
from consumers.kafka.offsets import (
    consumer_at,
    has_reached,
    is_at_end,
    partitions_of,
    reading,
)
from consumers.kafka.resequencer import Message, Order, PartOfTheOrder, Resequencer
from consumers.kafka.topic_identity import TopicIds, WatchedTopics
from infra.kafka import Kafka, KafkaUnavailable
from infra.kafka_client import next_offsets, poll_whole_batches, resume
from infra.topics import AFTERWARDS, EVENTS, REFUSALS, check_safe
from lake.shard import Shard
from ledger.document_validation import why_no_event, why_no_refusal
from projections.dead_letters import Offsets
from projections.errors import Gap

POLL_MILLISECONDS: Final = 100
GATHER_MILLISECONDS: Final = 20
"""What was fetched before is followed by what came since: a page more would be a refresh more."""
BEHIND_POLL_MILLISECONDS: Final = 1_000
MUCH_MESSAGES: Final = 10_000
"""While so many are left, it is worth waiting a moment for a page to become full."""

HELD_LIMIT: Final = 1_000_000
LARGEST_DOCUMENT_BYTES: Final = 256 * 1024
LOST: Final = (
    "delete projections.duckdb to read from the beginning, or send events again with "
    "`call-ledger publish --from`."
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read at once, and how long is waited for what is missing."""

    poll_batches: int = 50
    page_messages: int = 50_000
    """While behind, so many messages are gathered before they are written at once."""
    page_bytes: int = 256 * 1024**2
    """Or so much: documents may be hundreds of times as large as they usually are."""
    window_messages: int = 200_000
    """A partition that is so far ahead of the others waits for them."""
    gap_seconds: float = 30.0
    """How long a position may be missing while later ones are there."""
    reach_seconds: float = 1.0
    """How long a page waits for what is known to be there, and may be in an open transaction."""


BOUNDS: Final = Bounds()

NOWHERE: Final[Mapping[TopicPartition, int]] = {}


class Page(NamedTuple):
    """What was read: each list in order, and where to go on reading after all of it."""

    events: list[Message]
    refusals: list[Message]
    out_of_turn: list[Message]
    """Messages without a place, and those whose place was taken before."""
    offsets: Offsets
    is_full: bool
    """Whether there may be more at once."""


@dataclass(slots=True)
class Gathered:
    """What was polled for the next page."""

    events: list[Message] = field(default_factory=list)
    refusals: list[Message] = field(default_factory=list)
    out_of_turn: list[Message] = field(default_factory=list)
    messages: int = 0
    size_bytes: int = 0


class KafkaFeed:
    """Reads the topics of events and refusals from where the read side is."""

    def __init__(
        self,
        kafka: Kafka,
        offsets: Offsets,
        position: int,
        refusal_number: int,
        topic_ids: TopicIds | None = None,
        bounds: Bounds = BOUNDS,
        shard: Shard | None = None,
    ) -> None:
        """Go on from the offsets, and from the beginning where there is none.

        The offsets are of the topics of these ids. With a shard it reads the partitions that this
        has, and cannot tell which positions are missing. Raises `TopicMadeAgain`, and
        `KafkaUnavailable`.
        """
        check_safe(kafka, EVENTS, REFUSALS)
        self.topics = topics_of_tables(kafka)
        self.topics.compare(topic_ids or {})
        self._kafka = kafka
        self._bounds = bounds
        self._events: Order = PartOfTheOrder() if shard else Resequencer(position)
        self._refusals: Order = Resequencer(refusal_number)
        self._names = {kafka.topic(EVENTS): self._events, kafka.topic(REFUSALS): self._refusals}
        self._checks: dict[str, Callable[[bytes], str]] = {
            kafka.topic(EVENTS): why_no_event,
            kafka.topic(REFUSALS): why_no_refusal,
        }
        self._furthest: dict[TopicPartition, int] = {}
        self._gathered = Gathered()
        self._gap_seconds = 0.0
        start_offsets = {TopicPartition(*place): offset for place, offset in offsets.items()}
        self._partitions = [
            partition
            for partition in partitions_of(kafka, EVENTS, REFUSALS)
            if shard is None or shard.has(partition.partition)
        ]
        self._consumer = consumer_at(kafka, start_offsets, self._partitions, bounds.poll_batches)
        poll_whole_batches(self._consumer, decoded)
        self._begun_at = next_offsets(self._consumer)

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()
        self.topics.close()

    def read(self, ends: Mapping[TopicPartition, int] = NOWHERE) -> Page:
        """What is next; lists are empty when nothing came for a moment, or no broker answers.

        It goes up to these offsets if it can: what was fetched before the reader rested, and comes
        first, may be seconds old.

        Raises `Gap` when a position is missing for long, `TopicMadeAgain` when what came is of
        another topic than what was read before, and `KafkaUnavailable`.
        """
        began = time.monotonic()
        self._gather(ends)
        gathered = self._gathered
        if not self._topics_are_the_same():
            return Page([], [], [], {}, is_full=False)
        self._gathered = Gathered()
        events, again = self._events.take(gathered.events)
        out_of_turn = gathered.out_of_turn + again
        refusals, again = self._refusals.take(gathered.refusals)
        out_of_turn += (message for message in again if message.is_poison)
        self._hold_the_furthest()
        self._check_gap(0 if gathered.messages else time.monotonic() - began)
        is_full = self._is_enough(gathered) or (
            gathered.messages > 0 and self._messages_left() > MUCH_MESSAGES
        )
        return Page(events, refusals, out_of_turn, self._offsets(), is_full)

    def _gather(self, ends: Mapping[TopicPartition, int]) -> None:
        """Poll until a page is full, or nothing came for a moment and the ends are reached."""
        gathered, times = self._gathered, 0
        deadline = time.monotonic() + self._bounds.reach_seconds
        with self._reading():
            while not self._is_enough(gathered):
                is_there = has_reached(self._consumer, ends)
                polled = self._consumer.poll(self._patience_milliseconds(times, is_there))
                before = gathered.messages
                for partition, batches in polled.items():
                    records = self._records(partition, batches)
                    gathered.messages += len(records)
                    gathered.size_bytes += sum(len(document) for _, _, document, _ in records)
                    messages = self._messages(partition, records, gathered.out_of_turn)
                    if self._names[partition.topic] is self._events:
                        gathered.events += messages
                    else:
                        gathered.refusals += messages
                if gathered.messages > before:
                    times += 1
                elif has_reached(self._consumer, ends) or time.monotonic() > deadline:
                    return

    def _is_enough(self, gathered: Gathered) -> bool:
        return (
            gathered.messages >= self._bounds.page_messages
            or gathered.size_bytes >= self._bounds.page_bytes
        )

    def _topics_are_the_same(self) -> bool:
        """Whether what was gathered may be given on; not yet while no broker can tell."""
        if self._gathered.messages:
            return self.topics.are_the_same()
        self.topics.check_now_and_then()
        return True

    def at_end(self) -> bool:
        """Whether everything that Kafka has now was read."""
        is_there = is_at_end(self._kafka, self._consumer)
        if is_there:
            self.topics.check()
        return is_there

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """An offset that is out of range says most often that the topic is another one."""
        try:
            with reading(self._kafka, LOST):
                yield
        except KafkaUnavailable:
            self.topics.check()
            raise

    def _patience_milliseconds(self, came_times: int, is_there: bool) -> int:
        """How long to wait for more: while much is left, until a page is full.

        What `is_there` already came; anything else is waited for, and not asked for without a rest.
        """
        if self._messages_left() > MUCH_MESSAGES:
            return BEHIND_POLL_MILLISECONDS
        if not is_there:
            return POLL_MILLISECONDS
        return (POLL_MILLISECONDS, GATHER_MILLISECONDS, 0)[min(came_times, 2)]

    def _messages_left(self) -> float:
        """How many messages the broker had beyond when it last answered; at first nobody knows."""
        ends = {partition: self._consumer.highwater(partition) for partition in self._partitions}
        places = next_offsets(self._consumer)
        return sum(
            math.inf if end is None else end - places[partition] for partition, end in ends.items()
        )

    def _records(self, partition: TopicPartition, batches: list[Any]) -> list[Record]:
        """What is in the batches; the first one may begin before the offset to go on from."""
        records: list[Record] = [record for batch in batches for record in batch.value]
        begun_at = self._begun_at[partition]
        if records and records[0][0] < begun_at:
            return [record for record in records if record[0] >= begun_at]
        return records

    def _messages(
        self, partition: TopicPartition, records: list[Record], out_of_turn: list[Message]
    ) -> list[Message]:
        check = self._checks[partition.topic]
        topic, number = partition.topic, partition.partition
        messages: list[Message] = []
        for offset, key, document, words in records:
            place = place_of(words)
            as_published = place is not None and is_as_published(document, place)
            if place is None:
                reason = "It says no position: it was not written by the publisher."
            elif not as_published:
                reason = "Its bytes are not those that were published: they were edited."
            elif len(document) > LARGEST_DOCUMENT_BYTES:
                reason = f"It has {len(document)} bytes; at most {LARGEST_DOCUMENT_BYTES} are read."
            else:
                reason = check(document)
            at, call, _ = place or (0, 0, 0)
            message = Message(
                at, reason != "", call, document, topic, number, offset, key, as_published, reason
            )
            (out_of_turn if place is None else messages).append(message)
        if messages:
            self._furthest[partition] = messages[-1].number
        return messages

    def _hold_the_furthest(self) -> None:
        """Let partitions wait that are far ahead of the one whose turn it is."""
        if len(self._events.held) > HELD_LIMIT:
            raise missing(self._events.last + 1)
        limit = self._events.last + self._bounds.window_messages
        ahead = {partition for partition, at in self._furthest.items() if at > limit}
        ahead &= {
            partition
            for partition in self._partitions
            if self._names[partition.topic] is self._events
        }
        if self._gap_seconds:
            ahead = set()  # what is missing may come again behind what is held
        paused = self._consumer.paused()
        if stop := ahead - paused:
            self._consumer.pause(*stop)
        if go := paused - ahead:
            resume(self._consumer, go)

    def _check_gap(self, nothing_came_seconds: float) -> None:
        """Only time spent on waiting for Kafka counts, and only while Kafka can say what it has."""
        order = next((order for order in (self._events, self._refusals) if order.held), None)
        if order is None or nothing_came_seconds == 0:
            self._gap_seconds = 0.0
            return
        self._gap_seconds += nothing_came_seconds
        if self._gap_seconds > self._bounds.gap_seconds and self.at_end():
            raise missing(order.last + 1)

    def _offsets(self) -> dict[tuple[str, int], int]:
        """Where to go on: after what was given on, so what is held back is read again."""
        places = next_offsets(self._consumer)
        offsets = {
            (partition.topic, partition.partition): offset for partition, offset in places.items()
        }
        for message in (*self._events.held, *self._refusals.held):
            place = message.topic, message.partition
            if message.offset < offsets[place]:  # noqa: PLR1730 - much quicker than `min`
                offsets[place] = message.offset
        return offsets


def topics_of_tables(kafka: Kafka) -> WatchedTopics:
    """The topics that tables are read from. Raises `KafkaUnavailable`."""
    return WatchedTopics(kafka, AFTERWARDS[EVENTS], EVENTS, REFUSALS)


def missing(number: int) -> Gap:
    """The error for a position that Kafka does not have."""
    return Gap(
        f"Kafka does not have position {number} though later ones are there: send it again with "
        f"`call-ledger publish --from {number}`."
    )
