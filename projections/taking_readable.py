"""What comes next in the feed taken in although some of it cannot be read as rows.

An unreadable document becomes a dead letter, in the transaction of the others, where that is
wished. Otherwise the tables are brought up to the one before it, and `UnreadableEvent` says where
it is and why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ledger.feed import EventBatch, Feed, RefusalBatch
from projections import dead_letters
from projections.building import refresh
from projections.database import Projections
from projections.dead_letters import DeadLetter
from projections.errors import UnreadableEvent
from projections.unreadable import (
    EventRow,
    RefusalRow,
    dead_letter_of,
    dead_letter_of_refusal,
    event_is_unreadable,
    refusal_is_unreadable,
    unreadable,
)

AT_ONCE: Final = 20_000

UP_TO_IT: Final = "The tables are up to the one before."
GO_ON: Final = (
    "Restore the store from its last backup, or go on without it, which is kept in the quarantine,"
    " an event's call marked as incomplete: `call-ledger rebuild --set-aside-unreadable`."
)

Row = TypeVar("Row", EventRow, RefusalRow)


@dataclass(frozen=True)
class Taken(Generic[Row]):
    """How one of the two kinds is taken in; a row begins with its place in the feed."""

    insert: Callable[[Projections, Sequence[Row]], None]
    note: Callable[[Projections, int], None]
    dead_letter_of: Callable[[Row], DeadLetter]
    is_unreadable: Callable[[Row], str]


EVENTS: Final = Taken[EventRow](
    lambda projections, rows: projections.insert_events(EventBatch(*zip(*rows, strict=True))),
    lambda projections, position: projections.note_position(position),
    dead_letter_of,
    event_is_unreadable,
)
REFUSALS: Final = Taken[RefusalRow](
    lambda projections, rows: projections.insert_refusals(RefusalBatch(*zip(*rows, strict=True))),
    lambda projections, number: projections.note_refusal_number(number),
    dead_letter_of_refusal,
    refusal_is_unreadable,
)


def take_readable(projections: Projections, feed: Feed, sets_aside: bool) -> bool:
    """Take in one batch; whether any came. Raises `UnreadableEvent`."""
    far = projections.positions
    events = next(iter(feed.batches(far.position, AT_ONCE)), None)
    if events is not None:
        rows = zip(events.positions, events.call_positions, events.documents, strict=True)
        take(projections, EVENTS, list(rows), sets_aside)
        return True
    refusals = next(iter(feed.refusals(far.refusal_number, AT_ONCE)), None)
    if refusals is not None:
        refused = zip(refusals.numbers, refusals.documents, strict=True)
        take(projections, REFUSALS, list(refused), sets_aside)
        return True
    return False


def take(projections: Projections, kind: Taken[Row], rows: Sequence[Row], sets_aside: bool) -> None:
    """Take in these rows. Raises `UnreadableEvent`."""
    bad = unreadable(projections, rows, kind.insert)
    stop = None if sets_aside or not bad else bad[0]
    end, holes = (rows[-1][0] if stop is None else stop[0] - 1), {row[0] for row in bad}
    taken = [row for row in rows if row[0] <= end and row[0] not in holes]
    with projections.transaction():
        if taken:
            kind.insert(projections, taken)
        if stop is None:
            dead_letters.keep(projections.connection, map(kind.dead_letter_of, bad))
        kind.note(projections, end)
    if stop is not None:
        refresh(projections)
        raise UnreadableEvent(f"{kind.is_unreadable(stop)} {UP_TO_IT} {GO_ON}")
