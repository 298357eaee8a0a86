"""The event store in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import orjson
from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from ledger.application import key_of, source_and_call_id
from ledger.recorder import CallRecorder, Group, Quarantined, StoredOutcome
from ledger.sqlite_store import explained, last_of, open_to_read, open_to_write

ROWS_AT_ONCE = (256, 64, 16, 4, 1)
"""Rows in one statement, the most that fit first: few statements for any number of rows.

Fewer are faster, and each statement's end is a wait where another thread is at work.
"""

LOOKED_UP_AT_ONCE = 500
"""Command ids or calls in one look-up: SQLite bounds the parameters of a statement."""


class SqliteRecorder(CallRecorder):
    """Appends groups and reads events back; one process, one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def open(cls, path: Path) -> SqliteRecorder:
        """Open the store to write it. Raises `LedgerUnavailable` as `open_to_write` does."""
        return cls(open_to_write(path))

    @classmethod
    def open_to_read(cls, path: Path) -> SqliteRecorder:
        """Open the store beside its writer, to read only."""
        return cls(open_to_read(path))

    def append(self, group: Group) -> None:
        """Write the whole group in one durable transaction, or nothing of it."""
        with explained(), self.transaction():
            self._insert("calls", group.calls)
            self._insert("events", group.events)
            self._insert("refusals", group.refusals)
            self._insert("outcomes", group.outcomes)

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        start = 0
        for count in ROWS_AT_ONCE:
            while len(rows) - start >= count:
                some = rows[start : start + count]
                marks = ",".join([f"({','.join('?' * len(some[0]))})"] * count)
                self.connection.execute(
                    f"INSERT INTO {table} VALUES {marks}", tuple(chain.from_iterable(some))
                )
                start += count

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, or take all of it back."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def outcomes_of(self, command_ids: Sequence[bytes]) -> list[StoredOutcome]:
        """The outcomes of those of the commands that have one."""
        outcomes: list[StoredOutcome] = []
        for start in range(0, len(command_ids), LOOKED_UP_AT_ONCE):
            some = command_ids[start : start + LOOKED_UP_AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._rows(f"SELECT * FROM outcomes WHERE command_id IN ({marks})", *some)
            outcomes.extend(map(StoredOutcome._make, rows))
        return outcomes

    def known_calls(self, names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of the calls, by source and call id, that have events."""
        known: list[tuple[str, str]] = []
        for start in range(0, len(names), LOOKED_UP_AT_ONCE):
            some = names[start : start + LOOKED_UP_AT_ONCE]
            marks = ",".join(["(?,?)"] * len(some))
            known += self._rows(
                f"SELECT source, call_id FROM calls WHERE (source, call_id) IN (VALUES {marks})",
                *chain.from_iterable(some),
            )
        return known

    def documents(self, first_position: int, count: int) -> list[bytes]:
        """The documents of so many events from a position on."""
        rows = self._rows(
            "SELECT document FROM events WHERE position >= ? ORDER BY position LIMIT ?",
            first_position,
            count,
        )
        return [document for (document,) in rows]

    def refusal(self, number: int) -> bytes:
        """The document of one refusal."""
        ((document,),) = self._rows("SELECT document FROM refusals WHERE number = ?", number)
        return bytes(document)

    def _rows(self, query: str, *parameters: object) -> list[Any]:
        with explained():
            return self.connection.execute(query, parameters).fetchall()

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
        rows = self._rows(
            "SELECT e.version, e.document, e.position FROM calls c JOIN events e USING (call)"
            " WHERE c.source = ? AND c.call_id = ? AND e.version > ? AND e.version <= ?"
            f" ORDER BY e.version {'DESC' if desc else 'ASC'} LIMIT ?",
            *source_and_call_id(str(originator_id)),
            gt or 0,
            2**62 if lte is None else lte,
            -1 if limit is None else limit,
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
        """Events of all calls in the order of their positions; topics are not told apart."""
        if topics:
            raise NotImplementedError("the feed has all events; a follower takes what it needs")
        first = (start or 0) + (0 if inclusive_of_start else 1)
        rows = self._rows(
            "SELECT position, version, document FROM events WHERE position BETWEEN ? AND ?"
            " ORDER BY position LIMIT ?",
            first,
            2**62 if stop is None else stop,
            limit,
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

    def quarantine(self, received_at: str, unreadable: Sequence[tuple[str, str, bytes]]) -> int:
        """Keep what could not be read in one transaction, and return the number of the last."""
        with explained(), self.transaction():
            self.connection.executemany(
                "INSERT INTO quarantine (received_at, origin, reason, original, state)"
                " VALUES (?, ?, ?, ?, 'waiting')",
                [(received_at, *one) for one in unreadable],
            )
            return last_of(self.connection, "quarantine", "number")

    def quarantined(self, after_number: int, limit: int) -> list[Quarantined]:
        """What is in quarantine, resolved or not, after a number."""
        rows = self._rows(
            "SELECT * FROM quarantine WHERE number > ? ORDER BY number LIMIT ?",
            after_number,
            limit,
        )
        return list(map(Quarantined._make, rows))

    def resolve(self, number: int, state: str, at: str, by: str, why: str) -> None:
        """Say how one that waits was resolved; the row and its bytes stay."""
        with explained(), self.transaction():
            self.connection.execute(
                "UPDATE quarantine SET state = ?, resolved_at = ?, resolved_by = ?, why = ?"
                " WHERE number = ? AND state = 'waiting'",
                (state, at, by, why, number),
            )

    def close(self) -> None:
        """Close the file; the write-ahead log is moved into it first."""
        self.connection.close()
