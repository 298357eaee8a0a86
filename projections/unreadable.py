"""Documents that are no rows: which, why, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

import duckdb

from ledger.document_validation import why_no_event, why_no_refusal
from projections.dead_letters import EVENTS, REFUSALS, STORE, DeadLetter

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
