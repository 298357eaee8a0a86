"""How far a writer came: its last checkpoint, on a compacted topic of its own.

A checkpoint names the ids of the topics that it speaks of. A deleted one (a tombstone) is an order
to begin anew; that there never was one says that the topic is new, or was made again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

import orjson
from kafka import KafkaConsumer, TopicPartition

from consumers.kafka.offsets import ends_of, has_reached, numbered_partitions
from consumers.kafka.topic_identity import TOPICS, TopicMadeAgain, WatchedTopics, ids_in
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import (
    COMMANDS,
    COMMANDS_POSITIONS,
    EVENTS,
    EVENTS_POSITIONS,
    OUTCOMES,
    PUBLISH_AGAIN,
    REFUSALS,
    SERVE_AGAIN,
)
from ledger.identity import FIRST_EVENT

MARKED_SECONDS: Final = 2.0
"""Kafka answers a commit first and marks its messages as committed a moment later."""

STEP_BACK_MESSAGES: Final = 64
POLL_MILLISECONDS: Final = 200

WRITERS: Final = {EVENTS_POSITIONS: "publisher", COMMANDS_POSITIONS: "command-consumer"}
"""Who alone writes to each topic of positions; it is the key of the entries."""

SPOKEN_OF: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    EVENTS_POSITIONS: ((), (EVENTS, REFUSALS)),
    COMMANDS_POSITIONS: ((COMMANDS,), (OUTCOMES,)),
}
"""What each writer reads from Kafka, and what it writes to."""

WAYS_ON: Final = {EVENTS_POSITIONS: PUBLISH_AGAIN, COMMANDS_POSITIONS: SERVE_AGAIN}
"""What to do when positions are lost, or the topics that they speak of were made again."""

POSITION: Final = "position"
REFUSAL_NUMBER: Final = "refusal_number"
LAST_EVENT: Final = "last_event"
"""The fingerprint of the event at that position, by which the store is known again."""

NUMBERS: Final = frozenset({POSITION, REFUSAL_NUMBER, FIRST_EVENT, LAST_EVENT})
"""Numbers in a checkpoint, beside the offset of each partition."""

Checkpoint = dict[str, Any]


class NoCheckpoint(KafkaUnavailable):
    """What is there is no checkpoint of ours."""


def last_checkpoint(kafka: Kafka, positions: str) -> Checkpoint | None:
    """What the topic says; empty when it was deleted, nothing when there never was one.

    Raises `NoCheckpoint` when the last entry is not one, and `KafkaUnavailable` when it cannot be
    read in time.
    """
    partition = TopicPartition(kafka.topic(positions), 0)
    end = ends_of(kafka, [partition])[partition]
    with kafka.explained():
        consumer = kafka.consumer()
        try:
            consumer.assign([partition])
            first = consumer.beginning_offsets([partition])[partition]
            step, begin = STEP_BACK_MESSAGES, end
            while begin > first:
                begin = max(first, end - step)
                found = entries(consumer, partition, begin, end, kafka.patience_seconds / 2)
                if found:
                    return checkpoint_in(found[-1], positions)
                step *= 8
        finally:
            consumer.close()
    return {} if end else None


def entries(
    consumer: KafkaConsumer, partition: TopicPartition, begin: int, end: int, at_most_seconds: float
) -> list[Any]:
    """Those between two offsets, in order, but for what stays open: that is not committed."""
    consumer.seek(partition, begin)
    committed = min(end, consumer.end_offsets([partition])[partition])
    found: list[Any] = []
    began = time.monotonic()
    while not has_reached(consumer, {partition: end}):
        waited_seconds = time.monotonic() - began
        if has_reached(consumer, {partition: committed}) and waited_seconds > MARKED_SECONDS:
            break
        if waited_seconds > at_most_seconds:
            raise KafkaUnavailable(
                f"The last position in {partition.topic} could not be read in {at_most_seconds:g} "
                "seconds: check the brokers, and start again."
            )
        for messages in consumer.poll(POLL_MILLISECONDS).values():
            found.extend(messages)
    return found


def checkpoint_in(message: Any, positions: str) -> Checkpoint:
    """The checkpoint of an entry, empty for one without a value, which deletes what was before.

    Kafka keeps what we wrote, so anything else is somebody's mistake. Raises `NoCheckpoint`.
    """
    name = WRITERS[positions]
    if message.key == name.encode():
        if not message.value:
            return {}
        try:
            read = orjson.loads(message.value)
        except ValueError:
            read = None
        if is_checkpoint(read):
            checkpoint: Checkpoint = read
            return checkpoint
    raise NoCheckpoint(
        f"{message.topic} has something else than a position of {name} at offset "
        f"{message.offset}: see who wrote it, then {WAYS_ON[positions]}."
    )


def is_checkpoint(read: object) -> bool:
    """Whether this is what a writer says: the ids of topics, and numbers under names of ours."""
    if not isinstance(read, dict) or not read:
        return False
    ids = read.get(TOPICS, {})
    return (
        isinstance(ids, dict)
        and all(isinstance(topic_id, str) for topic_id in ids.values())
        and all(is_place(name, number) for name, number in read.items() if name != TOPICS)
    )


def is_place(name: str, number: object) -> bool:
    """Whether a number can be what the name says: a partition's offset, a position, an event."""
    is_partition = name.isascii() and name.isdigit()
    return (is_partition or name in NUMBERS) and type(number) is int and 0 <= number < 2**63


def known_checkpoint(kafka: Kafka, positions: str) -> Checkpoint:
    """The last checkpoint, if it speaks of the topics that there are now; empty at the beginning.

    Raises `TopicMadeAgain`, `PositionsLost`, `NoCheckpoint` and `KafkaUnavailable`: then nobody
    knows how far its writer is.
    """
    of_input, of_output = SPOKEN_OF[positions]
    with closing(WatchedTopics(kafka, WAYS_ON[positions], *of_input, *of_output)) as topics:
        checkpoint = last_checkpoint(kafka, positions)
        written = [
            partition
            for name in of_output
            for partition in numbered_partitions(kafka, name, topics.seen[name].partitions)
        ]
        check_not_lost(kafka, positions, checkpoint is None, written)
        topics.compare(ids_in(checkpoint or {}))
    return checkpoint or {}


def problems_of_positions(kafka: Kafka) -> list[str]:
    """Whose positions speak of other topics than there are, a sentence each; every topic is there.

    Raises `KafkaUnavailable`.
    """
    problems = []
    for positions in WRITERS:
        try:
            known_checkpoint(kafka, positions)
        except (TopicMadeAgain, PositionsLost, NoCheckpoint) as error:
            problems.append(str(error))
    return problems


def check_not_lost(
    kafka: Kafka, positions: str, has_no_checkpoint: bool, written_with_it: Sequence[TopicPartition]
) -> None:
    """Refuse to begin where the positions are gone, but what was written with them is not.

    A first checkpoint comes before everything else. Raises `PositionsLost`.
    """
    if has_no_checkpoint and any(ends_of(kafka, written_with_it).values()):
        raise PositionsLost(
            f"Topic {kafka.topic(positions)} has no position, though {written_with_it[0].topic} "
            f"has messages: it was deleted and made again; {WAYS_ON[positions]}."
        )


class PositionsLost(KafkaUnavailable):
    """Nobody knows how far a writer was."""
