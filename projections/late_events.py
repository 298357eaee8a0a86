"""Dead letters that can be read after all: their events are put where they are missing."""

from __future__ import annotations

import duckdb

from ledger.document_validation import why_no_event
from ledger.feed import EventBatch
from projections import dead_letters
from projections.database import Projections
from projections.errors import ProjectionError
from projections.unreadable import NO_ROW


def read_again(projections: Projections) -> None:
    """Try every dead letter once more, after a fix."""
    for position, call_position, original in dead_letters.to_be_read_again(projections.connection):
        read_late(projections, position, call_position, original)


def read_late(projections: Projections, position: int, call_position: int, original: bytes) -> str:
    """Put an event where it is missing; returns the reason why it still cannot be read, if so."""
    if reason := why_no_event(original):
        return reason
    try:
        with projections.transaction():
            projections.insert_events(EventBatch([position], [call_position], [original]))
            dead_letters.resolve(projections.connection, position)
            projections.refresh_touched()
    except duckdb.Error:
        return NO_ROW
    return ""


def retry(projections: Projections, number: int) -> str:
    """Try one dead letter again; returns the reason why it still cannot be read, if so.

    Raises `ProjectionError` for a number that none has.
    """
    one = dead_letters.kept(projections.connection, number)
    if one is None:
        raise ProjectionError(f"No dead letter has the number {number}: list them to see.")
    if one.state != "waiting":
        return ""
    if one.position is None or one.call_position is None:
        return "It has no place in the ledger, so nothing is missing because of it."
    if not one.is_as_published:
        return (
            "Its bytes are not those that were published: send the event again with "
            f"`call-ledger publish --from {one.position}`."
        )
    return read_late(projections, one.position, one.call_position, bytes(one.original))
