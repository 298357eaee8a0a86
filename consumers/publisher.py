"""The event store into Kafka: every event once, in the order of its call.

The store is the truth. A page of it and the last position of that page go into Kafka in one
transaction; whoever starts goes on from the last position that was committed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import accumulate, pairwise
from typing import Final, NamedTuple, Protocol

from consumers.kafka.checkpoints import (
    LAST_EVENT,
    POSITION,
    REFUSAL_NUMBER,
    WAYS_ON,
    Checkpoint,
    check_not_lost,
)
from consumers.kafka.message_format import Headers, Keys, headers_of, key_in
from consumers.kafka.offsets import partitions_of
from consumers.kafka.topic_identity import TOPICS, WatchedTopics, ids_in
from consumers.kafka.transactions import KEEP_SECONDS, TransactionalWriter
from infra.errors import WRONG_USAGE, LedgerError
from infra.kafka import Kafka
from infra.topics import EVENTS, EVENTS_POSITIONS, REFUSALS, check_safe
from ledger.feed import EventBlock, Feed, RefusalBatch
from ledger.identity import FIRST_EVENT, fingerprint_at, fingerprint_of
from ledger.prefetch import prefetch
from ledger.store.interface import Ends

PAGE_EVENTS: Final = 5_000
"""Events in one transaction while behind: a commit takes about 40 ms, whatever is in it."""

GATHER_SECONDS: Final = 0.04
"""Between reaching the store's end and looking again: events gather meanwhile, and a transaction
costs Kafka about as much with one of them as with hundreds."""


class ClosableFeed(Feed, Protocol):
    """A feed that holds something open."""

    def close(self) -> None: ...


OnPage = Callable[[Ends, float], None]
"""Told how far Kafka is, and how many seconds the page took."""
OnSent = Callable[[list[bytes], float], None]
"""Told which documents are in Kafka now, and how many seconds their page took."""
Message = tuple[str, bytes, bytes, Headers]
"""Topic, key, value and headers."""


class Page(NamedTuple):
    """What goes into one transaction, and how far Kafka is then; None where nothing is new."""

    messages: list[Message]
    position: int | None
    refusal_number: int | None
    fingerprints: dict[str, int]
    """Fingerprints of its last event, and of the ledger's first one where the page has it."""


