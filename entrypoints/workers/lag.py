"""How far each stage is behind the one before it, and the dead letters: looked up when asked."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from infra.errors import LedgerError

if TYPE_CHECKING:
    from consumers.kafka.checkpoints import Checkpoint
    from infra.folder import LedgerFolder
    from infra.kafka import Kafka
    from ledger.feed import Feed
    from ledger.store.interface import Ends
    from projections.as_of import AsOf
    from projections.serving.read_side import Answering, ReadSide

Figures = dict[str, float]

OLDEST_MILLISECONDS: Final = 2_000

DEAD_LETTERS: Final = """
select
    count(*) as dead_letters,
    count(distinct coalesce(call_position::varchar, call_id)) as calls_with_dead_letters
from dead_letters where state = 'waiting'
"""

CALLS_WITH_DEAD_LETTERS: Final = (
    "[bold]{:,} calls are incomplete[/bold], events of theirs are in quarantine: "
    "call-ledger quarantine list"
)

BEHIND: Final = """
select
    greatest($published - projected_position, 0) as kafka_lag_events,
    case when $published > projected_position then epoch(timezone('UTC', now()) - (
        select max(recorded_at) from events
    )) else 0.0 end as kafka_lag_seconds
from feed_positions
"""


def dead_letter_counts(reader: Answering, as_of: AsOf | None = None) -> dict[str, int]:
    """How many dead letters wait in the tables' quarantine, and of how many calls they are."""
    (counts,) = reader.ask(DEAD_LETTERS, as_of=as_of).table.to_pylist()
    return {name: int(count) for name, count in counts.items()}


