"""The event store in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import orjson
from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from infra.folder import LedgerUnavailable
from infra.sqlite import reading_connection, writing_connection
from ledger.application import key_of, source_and_call_id
from ledger.recorder import CallRecorder, Group, StoredOutcome

FORMAT = 1
"""The version of the tables below; a file of another one is refused, never converted unasked."""

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
    refusal_number INTEGER
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
"""

LOOKED_UP_AT_ONCE = 500
"""Command ids in one look-up: SQLite bounds the parameters of a statement."""


class SqliteRecorder(CallRecorder):
    """Appends groups and reads events back; one process, one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def open(cls, path: Path) -> SqliteRecorder:
        """Open the store to write it, making its tables in a new file.

        Raises `LedgerUnavailable` when it cannot be opened, is not ours, or has lost events.
        """
        with explained(path):
            connection = writing_connection(path)
        try:
            with explained(path):
                if not is_store(connection, path):
                    connection.executescript(
                        f"BEGIN;{TABLES}PRAGMA application_id = {APPLICATION_ID};"
                        f"PRAGMA user_version = {FORMAT};COMMIT;"
                    )
                check_ends(connection, path)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def append(self, group: Group) -> None:
        """Write the whole group in one durable transaction, or nothing of it."""
        with explained(), self.transaction() as execute_many:
            if group.calls:
                execute_many("INSERT INTO calls VALUES (?, ?, ?)", group.calls)
            if group.events:
                execute_many("INSERT INTO events VALUES (?, ?, ?, ?)", group.events)
            if group.refusals:
                execute_many("INSERT INTO refusals VALUES (?, ?)", group.refusals)
            if group.outcomes:
                execute_many("INSERT INTO outcomes VALUES (?, ?, ?, ?)", group.outcomes)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Commit what is done inside, or take all of it back."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection.executemany
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def outcomes_of(self, command_ids: Sequence[bytes]) -> Iterable[StoredOutcome]:
        """The outcomes of those of the commands that have one."""
        remaining = iter(command_ids)
        while some := tuple(islice(remaining, LOOKED_UP_AT_ONCE)):
            marks = ",".join("?" * len(some))
            yield from map(
                StoredOutcome._make,
                self.connection.execute(
                    f"SELECT * FROM outcomes WHERE command_id IN ({marks})", some
                ),
            )

    def documents(self, first_position: int, count: int) -> list[bytes]:
        """The documents of so many events from a position on."""
        rows = self.connection.execute(
            "SELECT document FROM events WHERE position >= ? ORDER BY position LIMIT ?",
            (first_position, count),
        )
        return [document for (document,) in rows]

    def refusal(self, number: int) -> bytes:
        """The document of one refusal."""
        (document,) = self.connection.execute(
            "SELECT document FROM refusals WHERE number = ?", (number,)
        ).fetchone()
        return bytes(document)

    def last_refusal_number(self) -> int:
        """The number of the latest refusal, or 0."""
        return last_of(self.connection, "refusals", "number")

    def max_notification_id(self) -> int | None:
        """The last position, or nothing in an empty ledger."""
        return last_of(self.connection, "events", "position") or None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """The events of one call, with their positions."""
        rows = self.connection.execute(
            "SELECT e.version, e.document, e.position FROM calls c JOIN events e USING (call)"
            " WHERE c.source = ? AND c.call_id = ? AND e.version > ? AND e.version <= ?"
            f" ORDER BY e.version {'DESC' if desc else 'ASC'} LIMIT ?",
            (
                *source_and_call_id(str(originator_id)),
                gt or 0,
                2**62 if lte is None else lte,
                -1 if limit is None else limit,
            ),
        )
        return [
            Notification(originator_id, version, "", document, id=position)
            for version, document, position in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events of all calls in the order of their positions."""
        first = (start or 0) + (0 if inclusive_of_start else 1)
        rows = self.connection.execute(
            "SELECT position, version, document FROM events WHERE position BETWEEN ? AND ?"
            f" {'AND document ->> ? IN (SELECT value FROM json_each(?))' if topics else ''}"
            " ORDER BY position LIMIT ?",
            (
                first,
                2**62 if stop is None else stop,
                *(("type", orjson.dumps(list(topics))) if topics else ()),
                limit,
            ),
        )
        notifications = []
        for position, version, document in rows:
            read = orjson.loads(document)
            key = key_of(read["source"], read["subject"])
            notifications.append(Notification(key, version, read["type"], document, id=position))
        return notifications

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> NoReturn:
        """Not a door of this ledger: `append` takes events with their outcomes."""
        raise NotImplementedError("events are appended with their outcomes, by append()")

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Not offered by SQLite: followers read the feed from their own position."""
        raise NotImplementedError("followers read the feed from their own position")

    def close(self) -> None:
        """Close the file; the write-ahead log is moved into it first."""
        self.connection.close()


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the store beside its writer. Raises `LedgerUnavailable` as `SqliteRecorder.open`."""
    with explained(path):
        connection = reading_connection(path)
    try:
        with explained(path):
            if not is_store(connection, path):
                raise LedgerUnavailable(f"{path} has nothing recorded yet: record a call first.")
    except BaseException:
        connection.close()
        raise
    return connection


def is_store(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has our tables; an empty one has not, and a foreign one is refused."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION_ID:
        if version == FORMAT:
            return True
        raise LedgerUnavailable(
            f"{path} has format {version} and this version of Call Ledger reads {FORMAT}: "
            "use the version that wrote it."
        )
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise LedgerUnavailable(
            f"{path} is a SQLite file of something else: choose another folder with --ledger."
        )
    return False


def check_ends(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file whose last rows are gone: their numbers must never be given again."""
    for table, number in (("events", "position"), ("refusals", "number")):
        given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        last_given = given.fetchone() or (0,)
        last = last_of(connection, table, number)
        if last_given != (last,):
            raise LedgerUnavailable(
                f"{path} has lost {table} after {number} {last}, {last_given[0]} were recorded: "
                "restore it from its last backup."
            )


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
