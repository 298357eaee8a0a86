"""How far each stage is behind the one before it, and what is withheld: looked up when asked."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consumers.publisher import Published
    from infra.folder import LedgerFolder
    from infra.kafka import Kafka
    from projections.serving.client import Reader

Figures = dict[str, float]

OLDEST_MILLISECONDS: Final = 2_000

WITHHELD: Final = """
select
    count(*) as withheld_messages,
    count(distinct coalesce(call_position::varchar, call_id)) as withheld_calls
from withheld where state = 'waiting'
"""

WITHHELD_CALLS: Final = (
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


def withheld(reader: Reader) -> dict[str, int]:
    """How many dead letters wait in the tables' quarantine, and of how many calls they are."""
    (counts,) = reader.ask(WITHHELD).table.to_pylist()
    return {name: int(count) for name, count in counts.items()}


def published_to(kafka: Kafka) -> Published:
    """How far the publisher has brought events and refusals into Kafka. Raises `LedgerError`."""
    from consumers.kafka.transactions import last_bookmark
    from consumers.publisher import POSITION, REFUSAL_NUMBER, Published
    from infra.topics import EVENTS_POSITIONS

    offset = last_bookmark(kafka, EVENTS_POSITIONS)
    return Published(offset.get(POSITION, 0), offset.get(REFUSAL_NUMBER, 0))


def lag_of_tables(reader: Reader, published: Published) -> dict[str, float | int]:
    """How far the tables are behind what is in Kafka."""
    (behind,) = reader.ask(BEHIND, {"published": published.position}).table.to_pylist()
    return {"published_position": published.position, **behind}


def lag_of_publisher(folder: LedgerFolder, done: Published) -> Figures:
    """What the store has beyond what was published. Raises `LedgerError`."""
    import orjson

    from ledger.feed import StoreFeed

    with closing(StoreFeed(folder)) as feed:
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


def publisher_figures(folder: LedgerFolder, kafka: Kafka, done: Published) -> Figures:
    """What the publisher has still to do; store and Kafka must be within reach.

    Raises `LedgerError`.
    """
    published = published_to(kafka)
    return {"published_position": published.position, **lag_of_publisher(folder, done)}


def projector_figures(folder: LedgerFolder, kafka: Kafka) -> Figures:
    """What Kafka has beyond the tables, and what is withheld from them.

    While the tables are behind, `lag_seconds` is the age of the latest event that they have; it
    is left out before they have any.
    Raises `LedgerError`.
    """
    from projections.serving.client import Reader

    with Reader(folder) as reader:
        behind, apart = lag_of_tables(reader, published_to(kafka)), withheld(reader)
    seconds: float | None = behind["kafka_lag_seconds"]
    since = {} if seconds is None else {"lag_seconds": max(0.0, seconds)}
    return {
        "published_position": behind["published_position"],
        "lag_events": behind["kafka_lag_events"],
        **since,
        "quarantine_waiting": apart["withheld_messages"],
        "incomplete_calls": apart["withheld_calls"],
    }


def command_figures(folder: LedgerFolder, kafka: Kafka) -> Figures:
    """The commands that wait for their answer. Raises `LedgerError`."""
    from consumers import command_consumer
    from consumers.kafka.offsets import consumer_at
    from consumers.kafka.transactions import last_bookmark
    from infra.topics import COMMANDS, COMMANDS_POSITIONS
    from ledger.quarantine import reading_quarantine

    topic = kafka.topic(COMMANDS)
    kept = command_consumer.offsets_in(last_bookmark(kafka, COMMANDS_POSITIONS), topic)
    with kafka.explained(), closing(consumer_at(kafka, kept, COMMANDS)) as consumer:
        ends = consumer.end_offsets(consumer.assignment())
        waiting = sum(max(0, end - consumer.position(one)) for one, end in ends.items())
        polled = consumer.poll(OLDEST_MILLISECONDS, max_records=100) if waiting else {}
        sent = [one.timestamp / 1000 for records in polled.values() for one in records]
    with reading_quarantine(folder) as quarantine:
        kept_apart = quarantine.waiting()
    return {
        "lag_commands": waiting,
        "lag_seconds": max(0.0, time.time() - min(sent)) if sent else 0.0,
        "quarantine_waiting": kept_apart,
    }


def lag_before_kafka(folder: LedgerFolder, kafka: Kafka, published: Published) -> Figures:
    """What waits to be recorded, and what to be published. Raises `LedgerError`."""
    publishing, serving = lag_of_publisher(folder, published), command_figures(folder, kafka)
    return {
        "publish_lag_events": publishing["lag_events"],
        "publish_lag_seconds": publishing["lag_seconds"],
        "lag_commands": serving["lag_commands"],
        "lag_commands_seconds": serving["lag_seconds"],
    }
