"""From some partitions of Kafka into the one table of all shards: rows and offsets in one commit.

The models are computed as ever, in a DuckDB file of the shard's own. Its transaction ends after
the commit: where only one of both was made, the file is brought back from the table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from consumers.kafka.dead_letters import (
    insert_events,
    insert_refusals,
    keep_dead_letters,
    log_dead_letters,
    parted,
    without_unreadable,
)
from consumers.kafka.feed import BOUNDS, Bounds, KafkaFeed, Page
from consumers.kafka.offsets import partitions_of
from consumers.kafka.published import PublishedPosition
from consumers.kafka.resequencer import Message
from infra.kafka import Kafka
from infra.topics import EVENTS
from lake.changed_rows import ChangedRows
from lake.local_file import note_state, opened
from lake.place import LakePlace
from lake.record import Record
from lake.shard import Shard
from lake.table import Lake
from lake.upkeep import Upkeep
from lake.writer import ShardWriter
from ledger.document_validation import why_no_event
from projections import dead_letters
from projections.batches import numbers
from projections.database import MEMORY_MEGABYTES, Projections
from projections.dead_letters import Offsets

EVERY_SECONDS: Final = 1.0
"""Between the beginnings of two commits, unless the shard is far behind."""

SHARE: Final = 3
LONGEST_SECONDS: Final = 2.0
"""A commit takes about as long for a hundred events as for a thousand, and what it takes is taken
from whoever records and publishes. So a shard computes for a third of the time at most, as long as
nobody waits for it for longer than this. What counts is the processor that it takes, and not how
long others keep it waiting: else whoever asks would wait the longer, the busier a machine is."""

OnCommit = Callable[[Record, float], None]
"""Told how far the shard is, and how many seconds the page took."""


def project_shard(
    folder: Path,
    kafka: Kafka,
    shard: Shard,
    place: LakePlace,
    stopping: threading.Event,
    until_end: bool = False,
    on_commit: OnCommit = lambda _record, _seconds: None,
    memory_megabytes: int = MEMORY_MEGABYTES,
    bounds: Bounds = BOUNDS,
    every_seconds: float = EVERY_SECONDS,
    upkeep: Upkeep | None = None,
) -> Record:
    """Keep the shard's rows in the table up to Kafka until told to stop; how far it is then.

    With `until_end` it ends when everything that is in Kafka was read. Raises `ShardTaken` once
    another process has the shard, `WrongShard`, `TopicMadeAgain` when Kafka has other topics than
    those that were read, `FileInUse`, `KafkaUnavailable` and `LakeUnavailable`.
    """
    lake = Lake.made(place)
    partitions = [
        partition for partition in partitions_of(kafka, EVENTS) if shard.has(partition.partition)
    ]
    with ExitStack() as stack:
        published = stack.enter_context(closing(PublishedPosition(kafka, partitions)))
        writer = ShardWriter(lake, shard, published.first_event)
        last = writer.last
        offsets = {(topic, number): offset for topic, number, offset in last.offsets}
        feed = KafkaFeed(
            kafka, offsets, 0, last.refusal_number, last.topic_ids, bounds, shard=shard
        )
        stack.enter_context(closing(feed))
        projections = stack.enter_context(opened(folder, lake, shard, last, memory_megabytes))
        writer.take_over()
        work = ShardWork(projections, writer, feed, published)
        work.take_late()
        stack.enter_context((upkeep or Upkeep(place, shard)).running())
        while not stopping.is_set():
            began, began_computing = time.monotonic(), time.thread_time()
            published.look()
            page = feed.read(published.ends)
            if work.take(page):
                on_commit(writer.last, time.monotonic() - began)
            elif until_end and feed.at_end():
                break
            if not (page.is_full or until_end):
                took = time.monotonic() - began, time.thread_time() - began_computing
                stopping.wait(rest_seconds(*took, every_seconds))
        published.look()
        work.note_position()
        return writer.last


def rest_seconds(took_seconds: float, computed_seconds: float, every_seconds: float) -> float:
    """How long events gather before the next commit begins.

    A page took so long, of which its thread had the processor for so long.
    """
    longest = max(every_seconds, LONGEST_SECONDS)
    gathering = min(max(every_seconds, computed_seconds * SHARE), longest)
    return max(0.0, gathering - took_seconds)


@dataclass(slots=True)
class ShardWork:
    """One shard, page by page."""

    projections: Projections
    writer: ShardWriter
    feed: KafkaFeed
    published: PublishedPosition
    offsets: Offsets = field(default_factory=dict)
    """Where reading goes on after the last page."""
    changed_rows: ChangedRows = field(init=False)

    def __post_init__(self) -> None:
        self.changed_rows = ChangedRows(self.projections.connection)

    def take(self, page: Page) -> bool:
        """Compute a page and publish it; whether there was something in it."""
        self.offsets = page.offsets or self.offsets
        if not (page.events or page.refusals or page.out_of_turn):
            self.note_position()
            return False
        try:
            self._publish(page)
        except duckdb.Error:
            readable = without_unreadable(self.projections, page)
            if readable == page:
                raise
            page = readable
            self._publish(page)
        log_dead_letters([page])
        return True

    def take_late(self) -> None:
        """Try every dead letter once more, after a fix."""
        again = dead_letters.to_be_read_again(self.projections.connection)
        for position, call_position, original in again:
            if not why_no_event(original):
                message = Message(position, False, call_position, original, "", 0, 0, None, True)
                page = Page([message], [], [], {}, is_full=False)
                with suppress(duckdb.Error):
                    self._publish(page)

    def note_position(self) -> None:
        """Publish how far the shard is where no event of its own says so."""
        if (position := self._position()) > self.writer.last.position:
            self.writer.note_position(position)

    def _position(self) -> int:
        return max(self.writer.last.position, self.published.reached(self.offsets))

    def _publish(self, page: Page) -> None:
        with self.projections.transaction():
            has_other_dead_letters = write_page(self.projections, page)
            connection = self.projections.connection
            refusal_number = self.projections.positions.refusal_number
            record = self.writer.publish(
                self.changed_rows.by_table(
                    range(self.writer.last.refusal_number + 1, refusal_number + 1),
                    has_other_dead_letters,
                ),
                self._position(),
                refusal_number,
                dead_letters.offsets(connection),
                self.feed.topics.ids,
                self.published.first_event,
            )
            self.projections.note_projected(connection)
            note_state(self.projections, record.state)


def write_page(projections: Projections, page: Page) -> bool:
    """Put a page into the file, in the caller's transaction.

    Which events are new, and which calls they or dead letters change, is in the temporary tables
    `published_events` and `published_calls` then. Returns whether dead letters are other ones.
    """
    connection = projections.connection
    known = positions_here(connection, page.events)
    new, bad = parted([message for message in page.events if message.number not in known])
    again = [message for message in page.events if message.number in known and message.is_poison]
    refused, bad_refusals = parted(page.refusals)
    _, stray = parted(page.out_of_turn)
    if new:
        insert_events(projections, new)
        projections.note_position(max(projections.positions.position, new[-1].number))
    if refused:
        insert_refusals(projections, refused)
    if page.refusals:
        projections.note_refusal_number(page.refusals[-1].number)
    keep_dead_letters(projections, bad, are_holes=True)
    keep_dead_letters(projections, [*again, *bad_refusals, *stray], are_holes=False)
    filled = dead_letters.missing(connection) & {message.number for message in new}
    for number in filled:
        dead_letters.resolve(connection, number)
    dead_letters.note_offsets(connection, page.offsets)
    show_positions(connection, "published_events", new)
    # Positions of other partitions may be higher, so calls are named, and not found by these.
    connection.execute(
        "create or replace temp table published_calls as select call_position"
        " from temp.published_events union select call_position from calls_to_recompute"
    )
    return bool(filled or bad or again or bad_refusals or stray)


def positions_here(connection: duckdb.DuckDBPyConnection, messages: Sequence[Message]) -> set[int]:
    """The positions of messages whose events were taken in before."""
    show_positions(connection, "arriving_positions", messages)
    first = messages[0].number if messages else 0
    found = connection.execute(
        f"select position from events where position >= {first}"
        " and position in (select position from temp.arriving_positions)"
    )
    return {position for (position,) in found.fetchall()}


def show_positions(
    connection: duckdb.DuckDBPyConnection, name: str, messages: Sequence[Message]
) -> None:
    """Make a temporary table of messages' positions, and their calls'."""
    places = {
        "position": numbers([message.number for message in messages]),
        "call_position": numbers([message.call_position for message in messages]),
    }
    connection.register("positions", pa.table(places))
    connection.execute(f"create or replace temp table {name} as from positions")
    connection.unregister("positions")
