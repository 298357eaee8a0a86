"""The event store in one SQLite file: anybody reads it, one process writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from ledger.store.interface import (
    CallName,
    Ends,
    EventStore,
    NewRows,
    Soundness,
    StoredOutcome,
    StoreReader,
    Turn,
)
from ledger.store.sqlite_file import (
    explained,
    last_of,
    open_to_read,
    open_to_write,
    unsoundness,
)

ROWS_AT_ONCE = (256, 64, 16, 4, 1)
"""Rows in one statement, the most that fit first: few statements for any number of rows.

Fewer are faster, and each statement's end is a wait where another thread is at work.
"""

LOOKED_UP_AT_ONCE = 500
"""Command ids or calls in one look-up: SQLite bounds the parameters of a statement."""


class SqliteReader(StoreReader):
    """Reads beside the writer, over one connection."""

    JOINED = (
        "group_concat(call, ','), group_concat(length(document), ','),"
        " CAST(group_concat(document, '') AS BLOB)"
    )

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def open_to_read(cls, path: Path) -> SqliteReader:
        """Open the store beside its writer, to read only. Raises as `open_to_read` does."""
        return SqliteReader(open_to_read(path))

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """The rows of a query."""
        with explained():
            return self.connection.execute(query, parameters).fetchall()

    def size_bytes(self) -> int:
        """The size of the file."""
        ((pages,),), ((page_bytes,),) = (
            self.rows("PRAGMA page_count"),
            self.rows("PRAGMA page_size"),
        )
        return int(pages * page_bytes)

    def soundness(self) -> Soundness:
        """Whether SQLite finds its file whole, and it has all that it needs."""
        ((answer,),) = self.rows("PRAGMA quick_check(1)")
        says = f"SQLite's quick check says: {answer}"
        if answer != "ok":
            return Soundness(False, says)
        with explained():
            unsound = unsoundness(self.connection)
        return Soundness(not unsound, f"{says}; {unsound}" if unsound else says)

    def close(self) -> None:
        """Close the file; a writer's write-ahead log is moved into it first."""
        self.connection.close()


class SqliteEventStore(SqliteReader, EventStore):
    """Appends and reads events back; one process, one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._ends: Ends | None = None

    @classmethod
    def open(cls, path: Path) -> SqliteEventStore:
        """Open the store to write it. Raises `LedgerUnavailable` as `open_to_write` does."""
        return cls(open_to_write(path))

    @contextmanager
    def turn(
        self, command_ids: Sequence[bytes] = (), calls: Sequence[CallName] = ()
    ) -> Iterator[Turn]:
        """Have the turn; this process is the only writer, so nobody is waited for."""
        if self._ends is None:
            self._ends = self.ends()
        turn = Turn(self._ends, self.outcomes_of(command_ids), self._known_calls(calls), ())
        yield turn
        if turn.rows:
            self._append(turn.rows)
            self._ends = turn.rows.ends_after(turn.ends)

    def _append(self, rows: NewRows) -> None:
        with explained(), self._transaction():
            self._insert("calls", rows.calls)
            self._insert("events", rows.events)
            self._insert("refusals", rows.refusals)
            self._insert("outcomes", rows.outcomes)

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
    def _transaction(self) -> Iterator[None]:
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
            rows = self.rows(f"SELECT * FROM outcomes WHERE command_id IN ({marks})", *some)
            outcomes.extend(map(StoredOutcome._make, rows))
        return outcomes

    def _known_calls(self, names: Sequence[CallName]) -> list[CallName]:
        """Those of the calls that have events."""
        known: list[CallName] = []
        for start in range(0, len(names), LOOKED_UP_AT_ONCE):
            some = names[start : start + LOOKED_UP_AT_ONCE]
            marks = ",".join(["(?,?)"] * len(some))
            known += self.rows(
                # CROSS JOIN keeps the order: for `IN (VALUES …)` SQLite scans all calls.
                f"WITH asked (source, call_id) AS (VALUES {marks})"
                " SELECT source, call_id FROM asked CROSS JOIN calls USING (source, call_id)",
                *chain.from_iterable(some),
            )
        return known

    def quarantine(self, received_at: str, unreadable: Sequence[tuple[str, str, bytes]]) -> int:
        """Keep what could not be read in one transaction, and return the number of the last."""
        with explained(), self._transaction():
            self.connection.executemany(
                "INSERT INTO quarantine (received_at, origin, reason, original, state)"
                " VALUES (?, ?, ?, ?, 'waiting')",
                [(received_at, *one) for one in unreadable],
            )
            return last_of(self.connection, "quarantine", "number")

    def resolve(self, number: int, state: str, at: str, by: str, why: str) -> None:
        """Say how one that waits was resolved; the row and its bytes stay."""
        with explained(), self._transaction():
            self.connection.execute(
                "UPDATE quarantine SET state = ?, resolved_at = ?, resolved_by = ?, why = ?"
                " WHERE number = ? AND state = 'waiting'",
                (state, at, by, why, number),
            )