class TablesAhead(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Tables have more than the publisher says: nobody knows what else Kafka has."""


def checkpoint_of_publisher(kafka: Kafka) -> Checkpoint:
    """What the publisher says of itself in Kafka.

    Raises `LedgerError` where nobody knows, because topics were made again.
    """
    from consumers.kafka.checkpoints import known_checkpoint
    from infra.topics import EVENTS_POSITIONS

    return known_checkpoint(kafka, EVENTS_POSITIONS)


def published_to(kafka: Kafka, reached: int = 0) -> int:
    """The position up to which Kafka has every event, for who has reached this one from there.

    Raises `TablesAhead`, and `LedgerError` as `checkpoint_of_publisher` does.
    """
    from consumers.kafka.checkpoints import POSITION

    position: int = checkpoint_of_publisher(kafka).get(POSITION, 0)
    if position < reached:
        raise TablesAhead(
            f"The tables have events up to position {reached}, and the publisher says {position}: "
            "it begins anew, and what else Kafka has is known again when it has come that far."
        )
    return position


def lag_of_tables(reader: ReadSide, kafka: Kafka, from_kafka: bool) -> dict[str, float | int]:
    """How far the tables are behind what is in Kafka.

    Those that are read from the store are often beyond it; those that are read `from_kafka` never
    are. Raises `TopicMadeAgain` where they were read from other topics, and as `published_to` does.
    """
    check_topics_of_tables(reader, kafka)
    (tables,) = reader.ask("select projected_position from feed_positions").table.to_pylist()
    published = published_to(kafka, tables["projected_position"] if from_kafka else 0)
    (behind,) = reader.ask(BEHIND, {"published": published}).table.to_pylist()
    return {"published_position": published, **behind}


def check_topics_of_tables(reader: ReadSide, kafka: Kafka) -> None:
    """Raise `TopicMadeAgain` when the tables were read from other topics than there are now."""
    from consumers.kafka.feed import topics_of_tables

    rows = reader.ask("select topic, topic_id from feed_topics").table.to_pylist()
    with closing(topics_of_tables(kafka)) as topics:
        topics.compare({row["topic"]: row["topic_id"] for row in rows})


def lag_of_publisher(feed: Feed, checkpoint: Checkpoint) -> Figures:
    """What the store has beyond what was published.

    Raises `StoreBehind` where that was not published from this store.
    """
    from consumers.publisher import check_store_has_it, done_before

    check_store_has_it(feed, checkpoint)
    return lag_beyond(feed, done_before(checkpoint))


def lag_beyond(feed: Feed, done: Ends) -> Figures:
    """What a store has beyond these places."""
    import orjson

    head = feed.head()
    lag_events = max(0, head.position - done.position)
    lag_seconds = 0.0
    if lag_events:
        oldest = next(iter(feed.batches(done.position, 1))).documents[0]
        recorded_at = datetime.fromisoformat(orjson.loads(oldest)["recordedat"])
        lag_seconds = max(0.0, (datetime.now(UTC) - recorded_at).total_seconds())
    return {
        "store_position": head.position,
        "lag_events": lag_events,
        "lag_refusals": max(0, head.refusal_number - done.refusal_number),
        "lag_seconds": lag_seconds,
    }


def publisher_figures(folder: LedgerFolder, kafka: Kafka, done: Ends) -> Figures:
    """What the publisher has still to do; store and Kafka must be within reach.

    Raises `LedgerError`.
    """
    from ledger.feed import StoreFeed

    published = published_to(kafka)
    with closing(StoreFeed(folder)) as feed:
        return {"published_position": published, **lag_beyond(feed, done)}


def projector_figures(folder: LedgerFolder, kafka: Kafka) -> Figures:
    """What Kafka has beyond the tables, and the dead letters.

    While the tables are behind, `lag_seconds` is the age of the latest event that they have; it
    is left out before they have any.
    Raises `LedgerError`.
    """
    from projections.serving.client import Reader

    with Reader(folder) as reader:
        behind = lag_of_tables(reader, kafka, from_kafka=True)
        unread = dead_letter_counts(reader)
    seconds: float | None = behind["kafka_lag_seconds"]
    since = {} if seconds is None else {"lag_seconds": max(0.0, seconds)}
    return {
        "published_position": behind["published_position"],
        "lag_events": behind["kafka_lag_events"],
        **since,
        "quarantine_waiting": unread["dead_letters"],
        "incomplete_calls": unread["calls_with_dead_letters"],
    }


def shard_figures(kafka: Kafka, done: Ends) -> Figures:
    """What Kafka has beyond what a shard has published. Raises `LedgerError`."""
    published = published_to(kafka, done.position)
    return {"published_position": published, "lag_events": published - done.position}


def partition_count(kafka: Kafka, name: str) -> int:
    """How many partitions the topic has."""
    from consumers.kafka.topic_identity import topics_seen

    with kafka.admin() as admin:
        return topics_seen(kafka, admin, name)[name].partitions


def command_figures(folder: LedgerFolder, kafka: Kafka) -> Figures:
    """The commands that wait for their answer. Raises `LedgerError`."""
    from consumers import command_consumer
    from consumers.kafka.checkpoints import known_checkpoint
    from consumers.kafka.offsets import consumer_at, numbered_partitions
    from infra.topics import COMMANDS, COMMANDS_POSITIONS
    from ledger.quarantine import reading_quarantine

    topic = kafka.topic(COMMANDS)
    offsets = command_consumer.offsets_in(known_checkpoint(kafka, COMMANDS_POSITIONS), topic)
    partitions = numbered_partitions(kafka, COMMANDS, partition_count(kafka, COMMANDS))
    with kafka.explained(), closing(consumer_at(kafka, offsets, partitions)) as consumer:
        ends = consumer.end_offsets(partitions)
        left = [end - consumer.position(partition) for partition, end in ends.items()]
        if min(left) < 0:
            lost = command_consumer.LOST
            raise LedgerError(f"{topic} has fewer commands than were answered: {lost}")
        waiting = sum(left)
        polled = consumer.poll(OLDEST_MILLISECONDS, max_records=100) if waiting else {}
        sent = [record.timestamp / 1000 for records in polled.values() for record in records]
    with reading_quarantine(folder) as quarantine:
        unreadable = quarantine.waiting()
    return {
        "lag_commands": waiting,
        "lag_seconds": max(0.0, time.time() - min(sent)) if sent else 0.0,
        "quarantine_waiting": unreadable,
    }