class FromBeyond(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Kafka was to be sent positions from beyond what it has: those between would be missing."""

    exit_code = WRONG_USAGE


class StoreBehind(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Kafka has events that the store does not have: it is not the store that they came from."""


def publish(
    open_feed: Callable[[], ClosableFeed],
    kafka: Kafka,
    stopping: threading.Event,
    from_position: int | None = None,
    until_end: bool = False,
    on_page: OnPage | None = None,
    page_events: int = PAGE_EVENTS,
    keep_seconds: float = KEEP_SECONDS,
    on_sent: OnSent | None = None,
) -> Ends:
    """Publish until told to stop, or `until_end` until Kafka has what the store has now.

    `from_position` sends again from there on; readers drop what they have by its position.
    Raises `Fenced` when another publisher takes over, `TopicMadeAgain` when Kafka has other topics
    than those that were published to, `StoreBehind`, `FromBeyond`, `KafkaUnavailable`, and
    `FeedBroken`.
    """
    check_safe(kafka, EVENTS, REFUSALS, EVENTS_POSITIONS)
    sends_again = from_position is not None
    with (
        closing(open_feed()) as feed,
        closing(
            WatchedTopics(kafka, WAYS_ON[EVENTS_POSITIONS], EVENTS, REFUSALS, EVENTS_POSITIONS)
        ) as watched,
        TransactionalWriter(kafka, EVENTS_POSITIONS, sends_again, keep_seconds) as writer,
    ):
        done = done_before(writer.checkpoint, from_position)
        check_topics(kafka, watched, writer, from_position)
        check_store_has_it(feed, writer.checkpoint)
        begin(feed, watched, writer, done if sends_again else None)
        if on_page is not None:
            on_page(done, 0.0)
        keys = Keys()
        while not stopping.is_set():
            head = feed.head()
            if is_behind(done, head):
                # The next page is read and made ready while Kafka takes this one.
                for page in prefetch(pages_of(feed, done, head, page_events, keys)):
                    began = time.monotonic()
                    done = send_page(writer, done, page)
                    watched.check()
                    seconds = time.monotonic() - began
                    if on_page is not None:
                        on_page(done, seconds)
                    if on_sent is not None:
                        on_sent([document for _, _, document, _ in page.messages], seconds)
                    if stopping.is_set():
                        break
            elif until_end:
                break
            else:
                writer.keep_alive()
                watched.check_now_and_then()
            if not until_end:
                stopping.wait(GATHER_SECONDS)
        return done


def done_before(checkpoint: Checkpoint, from_position: int | None = None) -> Ends:
    """How far Kafka is; sent again are events from a position on, and all refusals."""
    if from_position is not None:
        return Ends(from_position - 1, 0)
    return Ends(checkpoint.get(POSITION, 0), checkpoint.get(REFUSAL_NUMBER, 0))


def check_topics(
    kafka: Kafka, watched: WatchedTopics, writer: TransactionalWriter, from_position: int | None
) -> None:
    """Refuse to go on in topics that were made again; everything may be sent to them anew.

    Raises `TopicMadeAgain`, `PositionsLost` and `FromBeyond`.
    """
    if from_position != 1:
        watched.compare(ids_in(writer.checkpoint))
        written = partitions_of(kafka, EVENTS, REFUSALS)
        check_not_lost(kafka, EVENTS_POSITIONS, writer.has_no_checkpoint, written)
    last = writer.checkpoint.get(POSITION, 0)
    if from_position is not None and from_position > last + 1:
        raise FromBeyond(
            f"Kafka has events up to position {last}, so those from there to {from_position} would "
            f"be missing: send them with `call-ledger publish`, or again with --from {last + 1} at "
            "the most."
        )


def begin(
    feed: Feed, watched: WatchedTopics, writer: TransactionalWriter, sends_after: Ends | None
) -> None:
    """Have the ids of the topics in the checkpoint before anything is in the topics.

    Who sends again everything after some place says that place too: whoever follows one that ended
    before its first page would pass over what the topics of before had.
    """
    checkpoint = {**writer.checkpoint, TOPICS: watched.ids}
    if sends_after is not None:
        position, refusal_number = sends_after
        checkpoint |= {POSITION: position, REFUSAL_NUMBER: refusal_number}
        checkpoint.pop(LAST_EVENT, None)
        if position:
            checkpoint[LAST_EVENT] = fingerprint_at(feed, position)
    if FIRST_EVENT not in checkpoint and (first := fingerprint_at(feed, 1)) is not None:
        checkpoint[FIRST_EVENT] = first
    if checkpoint != writer.checkpoint:
        with writer.page():
            writer.write_checkpoint(checkpoint)


def check_store_has_it(feed: Feed, checkpoint: Checkpoint) -> None:
    """Refuse a store that was restored to before what Kafka has.

    It would give those positions to other events, and readers would drop them. Raises
    `StoreBehind`.
    """
    head = feed.head()
    last_event = checkpoint.get(LAST_EVENT)
    in_kafka = checkpoint.get(POSITION, 0), checkpoint.get(REFUSAL_NUMBER, 0)
    if in_kafka[0] > head.position or in_kafka[1] > head.refusal_number:
        raise StoreBehind(
            f"Kafka has events up to position {in_kafka[0]} and refusals up to {in_kafka[1]}, the "
            f"store only up to {head.position} and {head.refusal_number}: it is another ledger's, "
            "or an older copy; see docs/operations.md on restoring."
        )
    if last_event is not None and fingerprint_at(feed, in_kafka[0]) != last_event:
        raise StoreBehind(
            f"Kafka has another event at position {in_kafka[0]} than the store: it is another "
            "ledger's, or a copy that went on otherwise; set CALL_LEDGER_STORE, CALL_LEDGER_KAFKA "
            "and CALL_LEDGER_KAFKA_PREFIX to those of one ledger."
        )


def is_behind(done: Ends, head: Ends) -> bool:
    """Whether the store has anything that Kafka has not."""
    return head.position > done.position or head.refusal_number > done.refusal_number


def pages_of(feed: Feed, done: Ends, head: Ends, page_events: int, keys: Keys) -> Iterator[Page]:
    """What the store has beyond, a page at a time; refusals go with the page they are met at."""
    refusals: Iterator[RefusalBatch] = iter(())
    if head.refusal_number > done.refusal_number:
        refusals = iter(feed.refusals(done.refusal_number, page_events))
    if head.position > done.position:
        for events in feed.blocks(done.position, page_events):
            yield page_of(events, next(refusals, None), keys)
            if events.positions[-1] >= head.position:
                break
    for left in refusals:
        yield page_of(None, left, keys)


def page_of(events: EventBlock | None, refusals: RefusalBatch | None, keys: Keys) -> Page:
    """The messages of the documents, ready to be sent."""
    messages: list[Message] = []
    fingerprints: dict[str, int] = {}
    position = refusal_number = None
    if events is not None:
        ends = accumulate(events.sizes_bytes, initial=0)
        documents = [events.documents[begin:end] for begin, end in pairwise(ends)]
        fingerprints[LAST_EVENT] = fingerprint_of(documents[-1])
        if events.positions[0] == 1:
            fingerprints[FIRST_EVENT] = fingerprint_of(documents[0])
        position = events.positions[-1]
        messages = [
            (EVENTS, keys.of(call, document), document, headers_of(at, call, document))
            for at, call, document in zip(
                events.positions, events.call_positions, documents, strict=True
            )
        ]
    if refusals is not None:
        refusal_number = refusals.numbers[-1]
        messages += [
            (REFUSALS, key_in(document), document, headers_of(number, 0, document))
            for number, document in zip(refusals.numbers, refusals.documents, strict=True)
        ]
    return Page(messages, position, refusal_number, fingerprints)


def send_page(writer: TransactionalWriter, done: Ends, page: Page) -> Ends:
    """One transaction: the documents and the position after them."""
    position = done.position if page.position is None else page.position
    number = done.refusal_number if page.refusal_number is None else page.refusal_number
    with writer.page():
        for topic, key, document, headers in page.messages:
            writer.send(topic, key, document, headers)
        writer.write_checkpoint(
            {**writer.checkpoint, **page.fingerprints, POSITION: position, REFUSAL_NUMBER: number}
        )
    return Ends(position, number)
