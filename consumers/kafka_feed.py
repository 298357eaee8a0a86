"""What is in Kafka, in the ledger's order: `assign` and `seek`, committed messages alone.

Each message is checked before its turn: its checksum, its size, and that it is an event that this
version can read. What cannot be read keeps its place, so that the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kafka import TopicPartition

from consumers.in_order import InOrder, Message
from consumers.messages import is_as_published, place_in
from consumers.reading import consumer_at, is_at_end, partitions_of, reading
from consumers.unreadable import why_no_event, why_no_refusal
from infra.kafka import Kafka
from infra.topics import EVENTS, REFUSALS, check_safe
from projections.arrivals import Offsets
from projections.database import Gap

POLL_MILLISECONDS: Final = 100
PAGE_MESSAGES: Final = 50_000
"""While behind, so many messages are gathered before they are written at once."""

WINDOW_MESSAGES: Final = 200_000
"""A partition that is so far ahead of the others waits for them."""

HELD_LIMIT: Final = 1_000_000
LARGEST_DOCUMENT_BYTES: Final = 256 * 1024
LOST: Final = (
    "delete projections.duckdb to read from the beginning, or send events again with "
    "`call-ledger publish --from`."
)
GAP_SECONDS: Final = 30.0
"""How long a position may be missing while later ones are there."""


class Page(NamedTuple):
    """What was read: each list in order, and where to go on reading after all of it."""

    events: list[Message]
    refusals: list[Message]
    besides: list[Message]
    """Messages without a place, and those whose place was taken before."""
    offsets: Offsets
    is_full: bool
    """Whether there may be more at once."""


class KafkaFeed:
    """Reads the topics of events and refusals from where the read side is."""

    def __init__(self, kafka: Kafka, offsets: Offsets, position: int, refusal_number: int) -> None:
        """Go on from the offsets, and from the beginning where there is none.

        Raises `KafkaUnavailable`.
        """
        check_safe(kafka, EVENTS, REFUSALS)
        self._kafka = kafka
        self._events, self._refusals = InOrder(position), InOrder(refusal_number)
        self._names = {kafka.topic(EVENTS): self._events, kafka.topic(REFUSALS): self._refusals}
        self._checks: dict[str, Callable[[bytes], str]] = {
            kafka.topic(EVENTS): why_no_event,
            kafka.topic(REFUSALS): why_no_refusal,
        }
        self._furthest: dict[TopicPartition, int] = {}
        self._gap_since: float | None = None
        kept = {TopicPartition(*place): offset for place, offset in offsets.items()}
        self._consumer = consumer_at(kafka, kept, EVENTS, REFUSALS)
        self._partitions = partitions_of(kafka, EVENTS, REFUSALS)

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def read(self) -> Page:
        """What is next; lists are empty when nothing came for a moment.

        Raises `Gap` when a position is missing for long, and `KafkaUnavailable`.
        """
        events: list[Message] = []
        refusals: list[Message] = []
        besides: list[Message] = []
        gathered = 0
        with reading(self._kafka, LOST):
            while True:
                polled = self._consumer.poll(POLL_MILLISECONDS if gathered == 0 else 0)
                came = sum(map(len, polled.values()))
                gathered += came
                for partition, records in polled.items():
                    order = self._names[partition.topic]
                    following, before = order.take(self._messages(partition, records, besides))
                    besides += before
                    (events if order is self._events else refusals).extend(following)
                self._hold_the_furthest()
                if came == 0 or gathered >= PAGE_MESSAGES:
                    break
        self._check_gap(came > 0)
        return Page(events, refusals, besides, self._offsets(), gathered >= PAGE_MESSAGES)

    def at_end(self) -> bool:
        """Whether everything that Kafka has now was read."""
        return is_at_end(self._kafka, self._consumer)

    def _messages(
        self, partition: TopicPartition, records: list[Any], besides: list[Message]
    ) -> list[Message]:
        check = self._checks[partition.topic]
        topic, number = partition.topic, partition.partition
        messages: list[Message] = []
        for record in records:
            document = record.value or b""
            place = place_in(record.headers)
            as_published = place is not None and is_as_published(document, place)
            if place is None:
                reason = "It says no position: it was not written by the publisher."
            elif not as_published:
                reason = "Its bytes are not those that were published: they were edited."
            elif len(document) > LARGEST_DOCUMENT_BYTES:
                reason = f"It has {len(document)} bytes; at most {LARGEST_DOCUMENT_BYTES} are read."
            else:
                reason = check(document)
            at, call = (place.position, place.call_position) if place else (0, 0)
            message = Message(
                at,
                bool(reason),
                call,
                document,
                topic,
                number,
                record.offset,
                record.key,
                as_published,
                reason,
            )
            (besides if place is None else messages).append(message)
        if messages:
            self._furthest[partition] = messages[-1].number
        return messages

    def _hold_the_furthest(self) -> None:
        """Let partitions wait that are far ahead of the one whose turn it is."""
        if len(self._events.held) > HELD_LIMIT:
            raise missing(self._events.last + 1)
        limit = self._events.last + WINDOW_MESSAGES
        ahead = {one for one, at in self._furthest.items() if at > limit}
        ahead &= {one for one in self._partitions if self._names[one.topic] is self._events}
        if self._gap_since is not None:
            ahead = set()  # what is missing may come again behind what is held
        paused = self._consumer.paused()
        if stop := ahead - paused:
            self._consumer.pause(*stop)
        if go := paused - ahead:
            self._consumer.resume(*go)

    def _check_gap(self, something_came: bool) -> None:
        holding = bool(self._events.held or self._refusals.held)
        if something_came or not holding:
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = time.monotonic()
        elif time.monotonic() > self._gap_since + GAP_SECONDS:
            last = self._events.last if self._events.held else self._refusals.last
            raise missing(last + 1)

    def _offsets(self) -> dict[tuple[str, int], int]:
        """Where to go on: after what was given on, so what is held back is read again."""
        offsets = {
            (one.topic, one.partition): self._consumer.position(one) for one in self._partitions
        }
        for message in (*self._events.held, *self._refusals.held):
            place = message.topic, message.partition
            offsets[place] = min(offsets[place], message.offset)
        return offsets


def missing(number: int) -> Gap:
    """The error for a position that Kafka does not have."""
    return Gap(
        f"Kafka does not have position {number} though later ones are there: send it again with "
        f"`call-ledger publish --from {number}`."
    )
