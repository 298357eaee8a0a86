"""What was recorded, read again beside the tables that answer: only what differs is kept.

It is written beside the current tables, and put in its place by the swap of the rebuild that
reads it. Whoever computes tables meanwhile reads it as if it were there already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import duckdb
import pyarrow as pa

from ledger.identity import fingerprint_from, fingerprint_of
from ledger.store.interface import Ends
from projections import comparing, dead_letters
from projections.batches import Positions, registered
from projections.columns import (
    BODY,
    EVENT_COLUMNS,
    REFUSAL_BODY,
    REFUSAL_COLUMNS,
    rows_of,
    table_of,
)
from projections.comparing import Changed, Compared
from projections.dead_letters import DeadLetter
from projections.errors import ProjectionError, UnreadableEvent
from projections.file_layout import SCHEMAS
from projections.models import Kind, Model
from projections.unreadable import (
    NO_ROWS,
    dead_letter_of,
    dead_letter_of_refusal,
    event_is_unreadable,
    refusal_is_unreadable,
    unreadable,
)

BESIDE: Final = SCHEMAS[0]
"""The schema of what differs: what is in it and belongs to no current model is dropped."""

FIRST_ROW: Final = "select command_id, recorded_at from main.events where position = 1"

AS_BEFORE: Final = (
    "The tables are as before. Restore what was read from a copy, or go on without it, which is"
    " kept in the quarantine: add --set-aside-unreadable."
)


class Source(Protocol):
    """Where everything is read again: a feed of this process, or of one that asks for it."""

    @property
    def name(self) -> str:
        """What it is, such as 'event store'."""
        ...

    def head(self) -> Ends:
        """How far it goes."""
        ...

    def events(self) -> Iterator[pa.Table]:
        """All events in order: `position`, `call_position` and `document`."""
        ...

    def refusals(self) -> Iterator[pa.Table]:
        """All refusals in order: `refusal_number` and `document`."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """One of the two tables that the file keeps of what was recorded."""

    table: str
    key: str
    columns: dict[str, tuple[str, str]]
    body: dict[str, str]
    said: tuple[str, ...]
    """The columns that a source has."""
    dead_letter_of: Callable[[Any], DeadLetter]
    why: Callable[[Any, str], str]

    @property
    def names(self) -> str:
        return ", ".join(self.columns)

    @property
    def current(self) -> str:
        return f"main.{self.table}"

    @property
    def beside(self) -> str:
        return f"{BESIDE}.{self.table}"

    @property
    def read(self) -> str:
        return f"temp.read_{self.table}"

    @property
    def differing(self) -> str:
        return f"temp.differing_{self.table}"


EVENTS: Final = Kept(
    *("events", "position", EVENT_COLUMNS, BODY, ("position", "call_position", "document")),
    *(dead_letter_of, event_is_unreadable),
)
REFUSALS: Final = Kept(
    *("refusal_events", "refusal_number", REFUSAL_COLUMNS, REFUSAL_BODY),
    *(("refusal_number", "document"), dead_letter_of_refusal, refusal_is_unreadable),
)


@dataclass(slots=True)
class Anew:
    """What a rebuild reads again, on its own connection."""

    connection: duckdb.DuckDBPyConnection
    sets_aside: bool = False
    """Whether what cannot be read becomes a dead letter."""
    until: Ends = field(default_factory=lambda: Ends(0, 0))
    """How far it was read."""
    _name: str = ""
    _unread: list[DeadLetter] = field(default_factory=list)
    _differs: set[str] = field(default_factory=set)

    def read(self, source: Source, now: Positions, told: Callable[[int, int], None]) -> None:
        """Read as far as both the source and the models are.

        Raises `UnreadableEvent`, unless such are set aside.
        """
        head, self._name = source.head(), source.name
        self.until = Ends(
            min(head.position, now.projected_position),
            min(head.refusal_number, now.projected_refusal_number),
        )
        for kept in (EVENTS, REFUSALS):
            self._make(kept)
        for table in up_to(source.events(), "position", self.until.position):
            if table["position"][0].as_py() == 1:
                self._check_first(values_of(table["document"].slice(0, 1))[0])
            self._take(EVENTS, table)
            told(table["position"][-1].as_py(), self.until.position)
        for table in up_to(source.refusals(), "refusal_number", self.until.refusal_number):
            self._take(REFUSALS, table)
        self._show_beside()

    def seconds_to_read(self, source: Source, now: Positions) -> float:
        """How long it would take to read all, measured on what comes first, in a transaction.

        Raises as `read` does.
        """
        end = min(source.head().position, now.projected_position)
        self._name = source.name
        self._make(EVENTS)
        began = time.monotonic()
        for table in up_to(source.events(), "position", end):
            self._take(EVENTS, table)
            return (time.monotonic() - began) * end / len(table)
        return 0.0

    @property
    def events(self) -> str:
        """Where the events are as they were read."""
        return self._place(EVENTS)

    @property
    def refusals(self) -> str:
        """Where the refusals are as they were read."""
        return self._place(REFUSALS)

    def compare(self) -> list[Changed]:
        """Add what differs to the temporary table `differences`, and count it."""
        changed = []
        for kept in (EVENTS, REFUSALS):
            if kept.table in self._differs:
                model = Model(kept.table, "", "", "", Kind.TABLE, (kept.key,), frozenset())
                compared = Compared(model, kept.current, kept.beside)
                which = f"{kept.key} in (select {kept.key} from {kept.differing})"
                comparing.compare(self.connection, compared, which)
                if one := comparing.summary(self.connection, compared):
                    replaced = self._count(f"{kept.current} where {which}")
                    rows_after = one.rows_before + one.rows_after - replaced
                    changed.append(one._replace(rows_after=rows_after))
        return changed

    def put_in_place(self) -> None:
        """Replace what differs, in the caller's transaction, while nobody else writes.

        The calls whose dead letters come or go are noted to be computed again.
        """
        execute = self.connection.execute
        for kept in (EVENTS, REFUSALS):
            if kept.table in self._differs:
                execute(
                    f"delete from {kept.current}"
                    f" where {kept.key} in (select {kept.key} from {kept.differing})"
                )
                execute(
                    f"insert into {kept.current} by name select {kept.names} from {kept.beside}"
                )
            execute(f"drop table {kept.beside}")
        self._differs.clear()
        calls = dead_letters.read_after_all(self.connection)
        known = dead_letters.missing(self.connection)
        new = [one for one in self._unread if one.position is None or one.position not in known]
        dead_letters.keep(self.connection, new)
        calls += [one.call_position for one in new if one.call_position]
        for call in calls:
            execute("insert into main.calls_to_recompute_aside values (?)", [call])

    def _check_first(self, document: bytes) -> None:
        """Refuse a source of another ledger: each event would be another, and replaced."""
        rows = self.connection.execute(FIRST_ROW).fetchall()
        with suppress(ValueError, KeyError, TypeError):
            if rows and fingerprint_of(document) != fingerprint_from(*rows[0]):
                raise ProjectionError(
                    f"The {self._name} is of another ledger than the tables: name another one, or"
                    " another folder with --ledger."
                )

    def _make(self, kept: Kept) -> None:
        execute = self.connection.execute
        execute(f"drop table if exists {kept.beside}")
        execute(table_of(kept.beside, kept.columns))
        execute(f"drop table if exists {kept.read}")
        execute(table_of(kept.read, kept.columns).replace("create", "create temp", 1))
        execute(f"create or replace temp table {kept.differing} ({kept.key} bigint)")

    def _take(self, kept: Kept, table: pa.Table) -> None:
        """Compare some rows with those that are there, and keep those that differ."""
        first, last = table[kept.key][0].as_py(), table[kept.key][-1].as_py()
        try:
            self._insert(kept, table)
        except NO_ROWS:
            self._insert(kept, self._without_unreadable(kept, table))
        hashed = f"select {kept.key}, hash({kept.names}) as row_hash"
        execute = self.connection.execute
        execute(f"""
            create or replace temp table differing_now as
            select distinct {kept.key} from (
                {hashed}, 1 as side from {kept.read}
                union all
                {hashed}, -1 from {kept.current} where {kept.key} between {first} and {last}
            )
            group by {kept.key}, row_hash having sum(side) <> 0
        """)
        if execute("from differing_now limit 1").fetchall():
            self._differs.add(kept.table)
            execute(f"insert into {kept.differing} from differing_now")
            execute(
                f"insert into {kept.beside} by name select {kept.names} from {kept.read}"
                f" where {kept.key} in (from differing_now)"
            )
        execute(f"truncate {kept.read}")

    def _insert(self, kept: Kept, table: pa.Table) -> None:
        rows = rows_of("read_again", kept.columns, kept.body)
        with registered(self.connection, "read_again", table):
            self.connection.execute(f"insert into {kept.read} by name {rows}")

    def _without_unreadable(self, kept: Kept, table: pa.Table) -> pa.Table:
        rows = list(zip(*(values_of(table[name]) for name in kept.said), strict=True))

        def insert(_: Anew, some: Any) -> None:
            self._insert(kept, table_of_rows(kept, some))

        bad = unreadable(self, rows, insert)
        if bad and not self.sets_aside:
            raise UnreadableEvent(f"{kept.why(bad[0], self._name)} {AS_BEFORE}")
        self._unread += map(kept.dead_letter_of, bad)
        holes = {one[0] for one in bad}
        return table_of_rows(kept, [one for one in rows if one[0] not in holes])

    def _show_beside(self) -> None:
        for kept in (EVENTS, REFUSALS):
            self.connection.execute(f"drop table {kept.read}")
            if kept.table in self._differs:
                self.connection.execute(
                    f"create or replace temp view {kept.table}_as_read as"
                    f" select {kept.names} from {kept.current}"
                    f" anti join {kept.differing} using ({kept.key})"
                    f" union all select {kept.names} from {kept.beside}"
                )

    def _place(self, kept: Kept) -> str:
        return f"temp.{kept.table}_as_read" if kept.table in self._differs else kept.current

    def _count(self, which: str) -> int:
        return int(self.connection.execute(f"select count(*) from {which}").fetchall()[0][0])


def up_to(tables: Iterator[pa.Table], key: str, last: int) -> Iterator[pa.Table]:
    """Tables in order, until a number."""
    if not last:
        return
    for table in tables:
        surplus = table[key][-1].as_py() - last
        yield table.slice(0, len(table) - max(surplus, 0))
        if surplus >= 0:
            return


def table_of_rows(kept: Kept, rows: list[Any]) -> pa.Table:
    """Rows as a source has them; their documents need not be text."""
    columns = list(zip(*rows, strict=True)) or [()] * len(kept.said)
    arrays = [pa.array(column, pa.int64()) for column in columns[:-1]]
    documents = pa.array(columns[-1], pa.binary()).view(pa.string())
    return pa.table(dict(zip(kept.said, [*arrays, documents], strict=True)))


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """A column's values; documents as bytes."""
    if pa.types.is_string(column.type):
        return [one for chunk in column.chunks for one in chunk.view(pa.binary()).to_pylist()]
    values: list[Any] = column.to_pylist()
    return values
