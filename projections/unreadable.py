"""Documents that are no rows: where they are, why, and how the tables go on without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import duckdb

from ledger.document_validation import why_no_event, why_no_refusal
from ledger.feed import EventBatch, Feed, RefusalBatch
from projections import dead_letters
from projections.dead_letters import EVENTS, REFUSALS, STORE, DeadLetter
from projections.errors import UnreadableEvent

if TYPE_CHECKING:
    from projections.database import Projections

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

EVENTS_AT_ONCE: Final = 20_000


class HasConnection(Protocol):
    """Who has tables to insert into."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection: ...


One = TypeVar("One")
Into = TypeVar("Into", bound=HasConnection)
Insert = Callable[[Into, Sequence[One]], None]
"""Puts some into their table, in the caller's transaction."""


def unreadable(into: Into, those: Sequence[One], insert: Insert[Into, One]) -> Sequence[One]:
    """Those that DuckDB cannot read as rows; they are few, and found by halving."""
    if not those or is_readable(into, those, insert):
        return []
    middle = len(those) // 2
    if not middle:
        return those
    return [
        *unreadable(into, those[:middle], insert),
        *unreadable(into, those[middle:], insert),
    ]


def is_readable(into: Into, those: Sequence[One], insert: Insert[Into, One]) -> bool:
    """Whether all of them can be inserted; nothing is."""
    into.connection.begin()
    try:
        insert(into, those)
    except NO_ROWS:
        return False
    else:
        return True
    finally:
        into.connection.rollback()


EventRow = tuple[int, int, bytes]
"""Position, call's position, document."""

RefusalRow = tuple[int, bytes]
"""Number, document."""


def insert_rows(projections: Projections, rows: Sequence[EventRow]) -> None:
    """Put events into the table, in the caller's transaction."""
    projections.insert_events(EventBatch(*zip(*rows, strict=True)))


def insert_refusals(projections: Projections, rows: Sequence[RefusalRow]) -> None:
    """Put refusals into the table, in the caller's transaction."""
    projections.insert_refusals(RefusalBatch(*zip(*rows, strict=True)))


def take_readable(projections: Projections, feed: Feed, sets_aside: bool) -> bool:
    """Take in what comes next, one batch far, where some may be unreadable; whether any came.

    An unreadable one becomes a dead letter, in the transaction of the others, where that is
    wished. Otherwise the tables are brought up to the one before it, and `UnreadableEvent`
    says where it is and why.
    """
    far = projections.positions
    batch = next(iter(feed.batches(far.position, EVENTS_AT_ONCE)), None)
    if batch is not None:
        events = list(zip(batch.positions, batch.call_positions, batch.documents, strict=True))
        take_events(projections, events, sets_aside)
        return True
    refused = next(iter(feed.refusals(far.refusal_number, EVENTS_AT_ONCE)), None)
    if refused is None:
        return False
    take_refusals(
        projections, list(zip(refused.numbers, refused.documents, strict=True)), sets_aside
    )
    return True


def take_events(projections: Projections, rows: Sequence[EventRow], sets_aside: bool) -> None:
    """Take in events. Raises `UnreadableEvent`."""
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
        raise UnreadableEvent(f"{event_is_unreadable(stop)} {UP_TO_IT} {GO_ON}")


def take_refusals(projections: Projections, rows: Sequence[RefusalRow], sets_aside: bool) -> None:
    """Take in refusals. Raises `UnreadableEvent`."""
    bad = unreadable(projections, rows, insert_refusals)
    stop = None if sets_aside or not bad else bad[0]
    end, holes = (rows[-1][0] if stop is None else stop[0] - 1), {number for number, _ in bad}
    taken = [row for row in rows if row[0] <= end and row[0] not in holes]
    with projections.transaction():
        if taken:
            insert_refusals(projections, taken)
        if stop is None:
            dead_letters.keep(projections.connection, map(dead_letter_of_refusal, bad))
        projections.note_refusal_number(end)
    if stop is not None:
        projections.refresh()
        raise UnreadableEvent(f"{refusal_is_unreadable(stop)} {UP_TO_IT} {GO_ON}")


UP_TO_IT: Final = "The tables are up to the one before."
GO_ON: Final = (
    "Restore the store from its last backup, or go on without it, which is kept in the quarantine,"
    " an event's call marked as incomplete: `call-ledger rebuild --set-aside-unreadable`."
)


def event_is_unreadable(row: EventRow, where: str = STORE) -> str:
    """Which event is unreadable, and why, in a sentence."""
    why = why_no_row(row[2]).rstrip(".")
    return f"The event at position {row[0]:,} of the {where} cannot be read: {why}."


def refusal_is_unreadable(row: RefusalRow, where: str = STORE) -> str:
    """Which refusal is unreadable, and why, in a sentence."""
    why = why_no_refusal_row(row[1]).rstrip(".")
    return f"The refusal with number {row[0]:,} of the {where} cannot be read: {why}."


def why_no_row(document: bytes) -> str:
    """Why it is no row, in a sentence."""
    return why_no_event(document) or NO_ROW


def why_no_refusal_row(document: bytes) -> str:
    """The reason that is kept for a refusal, likewise."""
    return why_no_refusal(document) or NO_ROW


def dead_letter_of(row: EventRow) -> DeadLetter:
    """An event of the store as it is kept."""
    position, call_position, document = row
    reason = why_no_row(document)
    return DeadLetter(
        *(STORE, EVENTS, position, position, call_position, None, reason), *kept_of(document)
    )


def dead_letter_of_refusal(row: RefusalRow) -> DeadLetter:
    """A refusal of the store as it is kept: no event is missing because of it."""
    number, document = row
    reason = why_no_refusal_row(document)
    return DeadLetter(*(STORE, REFUSALS, number, None, None, None, reason), *kept_of(document))


def kept_of(document: bytes) -> tuple[bool, bytes]:
    """Whether all of a document is kept, and what is."""
    return len(document) <= ORIGINAL_BYTES, document[:ORIGINAL_BYTES]
