"""Whether tables are of the ledger that they follow, or of another."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from ledger.feed import Feed
from ledger.identity import fingerprint_at, fingerprint_from
from projections.database import Projections
from projections.errors import OtherLedger
from projections.feeds import NothingToFollow

FIRST_ROW: Final = "select command_id, recorded_at from events where position = 1"
LAST_ROW: Final = """
select command_id, recorded_at, position from events
where position = (select max(position) from events)
"""


def first_fingerprint(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The fingerprint of the first event in the tables; nothing when they have it not."""
    row = connection.execute(FIRST_ROW).fetchone()
    return None if row is None else fingerprint_from(*row)


def check_tables_are_of(feed: Feed, projections: Projections) -> None:
    """Refuse tables whose last event is not in the store that they follow, if they follow one.

    Raises `OtherLedger`.
    """
    if isinstance(feed, NothingToFollow):
        return
    row = projections.connection.execute(LAST_ROW).fetchone()
    if row is not None and fingerprint_at(feed, row[2]) != fingerprint_from(*row[:2]):
        raise other_ledger(projections.path, f"the store does not have their event {row[2]}")


def other_ledger(tables: Path, why: str) -> OtherLedger:
    """The error for tables that must not be gone on with."""
    return OtherLedger(
        f"{tables} has the tables of another ledger, or of a later copy of it ({why}): name "
        "another folder with --ledger, or delete that file to have it made anew."
    )
