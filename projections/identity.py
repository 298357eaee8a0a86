"""Whether tables, Kafka and the store are of one ledger: they have the same event at a position.

A ledger is known by its first event, whose command and moment of recording no other has. So a
copy that was restored or migrated is the same ledger, and nothing but events has to be kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import duckdb
import orjson

from projections.catch_up import Feed
from projections.database import ProjectionError, Projections
from projections.feeds import NothingToFollow

FIRST_EVENT: Final = "first_event"
"""Under this name a bookmark in Kafka has the mark of the ledger's first event."""

FIRST_ROW: Final = "select command_id, recorded_at from events where position = 1"
LAST_ROW: Final = """
select command_id, recorded_at, position from events
where position = (select max(position) from events)
"""


class OtherLedger(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The tables are of another ledger than what they were to follow."""


def mark_of_row(command_id: object, recorded_at: datetime) -> int:
    """A number that no other event has, within the whole numbers of any JSON."""
    text = f"{command_id} {recorded_at.replace(tzinfo=UTC).isoformat()}"
    return int.from_bytes(sha256(text.encode()).digest()[:6])


def mark_of(document: bytes) -> int:
    """The mark of an event's document."""
    said = orjson.loads(document)
    return mark_of_row(said["commandid"], datetime.fromisoformat(said["recordedat"]))


def mark_at(feed: Feed, position: int) -> int | None:
    """The mark of the event that a feed has at a position; nothing when it has none."""
    batch = next(iter(feed.batches(position - 1, 1)), None)
    return None if batch is None else mark_of(batch.documents[0])


def first_mark(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The mark of the first event in the tables; nothing when they have it not."""
    row = connection.execute(FIRST_ROW).fetchone()
    return None if row is None else mark_of_row(*row)


def check_tables_are_of(feed: Feed, projections: Projections) -> None:
    """Refuse tables whose last event is not in the store that they follow, if they follow one.

    Raises `OtherLedger`.
    """
    if isinstance(feed, NothingToFollow):
        return
    row = projections.connection.execute(LAST_ROW).fetchone()
    if row is not None and mark_at(feed, row[2]) != mark_of_row(*row[:2]):
        raise other_ledger(projections.path, f"the store does not have their event {row[2]}")


def other_ledger(tables: Path, why: str) -> OtherLedger:
    """The error for tables that must not be gone on with."""
    return OtherLedger(
        f"{tables} has the tables of another ledger, or of a later copy of it ({why}): name "
        "another folder with --ledger, or delete that file to have it made anew."
    )
