"""A real history in a folder, and what is in Kafka of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from consumers.kafka.offsets import ends_of
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.topics import topics
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from tests.ledger.lines import lines_of_calls

EVENTS_A_CALL = 7


def record_calls(folder: LedgerFolder | Path, calls: int) -> None:
    """So many calls of seven events and one refusal each."""
    with Ledger.open(folder) as ledger:
        ledger.record_many([read_request(line) for line in lines_of_calls(calls)])


def documents_in_store(folder: LedgerFolder | Path) -> list[bytes]:
    """Every event's document, in order."""
    with StoreFeed(folder) as feed:
        return [document for batch in feed.batches(0) for document in batch.documents]


def messages_in(
    kafka: Kafka, topic: str, at_most_seconds: float = 180, committed: bool = True
) -> list[Any]:
    """Every message of a topic that was committed, or every one, partition by partition."""
    consumer = kafka.consumer() if committed else reader_of_everything(kafka)
    try:
        parts = [
            TopicPartition(kafka.topic(topic), number)
            for number in range(topics()[topic].partitions)
        ]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = ends_of(kafka, parts)
        found: list[Any] = []
        deadline = time.monotonic() + at_most_seconds
        while any(consumer.position(part) < ends[part] for part in parts):
            assert time.monotonic() < deadline, "Kafka did not give all of its messages in time"
            for messages in consumer.poll(200).values():
                found.extend(messages)
        return found
    finally:
        consumer.close()


def reader_of_everything(kafka: Kafka) -> Any:
    """A reader that is also given what was never committed."""
    return KafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        isolation_level="read_uncommitted",
        group_id=None,
        enable_auto_commit=False,
    )


def position_of(message: Any) -> int:
    """The position that a message says."""
    return int(dict(message.headers)["position"].split()[0])


def in_order(messages: list[Any]) -> Iterator[bytes]:
    """The documents by their positions."""
    for message in sorted(messages, key=position_of):
        yield message.value
