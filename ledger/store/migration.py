"""From a SQLite ledger into PostgreSQL: positions and bytes kept, resumed where it was killed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from infra.errors import LedgerError, missing
from infra.folder import LedgerFolder
from infra.postgresql import Postgresql
from ledger.store.interface import NewRows, StoredOutcome, StoreReader, TurnLost
from ledger.store.postgresql import PostgresqlEventStore, without_null
from ledger.store.sqlite import SqliteReader
from ledger.store.sqlite_file import open_to_write

ROWS_AT_ONCE = 20_000
"""Events in one transaction: so much is done again at most after a kill."""

QUARANTINED_AT_ONCE = 500

IN_ORDER = """
CREATE TEMP TABLE outcomes_in_order AS SELECT * FROM outcomes;
CREATE INDEX temp.outcomes_by_position ON outcomes_in_order (first_position);
CREATE INDEX temp.outcomes_by_refusal ON outcomes_in_order (refusal_number);
CREATE TEMP TABLE calls_in_order AS SELECT * FROM calls;
CREATE INDEX temp.calls_by_position ON calls_in_order (call);
"""
"""The tables that have no order of positions, with one: they are copied beside the events."""

CONTENT = {
    "events": ("SELECT position, call, version, document FROM events", ("position",)),
    "refusals": ("SELECT number, document FROM refusals", ("number",)),
    "calls": ("SELECT source, call_id, call FROM calls", ("source", "call_id")),
    "outcomes": (
        "SELECT command_id, first_position, events, refusal_number, fingerprint FROM outcomes",
        ("command_id",),
    ),
    "quarantine": ("SELECT * FROM quarantine", ("number",)),
}
"""All that a store holds, and the key by which it is read: its first columns, by an index."""

BEFORE_ALL: dict[str, object] = {"source": "", "call_id": "", "command_id": b""}
"""What comes before every value of a key that is no number."""

Moved = Callable[[int, int | None], None]
"""Told how many events are done, of how many."""


class Content(NamedTuple):
    """How much a table holds, and the sum of its rows' hashes: databases sort texts differently."""

    rows: int
    sha256: str


def migrate(
    folder: Path, server: Postgresql, moved: Moved, rows_at_once: int = ROWS_AT_ONCE
) -> dict[str, Content]:
    """Copy the folder's SQLite ledger to PostgreSQL, and return what both hold then.

    Nobody writes to the SQLite ledger meanwhile, and nobody uses the other one before it is
    whole. Killed, it goes on where it was when it is run again. Raises `LedgerError` when the
    two are not the same in the end, and as opening them does.
    """
    place = LedgerFolder(folder)
    if not place.sqlite_file.exists():
        raise missing(folder)
    with (
        place.writing("migrate"),
        closing(open_to_write(place.sqlite_file)),
        closing(SqliteReader.open_to_read(place.sqlite_file)) as source,
        closing(
            PostgresqlEventStore.open_to_fill(server, str(place.sqlite_file.absolute()))
        ) as target,
    ):
        source.connection.executescript(IN_ORDER)
        copy(source, target, moved, rows_at_once)
        while target.keep_quarantined(lambda last: source.quarantined(last, QUARANTINED_AT_ONCE)):
            pass
        content = compared(source, target, server)
        target.end_filling()
    return content


def copy(
    source: SqliteReader, target: PostgresqlEventStore, moved: Moved, rows_at_once: int
) -> None:
    """Copy events with their calls and outcomes, then refusals with theirs, from where it is."""
    last_position = source.ends().position
    is_done = False
    while not is_done:
        with suppress(TurnLost), target.turn() as turn:
            rows = rows_after(source, *turn.ends, rows_at_once)
            is_done = not rows
            moved(rows.ends_after(turn.ends).position, last_position)
            turn.append(rows)


def rows_after(source: SqliteReader, position: int, number: int, at_once: int) -> NewRows:
    """What one transaction copies; nothing when everything is there."""
    events = source.rows(
        "SELECT position, call, version, document FROM events WHERE position > ?"
        " ORDER BY position LIMIT ?",
        position,
        at_once,
    )
    if events:
        until = events[-1][0]
        calls = source.rows(
            "SELECT source, call_id, call FROM calls_in_order WHERE call > ? AND call <= ?",
            position,
            until,
        )
        outcomes = source.rows(
            "SELECT * FROM outcomes_in_order WHERE first_position > ? AND first_position <= ?",
            position,
            until,
        )
        return NewRows(calls, events, outcomes=list(map(StoredOutcome._make, outcomes)))
    refusals = source.refusals_after(number, at_once)
    outcomes = source.rows(
        "SELECT * FROM outcomes_in_order WHERE refusal_number > ? AND refusal_number <= ?",
        number,
        refusals[-1][0] if refusals else number,
    )
    return NewRows(refusals=refusals, outcomes=list(map(StoredOutcome._make, outcomes)))


def compared(source: StoreReader, target: StoreReader, server: Postgresql) -> dict[str, Content]:
    """What both stores hold. Raises `LedgerError` where they differ."""
    contents = {}
    for table in CONTENT:
        here, there = content_of(source, table), content_of(target, table)
        if here != there:
            raise LedgerError(
                f"The {table} in {server} are not those of the SQLite ledger "
                f"({there.rows:,} rows, {here.rows:,} expected): migrate to an empty schema."
            )
        contents[table] = here
    return contents


def content_of(store: StoreReader, table: str) -> Content:
    """Count and hash a table's rows, a part at a time."""
    count, total = 0, 0
    for row in rows_by_key(store, *CONTENT[table]):
        count += 1
        text = repr(tuple(map(without_null, row)))
        total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return Content(count, f"{total % 2**256:064x}")


def rows_by_key(store: StoreReader, query: str, key: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """The rows in the key's order in this database, with no more than a part in memory."""
    columns, marks = ", ".join(key), ", ".join("?" * len(key))
    after: Sequence[object] = [BEFORE_ALL.get(column, 0) for column in key]
    while rows := store.rows(
        f"{query} WHERE ({columns}) > ({marks}) ORDER BY {columns} LIMIT ?", *after, ROWS_AT_ONCE
    ):
        yield from rows
        after = rows[-1][: len(key)]
