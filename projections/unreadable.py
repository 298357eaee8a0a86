"""Documents that are no rows: where they are, why, and how the tables go on without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import duckdb

from ledger.document_validation import why_no_event
from ledger.feed import EventBatch, Feed
from projections import dead_letters
from projections.database import Projections
from projections.dead_letters import DeadLetter
from projections.errors import UnreadableEvent

NO_ROWS: Final = (
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.InvalidInputException,
    UnicodeDecodeError,
)
"""What DuckDB raises for a document that is no row; a full disk or a broken file is another.

Of bytes that are no text its own words are none either, which Python cannot decode.
"""

NO_ROW: Final = "DuckDB cannot read it as a row of the table."
ORIGINAL_BYTES: Final = 1_000_000
"""So much of an unreadable document is kept."""

STORE: Final = "event store"
"""What stands for the topic of a dead letter that comes from the store."""

EVENTS_AT_ONCE: Final = 20_000

One = TypeVar("One")
Insert = Callable[[Projections, Sequence[One]], None]
"""Puts some into their table, in the caller's transaction."""


def unreadable(
    projections: Projections, those: Sequence[One], insert: Insert[One]
) -> Sequence[One]:
    """Those that DuckDB cannot read as rows; they are few, and found by halving."""
    if not those or is_readable(projections, those, insert):
        return []
    middle = len(those) // 2
    if not middle:
        return those
    return [
        *unreadable(projections, those[:middle], insert),
        *unreadable(projections, those[middle:], insert),
    ]


def is_readable(projections: Projections, those: Sequence[One], insert: Insert[One]) -> bool:
    """Whether all of them can be inserted; nothing is."""
    projections.connection.begin()
    try:
        insert(projections, those)
    except NO_ROWS:
        return False
    else:
        return True
    finally:
        projections.connection.rollback()


Row = tuple[int, int, bytes]
"""Position, call's position, document."""


def insert_rows(projections: Projections, rows: Sequence[Row]) -> None:
    """Put events into the table, in the caller's transaction."""
    projections.insert_events(EventBatch(*zip(*rows, strict=True)))


def take_readable(projections: Projections, feed: Feed, sets_aside: bool) -> bool:
    """Take in the next events one batch far, where some may be unreadable; whether any came.

    An unreadable one becomes a dead letter, in the transaction of the others, where that is
    wished. Otherwise the tables are brought up to the event before it, and `UnreadableEvent`
    says where it is and why.
    """
    batch = next(iter(feed.batches(projections.positions.position, EVENTS_AT_ONCE)), None)
    if batch is None:
        return False
    rows = list(zip(batch.positions, batch.call_positions, batch.documents, strict=True))
    bad = unreadable(projections, rows, insert_rows)
    stop = None if sets_aside or not bad else bad[0]
    end, holes = (rows[-1][0] if stop is None else stop[0] - 1), {position for position, *_ in bad}
    taken = [row for row in rows if row[0] <= end and row[0] not in holes]
    with projections.transaction():
        if taken:
            insert_rows(projections, taken)
        if stop is None:
            dead_letters.keep(projections.connection, map(dead_letter_of, bad))
        projections.note_position(end)
    if stop is not None:
        projections.refresh()
        raise UnreadableEvent(
            f"The event at position {stop[0]:,} of the event store cannot be read:"
            f" {why_no_row(stop[2]).rstrip('.')}. The tables are up to the one before. Restore the"
            " store from its last backup, or go on without this event, marking its call as"
            " incomplete: `call-ledger rebuild --set-aside-unreadable`."
        )
    return True


def why_no_row(document: bytes) -> str:
    """Why it is no row, in a sentence."""
    return why_no_event(document) or NO_ROW


def dead_letter_of(row: Row) -> DeadLetter:
    """An event of the store as it is kept."""
    position, call_position, document = row
    return DeadLetter(
        STORE,
        0,
        position,
        position,
        call_position,
        None,
        why_no_row(document),
        len(document) <= ORIGINAL_BYTES,
        document[:ORIGINAL_BYTES],
    )
