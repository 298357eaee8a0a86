"""How far each of the long-running processes is behind: looked up when somebody asks."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from consumers import command_consumer
from consumers.kafka.offsets import consumer_at
from consumers.kafka.transactions import last_bookmark
from consumers.publisher import POSITION, REFUSAL_NUMBER, Published
from entrypoints.workers.lag import lag, withheld
from entrypoints.workers.liveness import Figures
from infra.kafka import Kafka
from infra.topics import COMMANDS, COMMANDS_POSITIONS, EVENTS_POSITIONS
from ledger.feed import StoreFeed
from ledger.quarantine import reading_quarantine
from projections.serving.client import Reader

OLDEST_MILLISECONDS: Final = 2_000


def publisher_figures(folder: Path, kafka: Kafka, done: Published) -> Figures:
    """What the store has beyond Kafka; both must be within reach. Raises `LedgerError`."""
    published = last_bookmark(kafka, EVENTS_POSITIONS).get(POSITION, 0)
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
        "published_position": published,
        "lag_events": lag_events,
        "lag_refusals": max(0, head.refusal_number - done.refusal_number),
        "lag_seconds": lag_seconds,
    }


def projector_figures(folder: Path) -> Figures:
    """What Kafka has beyond the tables, and what is withheld from them.

    While the tables are behind, `lag_seconds` is the age of the latest event that they have; it
    is left out before they have any.
    Raises `LedgerError` and `ProjectionError`.
    """
    with Reader(folder) as reader:
        behind, apart = lag(reader), withheld(reader)
    seconds: float | None = behind["kafka_lag_seconds"]
    since = {} if seconds is None else {"lag_seconds": max(0.0, seconds)}
    return {
        "published_position": behind["published_position"],
        "lag_events": behind["kafka_lag_events"],
        **since,
        "quarantine_waiting": apart["withheld_messages"],
        "incomplete_calls": apart["withheld_calls"],
    }


def command_figures(folder: Path, kafka: Kafka) -> Figures:
    """The commands that wait for their answer. Raises `LedgerError`."""
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


def lag_of_stages(folder: Path, kafka: Kafka) -> Figures:
    """What waits to be recorded, and what to be published. Raises `LedgerError`."""
    bookmark = last_bookmark(kafka, EVENTS_POSITIONS)
    done = Published(bookmark.get(POSITION, 0), bookmark.get(REFUSAL_NUMBER, 0))
    publishing, serving = publisher_figures(folder, kafka, done), command_figures(folder, kafka)
    return {
        "publish_lag_events": publishing["lag_events"],
        "publish_lag_seconds": publishing["lag_seconds"],
        "lag_commands": serving["lag_commands"],
        "lag_commands_seconds": serving["lag_seconds"],
    }
