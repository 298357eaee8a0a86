"""The SQLite file of the event store: its tables, and how it is opened and refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import LedgerUnavailable, missing
from infra.sqlite import reading_connection, writing_connection
from ledger.store.completeness import RESTORE, made_by, what_is_missing

FORMAT = 2
"""The version of the tables below. Format 1 is read as it is, and becomes 2 when it is written."""

APPLICATION_ID = 0x43414C4C
"""Marks a SQLite file as ours, in its header ("CALL")."""

TABLES = """
CREATE TABLE calls (
    source TEXT NOT NULL,
    call_id TEXT NOT NULL,
    call INTEGER NOT NULL,
    PRIMARY KEY (source, call_id)
) WITHOUT ROWID;
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    call INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document BLOB NOT NULL,
    UNIQUE (call, version)
);
CREATE TABLE outcomes (
    command_id BLOB PRIMARY KEY,
    first_position INTEGER,
    events INTEGER NOT NULL,
    refusal_number INTEGER,
    fingerprint INTEGER
) WITHOUT ROWID;
CREATE TABLE refusals (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    document BLOB NOT NULL
);
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    original BLOB NOT NULL,
    state TEXT NOT NULL,
    resolved_at TEXT,
    resolved_by TEXT,
    why TEXT
);
CREATE INDEX quarantine_waiting ON quarantine (number) WHERE state = 'waiting';
CREATE INDEX quarantine_origin ON quarantine (origin);
"""

FROM_FORMAT_1 = """
ALTER TABLE outcomes ADD COLUMN fingerprint INTEGER;
CREATE INDEX quarantine_waiting ON quarantine (number) WHERE state = 'waiting';
CREATE INDEX quarantine_origin ON quarantine (origin);
"""
"""What format 2 has beside format 1; outcomes recorded before keep no fingerprint."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the store for its one writer, making the tables in a new file.

    Raises `LedgerUnavailable` when it cannot be opened, is not ours, or has lost events.
    """
    with explained(path):
        connection = writing_connection(path)
    try:
        with explained(path):
            found = format_of(connection, path)
            if found != FORMAT:
                connection.executescript(
                    f"BEGIN;{FROM_FORMAT_1 if found else TABLES}"
                    f"PRAGMA application_id = {APPLICATION_ID};"
                    f"PRAGMA user_version = {FORMAT};COMMIT;"
                )
            check_ends(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the store beside its writer. Raises as `open_to_write` does, and `LedgerMissing`."""
    with explained(path):
        connection = reading_connection(path)
    try:
        with explained(path):
            if format_of(connection, path) is None:
                raise missing(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


def format_of(connection: sqlite3.Connection, path: Path) -> int | None:
    """The version of the file's tables; an empty file has none, and a foreign one is refused."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION_ID:
        if 1 <= version <= FORMAT:
            return int(version)
        raise LedgerUnavailable(
            f"{path} has format {version} and this version of Call Ledger reads up to {FORMAT}: "
            "use the version that wrote it."
        )
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise LedgerUnavailable(
            f"{path} is a SQLite file of something else: choose another folder with --ledger."
        )
    return None


def check_ends(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file whose last rows are gone: their numbers must never be given again."""
    if lost := lost_from_end(connection):
        raise LedgerUnavailable(f"{path} {lost}: restore it from its last backup.")


def lost_from_end(connection: sqlite3.Connection) -> str:
    """Which rows are gone from the end, though their numbers were given; empty where none is."""
    for table, number in (("events", "position"), ("refusals", "number")):
        given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        last_given = given.fetchone() or (0,)
        last = last_of(connection, table, number)
        if last_given != (last,):
            return f"has lost {table} after {number} {last}, {last_given[0]} were recorded"
    return ""


def unsoundness(connection: sqlite3.Connection) -> str:
    """What the file lacks of its tables, indexes or last rows, with the way on; or nothing."""
    connection.execute("BEGIN")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        later = made_by(FROM_FORMAT_1) if version < FORMAT else ()
        needed = [name for name in made_by(TABLES) if name not in later]
        if missing := what_is_missing(needed, there, TABLES):
            return missing
        lost = lost_from_end(connection)
        return f"it {lost}: {RESTORE}" if lost else ""
    finally:
        connection.execute("COMMIT")


def last_of(connection: sqlite3.Connection, table: str, number: str) -> int:
    """The highest number in a table, or 0."""
    (last,) = connection.execute(f"SELECT max({number}) FROM {table}").fetchone()
    return last or 0


@contextmanager
def explained(path: Path | None = None) -> Iterator[None]:
    """Turn SQLite's errors into a sentence with the next step."""
    try:
        yield
    except sqlite3.Error as error:
        place = f" in {path}" if path else ""
        raise LedgerUnavailable(
            f"The event store{place} could not be used ({error}): {next_step(error)}"
        ) from error


def next_step(error: sqlite3.Error) -> str:
    """What the reader of the error can do about it."""
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_FULL":
            return "free some space on the disk and try again."
        case "SQLITE_CORRUPT" | "SQLITE_NOTADB":
            return "restore the file from its last backup."
        case "SQLITE_CANTOPEN" | "SQLITE_READONLY" | "SQLITE_PERM":
            return "check that the folder exists and may be read and written."
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return "close the other program that has the file open and try again."
        case _:
            return "check the disk and the folder's permissions, and try again."
