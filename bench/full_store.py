"""Stores that are full already: as many events as asked for, with their calls and outcomes.

The documents are those of `histories`. They go straight into the tables, a hundred times as fast
as by commands, and the store is opened and used afterwards like any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from bench.histories import batches
from ledger.store.sqlite_file import open_to_write

COMMAND_ID = b'"commandid":"'
SUBJECT = b'"subject":"'
SOURCE = "webex"

INSERT = {
    "calls": "INSERT INTO calls VALUES (?, ?, ?)",
    "events": "INSERT INTO events VALUES (?, ?, ?, ?)",
    "outcomes": "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?)",
}
COLUMN_TYPES = {
    "calls": ("text", "text", "int8"),
    "events": ("int8", "int8", "int8", "bytea"),
    "outcomes": ("bytea", "int8", "int8", "int8", "int8"),
}


class Rows(NamedTuple):
    """Rows of each table, for events next to each other."""

    calls: list[tuple[Any, ...]]
    events: list[tuple[Any, ...]]
    outcomes: list[tuple[Any, ...]]


def rows(events: int) -> Iterator[Rows]:
    """At least so many events, in parts."""
    for batch, versions in batches(events):
        happened = list(
            zip(batch.positions, batch.call_positions, versions, batch.documents, strict=True)
        )
        yield Rows(begun(happened), happened, list(outcomes_of(happened)))


def begun(happened: Iterable[tuple[int, int, int, bytes]]) -> list[tuple[str, str, int]]:
    """The calls that begin with one of the events."""
    return [
        (SOURCE, text_after(SUBJECT, document).decode(), call)
        for _, call, version, document in happened
        if version == 1
    ]


def outcomes_of(happened: list[tuple[int, int, int, bytes]]) -> Iterator[tuple[Any, ...]]:
    """The outcome of each command; the events of one are next to each other."""
    command, first, count = b"", 0, 0
    for position, _, _, document in happened:
        text = text_after(COMMAND_ID, document)
        if text != command:
            if count:
                yield outcome(command, first, count)
            command, first, count = text, position, 0
        count += 1
    yield outcome(command, first, count)


def outcome(command: bytes, first: int, count: int) -> tuple[Any, ...]:
    """With a fingerprint of nothing, which has the size of a real one."""
    return UUID(command.decode()).bytes, first, count, None, hash(command)


def text_after(name: bytes, document: bytes) -> bytes:
    """The text of a field, which has no quotation mark in it."""
    begin = document.index(name) + len(name)
    return document[begin : document.index(b'"', begin)]


def fill_sqlite(path: Path, events: int) -> int:
    """Fill a new file, which is durable when this returns, and return how many events it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    open_to_write(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    count = 0
    for part in rows(events):
        connection.execute("BEGIN")
        for table, some in part._asdict().items():
            # In the order of the key, as far as it has one.
            connection.executemany(INSERT[table], sorted(some) if table != "events" else some)
        connection.execute("COMMIT")
        count += len(part.events)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return count


def fill_postgresql(url: str, events: int) -> int:
    """Fill a store whose tables are there, and return how many events it has."""
    count = 0
    with psycopg.connect(url) as connection:
        for part in rows(events):
            for table, some in part._asdict().items():
                copy_in(connection, table, some, table)
            count += len(part.events)
        connection.execute("SELECT setval('given_positions', %s)", (count,))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return count


def copy_in(
    connection: psycopg.Connection[Any], into: str, some: Sequence[tuple[Any, ...]], table: str
) -> None:
    """Rows of one of the tables into it, or into one that is like it, by COPY."""
    with connection.cursor().copy(f"COPY {into} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types(COLUMN_TYPES[table])
        for row in some:
            copy.write_row(row)
