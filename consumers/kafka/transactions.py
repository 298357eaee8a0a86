"""Writing to Kafka a page at a time: its messages and how far it came, in one transaction.

A writer fences the one of the same name that was there before, and resumes from the last checkpoint
that was committed. So each page is there once, whichever process died, and whenever it did.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import orjson
from kafka import KafkaProducer
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
)
from kafka.partitioner.default import murmur2

from consumers.kafka.checkpoints import WRITERS, Checkpoint, NoCheckpoint, last_checkpoint
from consumers.kafka.message_format import Headers
from consumers.kafka.watchdog import Watchdog
from infra.errors import LedgerError
from infra.kafka import Kafka
from infra.kafka_client import close_within
from infra.topics import topics

CLOSE_SECONDS: Final = 5.0
KEEP_SECONDS: Final = 10.0
"""How long a writer may be idle before it makes sure that nobody has taken over."""

FENCED: Final = (ProducerFencedError, InvalidProducerEpochError)


class Fenced(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Another process of the same name has taken over; this one must leave."""


@lru_cache(maxsize=20_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition that every Kafka client gives a key; remembered, for it is slow in Python."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class TransactionalWriter:
    """Writes the pages of a writer: at most one process is that writer, the others are fenced."""

    def __init__(
        self,
        kafka: Kafka,
        positions: str,
        begins_anew: bool = False,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        """Take over from the writer whose checkpoints alone are on the topic `positions`.

        A checkpoint that cannot be read is an error, unless the writer `begins_anew`. Raises
        `KafkaUnavailable`, and ends the process when Kafka does not answer at all.
        """
        self._kafka = kafka
        self._name = WRITERS[positions]
        self._positions = positions
        self._keep_seconds = keep_seconds
        self._sent: list[Any] = []
        self._topics = {
            name: (kafka.topic(name), topic.partitions) for name, topic in topics().items()
        }
        self._watchdog = Watchdog(kafka.hung_seconds)
        self._producer: KafkaProducer | None = None
        try:
            with self._explained(), self._watchdog.watching("the predecessor was fenced"):
                self._producer = kafka.producer(kafka.topic(f"call-ledger.{self._name}"))
                self._producer.init_transactions()
                found = checkpoint_to_go_on_from(kafka, positions, begins_anew)
                self.has_no_checkpoint = found is None
                """Whether nobody ever left one: the topic is new, or was made again."""
                self.checkpoint: Checkpoint = found or {}
                self._last_page = time.monotonic()
        except BaseException:
            self.close()
            raise

    def write_to(self, topic: str, partitions: int) -> None:
        """Spread what is sent to the topic over so many partitions: as many as it has."""
        self._topics[topic] = self._kafka.topic(topic), partitions

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

    def keep_alive(self) -> None:
        """Repeat the checkpoint after a long idle time, which fails when somebody has taken over.

        Raises as `page` does.
        """
        if time.monotonic() > self._last_page + self._keep_seconds:
            with self.page():
                self.write_checkpoint(self.checkpoint)

    def send(self, topic: str, key: bytes, value: bytes, headers: Headers) -> Any:
        """Add a message to the page; returns the client's promise of an answer."""
        assert self._producer is not None
        name, partitions = self._topics[topic]
        partition = partition_of(key, partitions)
        sent = self._producer.send(name, value, key, headers, partition)
        self._sent.append(sent)
        return sent

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Say in the page how far it comes."""
        self.send(self._positions, self._name.encode(), orjson.dumps(checkpoint), [])
        self.checkpoint = checkpoint

    def close(self) -> None:
        """Let the connection go; an open page is aborted by the broker."""
        if self._producer is not None:
            with self._watchdog.watching("the connection was closed"):
                close_within(self._producer, CLOSE_SECONDS)
        self._watchdog.close()

    def __enter__(self) -> TransactionalWriter:
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
    errors = [
        promise.exception
        for promise in sent
        if promise.exception is not None or not promise.is_done
    ]
    if errors:
        raise next(filter(is_fenced, errors), errors[0] or KafkaError("a message has no answer"))


def is_fenced(error: object) -> bool:
    """Whether an error, or what it wraps or only tells, says that a successor is there."""
    if isinstance(error, FENCED):
        return True
    if isinstance(error, str):
        return any(kind.__name__ in error for kind in FENCED)
    return any(map(is_fenced, getattr(error, "args", ())))


def checkpoint_to_go_on_from(kafka: Kafka, positions: str, begins_anew: bool) -> Checkpoint | None:
    """As `last_checkpoint`; who begins anew does not mind one that cannot be read."""
    try:
        return last_checkpoint(kafka, positions)
    except NoCheckpoint:
        if begins_anew:
            return {}
        raise
