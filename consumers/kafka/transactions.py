"""Writing to Kafka a page at a time: its messages and how far it came, in one transaction.

Whoever opens the pages of a name fences the one who had them before, and goes on from the last
bookmark that was committed. So a page is there once, whoever died where.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
)
from kafka.partitioner.default import murmur2

from consumers.kafka.message_format import Headers
from consumers.kafka.offsets import ends_of, has_reached
from consumers.kafka.watchdog import Watchdog
from infra.errors import LedgerError
from infra.kafka import Kafka, KafkaUnavailable, let_go
from infra.topics import topics

MARKED_SECONDS: Final = 2.0
"""Kafka answers a commit first and marks its messages as committed a moment later."""

STEP_BACK_MESSAGES: Final = 64
POLL_MILLISECONDS: Final = 200
CLOSE_SECONDS: Final = 5.0
KEEP_SECONDS: Final = 10.0
"""How long a writer may be idle before it makes sure that nobody has taken over."""

FENCED: Final = (ProducerFencedError, InvalidProducerEpochError)

Bookmark = dict[str, int]


class Fenced(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Another process of the same name has taken over; this one must leave."""


@lru_cache(maxsize=20_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition that every Kafka client gives a key; remembered, for it is slow in Python."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Pages:
    """One name's pages: at most one process writes them, the others are fenced."""

    def __init__(self, kafka: Kafka, name: str, positions: str) -> None:
        """Take over from whoever writes under this name; its bookmarks alone are on `positions`.

        Raises `KafkaUnavailable`, and ends the process when Kafka does not answer at all.
        """
        self._kafka = kafka
        self._name = name
        self._positions = positions
        self._sent: list[Any] = []
        self._topics = {name: (kafka.topic(name), one.partitions) for name, one in topics().items()}
        self._watchdog = Watchdog(kafka.hung_seconds)
        self._producer: KafkaProducer | None = None
        try:
            with self._explained(), self._watchdog.watching("the predecessor was fenced"):
                self._producer = kafka.producer(kafka.topic(f"call-ledger.{name}"))
                self._producer.init_transactions()
                self.bookmark: Bookmark = last_bookmark(kafka, positions)
                self._last_page = time.monotonic()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def page(self) -> Iterator[None]:
        """One transaction: it is committed when this ends well, and is never seen otherwise.

        Raises `Fenced` when another process has taken over, and `KafkaUnavailable`; neither can
        go on, because what became of the transaction is known to the successor alone.
        """
        assert self._producer is not None
        with self._explained(), self._watchdog.watching("a page was committed"):
            self._sent.clear()
            self._producer.begin_transaction()
            yield
            self._producer.flush()
            check_taken(self._sent)
            self._producer.commit_transaction()
        self._last_page = time.monotonic()

    def keep(self) -> None:
        """Repeat the bookmark when long idle, which fails when somebody has taken over.

        Raises as `page` does.
        """
        if time.monotonic() > self._last_page + KEEP_SECONDS:
            with self.page():
                self.mark(self.bookmark)

    def send(self, topic: str, key: bytes, value: bytes, headers: Headers) -> Any:
        """Add a message to the page; returns the client's promise of an answer."""
        assert self._producer is not None
        name, partitions = self._topics[topic]
        partition = partition_of(key, partitions)
        sent = self._producer.send(name, value, key, headers, partition)
        self._sent.append(sent)
        return sent

    def mark(self, bookmark: Bookmark) -> None:
        """Say in the page how far it comes."""
        self.send(self._positions, self._name.encode(), orjson.dumps(bookmark), [])
        self.bookmark = bookmark

    def close(self) -> None:
        """Let the connection go; an open page is aborted by the broker."""
        if self._producer is not None:
            with self._watchdog.watching("the connection was closed"):
                let_go(self._producer, CLOSE_SECONDS)
        self._watchdog.close()

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            if is_fenced(error):
                raise Fenced(
                    f"Kafka takes no more of this {self._name}: another has taken over, or this "
                    "one stood still for too long. It leaves; start it again if no other runs."
                ) from error
            with self._kafka.explained():
                raise


def check_taken(sent: list[Any]) -> None:
    """Raise the error of a message that Kafka did not take.

    The client commits a page without those that it gave up, or reports a page as committed that
    was aborted when one of them failed: so nothing is committed before this was asked.
    """
    errors = [one.exception for one in sent if one.exception is not None or not one.is_done]
    if errors:
        raise next(filter(is_fenced, errors), errors[0] or KafkaError("a message has no answer"))


def is_fenced(error: object) -> bool:
    """Whether an error, or what it wraps or only tells, says that a successor is there."""
    if isinstance(error, FENCED):
        return True
    if isinstance(error, str):
        return any(kind.__name__ in error for kind in FENCED)
    return any(map(is_fenced, getattr(error, "args", ())))


def last_bookmark(kafka: Kafka, positions: str) -> Bookmark:
    """How far pages were committed, as that topic says; empty when none was.

    Raises `KafkaUnavailable` when it cannot be read in time.
    """
    there = TopicPartition(kafka.topic(positions), 0)
    end = ends_of(kafka, [there])[there]
    with kafka.explained():
        consumer = kafka.consumer()
        try:
            consumer.assign([there])
            first = consumer.beginning_offsets([there])[there]
            step, begin = STEP_BACK_MESSAGES, end
            while begin > first:
                begin = max(first, end - step)
                found = bookmarks(consumer, there, begin, end, kafka.patience_seconds / 2)
                if found:
                    return found[-1]
                step *= 8
        finally:
            consumer.close()
    return {}


def bookmarks(
    consumer: KafkaConsumer, there: TopicPartition, begin: int, end: int, at_most_seconds: float
) -> list[Bookmark]:
    """Those between two offsets, in order, but for what stays open: that is not committed."""
    consumer.seek(there, begin)
    committed = min(end, consumer.end_offsets([there])[there])
    found: list[Bookmark] = []
    began = time.monotonic()
    while not has_reached(consumer, {there: end}):
        waited_seconds = time.monotonic() - began
        if has_reached(consumer, {there: committed}) and waited_seconds > MARKED_SECONDS:
            break
        if waited_seconds > at_most_seconds:
            raise KafkaUnavailable(
                f"The last position in {there.topic} could not be read in {at_most_seconds:g} "
                "seconds: check the brokers, and start again."
            )
        for messages in consumer.poll(POLL_MILLISECONDS).values():
            found.extend(map(read_bookmark, messages))
    return found


def read_bookmark(message: Any) -> Bookmark:
    """One bookmark; Kafka keeps what we wrote, so anything else is somebody's mistake."""
    try:
        read: Bookmark = orjson.loads(message.value)
    except ValueError:
        raise KafkaUnavailable(
            f"{message.topic} has something else than a position at offset {message.offset}: "
            "see who wrote it, and publish again with --from."
        ) from None
    return read
