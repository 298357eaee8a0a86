"""The event store in PostgreSQL: many writers, who take turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import psycopg

from infra.errors import LedgerUnavailable
from infra.postgresql import Postgresql, in_one_message
from ledger.store.interface import (
    CallName,
    Ends,
    EventStore,
    NewRows,
    Quarantined,
    StoredOutcome,
    Turn,
    TurnLost,
)
from ledger.store.postgresql_arrays import BytesArray, numbers_array
from ledger.store.postgresql_database import (
    ENDS_NOTED,
    WRITING_TURN,
    explained,
    open_to_write,
    refuse_lost,
)
from ledger.store.postgresql_reader import RETRY_SECONDS, PostgresqlReader

MOST_FOLLOWED = 20_000
"""Events of others that are looked at one by one; beyond them every call may have changed."""

APPEND = """
WITH begun AS (
    INSERT INTO calls SELECT * FROM unnest(%b::text[], %b::text[], %t::int8[])
),
happened AS (
    INSERT INTO events SELECT * FROM unnest(%t::int8[], %t::int8[], %t::int8[], %b::bytea[])
),
refused AS (
    INSERT INTO refusals SELECT * FROM unnest(%t::int8[], %b::bytea[])
)
INSERT INTO outcomes
SELECT * FROM unnest(%b::bytea[], %t::int8[], %t::int8[], %t::int8[], %t::int8[])
"""
"""One statement for all rows: each further one would be another wait for the server."""


class PostgresqlEventStore(PostgresqlReader, EventStore):
    """Appends groups in turns and reads events back, over one connection.

    A writer takes the lock, reads how far the ledger is, decides, copies its rows in and commits.
    The lock is let go after the commit can be seen: so positions are dense and in commit order,
    and no follower misses one.
    """

    def __init__(
        self,
        server: Postgresql,
        filled_from: str | None = None,
        most_followed: int = MOST_FOLLOWED,
    ) -> None:
        super().__init__(server, lambda server: open_to_write(server, filled_from))
        self._most_followed = most_followed
        self._known: Ends | None = None
        self._losing_since: float | None = None

    @classmethod
    def open(cls, server: Postgresql) -> PostgresqlEventStore:
        """Open the store to write it. Raises `LedgerUnavailable` as `open_to_write` does."""
        return cls(server)

    @classmethod
    def open_to_fill(cls, server: Postgresql, origin: str) -> PostgresqlEventStore:
        """Open an empty store, or one that is being filled from the same origin already."""
        return cls(server, origin)

    @contextmanager
    def turn(
        self, command_ids: Sequence[bytes] = (), calls: Sequence[CallName] = ()
    ) -> Iterator[Turn]:
        """Have the turn, over a new connection when the server had gone away.

        Where the connection is lost at the commit, the next turn sees whether the rows are there,
        because nobody has a turn before the server has finished or given up the one before.
        """
        with self._one_at_a_time:
            turn = self._persevering(lambda: self._begin(command_ids, calls))
            # Calls that are read from now on are as of this turn, whatever comes of it.
            self._known = turn.ends
            try:
                with explained(self._server):
                    yield turn
                    if turn.rows and not self.connection.closed:
                        self._append(turn.rows)
                        self._known = turn.rows.ends_after(turn.ends)
            except LedgerUnavailable:
                if not self.connection.closed:
                    raise
            finally:
                self._end_turn()
            if self.connection.closed and not self._is_there(turn.rows):
                raise self._lost()
            self._losing_since = None

    def _begin(self, command_ids: Sequence[bytes], calls: Sequence[CallName]) -> Turn:
        """Wait for the turn, and read what it tells."""
        try:
            with in_one_message(self.connection):
                self.connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                self.connection.execute(f"SELECT {WRITING_TURN}", prepare=True)
                ends_read = self.connection.execute(ENDS_NOTED, prepare=True)
                found = self._find_outcomes(command_ids)
            # Outside the pipeline: PostgreSQL 18 times no idle session whose last word was its end.
            self._in_turn = True
            known_calls = self._known_calls(calls)
            *read, given_position, given_number = cast(list[int], ends_read.fetchone())
            ends = Ends._make(read)
            refuse_lost(self._server, ends, self._known or ends)
            refuse_lost(self._server, ends, (given_position, given_number))
            outcomes = list(map(StoredOutcome._make, cast(Any, found.fetchall())))
            turn = Turn(ends, outcomes, known_calls, self._written_since_known(ends))
        except BaseException:
            self._end_turn()
            raise
        return turn

    def _end_turn(self) -> None:
        """Give the turn up; what is not committed is taken back."""
        self._in_turn = False
        if not self.connection.closed:
            with suppress(psycopg.Error):
                self.connection.rollback()

    def _lost(self) -> LedgerUnavailable:
        """A turn that is worth another one, or, when all were lost for long, an end."""
        now = time.monotonic()
        self._losing_since = self._losing_since or now
        if now - self._losing_since > self._server.patience_seconds / 2:
            return self._lost_for_long()
        time.sleep(RETRY_SECONDS)
        return TurnLost(f"The connection to {self._server} was lost: send the commands again.")

    def _is_there(self, rows: NewRows | None) -> bool:
        """Whether rows whose commit had no answer are in the ledger; nobody writes meanwhile."""
        if not rows:
            return False
        command_ids = [row[0] for row in rows.outcomes]
        try:
            turn = self._persevering(lambda: self._begin(command_ids, ()))
        finally:
            self._end_turn()
        return not set(rows.outcomes).isdisjoint(turn.outcomes)

    def _written_since_known(self, ends: Ends) -> Collection[int] | None:
        """The calls that others have appended to since this writer's last turn."""
        known = self._known
        if known is None or known.position == ends.position:
            return ()
        if ends.position - known.position > self._most_followed:
            return None
        rows = self.rows(
            "SELECT DISTINCT call FROM events WHERE position BETWEEN ? AND ?",
            known.position + 1,
            ends.position,
        )
        return [call for (call,) in rows]

    def _append(self, rows: NewRows) -> None:
        """Append the rows and commit, in one message: the server is waited for once."""
        sources, call_ids, begun = columns_of(rows.calls, 3)
        *places, documents = columns_of(rows.events, 4)
        numbers, refusals = columns_of(rows.refusals, 2)
        command_ids, *came_to = columns_of(rows.outcomes, 5)
        columns = [
            *(sources, call_ids, numbers_array(begun)),
            *(*map(numbers_array, places), BytesArray(documents)),
            *(numbers_array(numbers), BytesArray(refusals)),
            *(BytesArray(command_ids), *map(numbers_array, came_to)),
        ]
        with in_one_message(self.connection):
            self.connection.execute(APPEND, columns, prepare=True)
            committed = self.connection.execute("COMMIT")
        check_committed(committed)

    def outcomes_of(self, command_ids: Sequence[bytes]) -> list[StoredOutcome]:
        """The outcomes of those of the commands that have one."""
        found = self._read(lambda: self._find_outcomes(command_ids).fetchall())
        return list(map(StoredOutcome._make, cast(Any, found)))

    def _find_outcomes(self, command_ids: Sequence[bytes]) -> psycopg.Cursor[Any]:
        cursor = self.connection.cursor(binary=True)
        return cursor.execute(
            "SELECT * FROM outcomes WHERE command_id = ANY (%b::bytea[])",
            (BytesArray(command_ids),),
            prepare=True,
        )

    def _known_calls(self, names: Sequence[CallName]) -> list[CallName]:
        """Those of the calls that have events."""
        return self.rows(
            # LIMIT keeps the planner from joining by a scan of all calls.
            "SELECT found.* FROM unnest(?::text[], ?::text[]) AS asked (source, call_id)"
            " CROSS JOIN LATERAL (SELECT source, call_id FROM calls WHERE"
            " source = asked.source AND call_id = asked.call_id LIMIT 1) AS found",
            *columns_of(names, 2),
        )

    def quarantine(self, received_at: str, unreadable: Sequence[tuple[str, str, bytes]]) -> int:
        """Keep what could not be read in one transaction, and return the number of the last."""
        origins, reasons, originals = zip(*unreadable, strict=True)
        rows = self._write_rows(
            "INSERT INTO quarantine SELECT last + row, ?, origin, reason, original, 'waiting'"
            " FROM (SELECT coalesce(max(number), 0) FROM quarantine) AS present (last),"
            " unnest(?::text[], ?::text[], ?::bytea[]) WITH ORDINALITY"
            " AS unreadable (origin, reason, original, row) RETURNING number",
            received_at,
            list(map(without_null, origins)),
            list(map(without_null, reasons)),
            list(originals),
        )
        return int(max(number for (number,) in rows))

    def resolve(self, number: int, state: str, at: str, by: str, why: str) -> None:
        """Say how one that waits was resolved; the row and its bytes stay."""
        self._write_rows(
            "UPDATE quarantine SET state = ?, resolved_at = ?, resolved_by = ?, why = ?"
            " WHERE number = ? AND state = 'waiting' RETURNING number",
            state,
            at,
            by,
            why,
            number,
        )

    @contextmanager
    def _quarantine_turn(self) -> Iterator[None]:
        """A turn within an attempt: what is not committed inside is taken back."""
        self._begin((), ())
        try:
            yield
        finally:
            self._end_turn()

    def _write_rows(self, statement: str, *parameters: object) -> list[Any]:
        """Write in a turn; never twice, so a connection lost at the commit is an error."""
        sent = False

        def attempt() -> list[Any]:
            nonlocal sent
            if sent:
                raise LedgerUnavailable(
                    f"The connection to {self._server} was lost while quarantine "
                    "was written: list it to see what it has, and try again."
                )
            with self._quarantine_turn():
                rows = self.rows(statement, *parameters)
                sent = True
                check_committed(self.connection.execute("COMMIT"))
            return rows

        with self._one_at_a_time:
            return self._persevering(attempt)

    def keep_quarantined(self, read: Callable[[int], Sequence[Quarantined]]) -> int:
        """Append what `read` has after the last number there is; return how many those were."""

        def attempt() -> int:
            with self._quarantine_turn():
                ((last,),) = self.rows("SELECT coalesce(max(number), 0) FROM quarantine")
                kept = [tuple(map(without_null, one)) for one in read(last)]
                marks = ", ".join(["%s"] * len(Quarantined._fields))
                with self.connection.cursor() as cursor:
                    cursor.executemany(f"INSERT INTO quarantine VALUES ({marks})".encode(), kept)
                check_committed(self.connection.execute("COMMIT"))
            return len(kept)

        with self._one_at_a_time:
            return self._persevering(attempt)

    def end_filling(self) -> None:
        """From now on everybody may use the store."""
        with self._one_at_a_time, explained(self._server):
            self.connection.execute("UPDATE call_ledger SET filled_from = NULL")

    def close(self) -> None:
        """Close the connection; a writer notes its last ends first."""
        with self._one_at_a_time:
            self._closed = True
            if self._known is not None and not self.connection.closed:
                with suppress(psycopg.Error, LedgerUnavailable):
                    self._begin((), ())
                    self._end_turn()
            self.connection.close()


def check_committed(cursor: psycopg.Cursor[Any]) -> None:
    """A transaction that has failed answers COMMIT with a rollback, and no error."""
    if cursor.statusmessage != "COMMIT":
        raise psycopg.errors.InFailedSqlTransaction("the transaction was rolled back")


def columns_of(rows: Sequence[tuple[Any, ...]], count: int) -> Iterable[list[Any]]:
    """The rows by column; so many empty ones when there is none."""
    return map(list, zip(*rows, strict=True)) if rows else [[]] * count


def without_null(value: Any) -> Any:
    """A text without the one character that PostgreSQL does not keep; anything else as it is."""
    return value.replace("\0", "\N{SYMBOL FOR NULL}") if isinstance(value, str) else value
