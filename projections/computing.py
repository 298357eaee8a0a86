"""How the rows of the models are computed: for the calls that a batch touched, or for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import duckdb

from projections.batches import Positions
from projections.models import Kind, Model, Models
from projections.statement_cache import StatementCache

PART_EVENTS = 500_000
"""A rebuild takes the calls that began among so many events at a time."""

MAKE: Final = "create table {} as"
ADD: Final = "insert into {}"

Places = Mapping[str, str]
"""The schema that has each table's rows."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is computed, from what, and where to."""

    into: Places
    """The tables to compute."""
    beside: Places = field(default_factory=dict)
    """Where the tables are that are only read."""
    events: str = "main.events"
    refusals: str = "main.refusal_events"
    calls_again: str = "main.calls_to_recompute"
    """The calls to be computed again though no event of theirs is new."""


class Computing:
    """Computes into schemas of the file, in its caller's transaction."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, models: Models, part_events: int = PART_EVENTS
    ) -> None:
        self._connection = connection
        self._models = models
        self._statements = StatementCache(connection)
        self._part_events = part_events

    def touched(self, work: Work, positions: Positions) -> None:
        """Replace the rows of the calls touched since the models were brought up.

        Which calls these are is in the temporary table `touched` then.
        """
        execute = self._connection.execute
        execute(
            f"create or replace temp table touched as select call_position from {work.events}"
            f" where position > {positions.projected_position}"
            f" union select call_position from {work.calls_again}"
        )
        oldest = execute("select min(call_position) from touched").fetchall()[0][0]
        if oldest is not None:
            touched = (
                # The number itself, not a subquery, so that older parts of a table are skipped.
                f"call_position >= {oldest}"
                " and call_position in (select call_position from touched)"
            )
            self._read_events(work, "table", f"position >= {oldest} and {touched}")
            for name in self._only_read(work):
                rows = f"select * from {work.beside[name]}.{name} where {touched}"
                execute(f"create or replace temp table {name} as {rows}")
            for model in self._models.needed_for(work.into):
                rows = model.sql
                if model.kind is Kind.STEP or model.name in self._models.tables_read:
                    self._statements.execute(f"create or replace temp table {model.name} as {rows}")
                    rows = f"from temp.{model.name}"
                if model.kind is Kind.TABLE:
                    table = f"{work.into[model.name]}.{model.name}"
                    execute(f"delete from {table} where {touched}")
                    self._statements.execute(f"insert into {table} {rows}")
            self._forget(work, "table")
        if positions.refusal_number > positions.projected_refusal_number:
            after, until = positions.projected_refusal_number, positions.refusal_number
            self._take_refusals(work, after, until, ADD)

    def parts(self, last_position: int) -> range:
        """Where each part begins that all calls are taken in."""
        return range(0, max(last_position, 1), self._part_events)

    def make_tables(self, work: Work, refusal_number: int) -> None:
        """Make the tables, with the refusals up to a number and without a call.

        They have no index: with a small log DuckDB 2.0 lost entries of one when it was killed again
        and again, found rows no more, and failed when it deleted them.
        """
        self._take_refusals(work, 0, refusal_number, MAKE)
        self._compute(work, "false", "false", MAKE)

    def part(self, work: Work, start: int) -> None:
        """Add the rows of the calls that began in a part."""
        calls = f"call_position between {start + 1} and {start + self._part_events}"
        self._compute(work, f"position > {start} and {calls}", calls, ADD)

    def _compute(self, work: Work, events: str, calls: str, into: str) -> None:
        """Compute rows from these events, all that their calls have."""
        execute = self._connection.execute
        self._read_events(work, "view", events)
        for name in self._only_read(work):
            self._show_calls(f"{work.beside[name]}.{name}", name, calls)
        for model in self._models.needed_for(work.into):
            if model.kind is Kind.STEP:
                execute(f"create or replace temp table {model.name} as {model.sql}")
                continue
            table = f"{work.into[model.name]}.{model.name}"
            execute(f"{into.format(table)} {model.sql}")
            if model.name in self._models.tables_read:
                self._show_calls(table, model.name, calls)
        self._forget(work, "view")

    def _show_calls(self, table: str, name: str, calls: str) -> None:
        rows = f"select * from {table} where {calls}"
        self._connection.execute(f"create or replace temp view {name} as {rows}")

    def _only_read(self, work: Work) -> list[str]:
        """The tables that are read, and not computed themselves."""
        read = {name for model in self._needed(work) for name in model.reads}
        return sorted(read & self._models.tables_read - work.into.keys())

    def _needed(self, work: Work) -> tuple[Model, ...]:
        return self._models.needed_for(work.into)

    def _read_events(self, work: Work, kind: str, which: str) -> None:
        """Let the models read these events, all that their calls have, as a table or a view."""
        self._connection.execute(
            f"create or replace temp {kind} source_events as"
            f" select {', '.join(self._models.columns_read)} from {work.events} where {which}"
        )

    def _forget(self, work: Work, kind: str) -> None:
        """Drop what would stand in front of the whole tables in whatever is asked next."""
        computed = {model.name for model in self._needed(work)}
        for model in self._models.by_call:
            if model.kind is Kind.STEP and model.name in computed:
                self._connection.execute(f"drop table temp.{model.name}")
        read = computed & self._models.tables_read
        for name in ("source_events", *sorted(read), *self._only_read(work)):
            self._connection.execute(f"drop {kind} temp.{name}")

    def _take_refusals(self, work: Work, after: int, until: int, into: str) -> None:
        self._connection.execute(
            "create or replace temp view source_refusals as select *"
            f" from {work.refusals} where refusal_number > {after} and refusal_number <= {until}"
        )
        for model in self._models.kept:
            if model.is_by_refusal and model.name in work.into:
                table = f"{work.into[model.name]}.{model.name}"
                self._connection.execute(f"{into.format(table)} {model.sql}")
        self._connection.execute("drop view temp.source_refusals")
