"""How the rows of the models are computed: for the calls that a batch touched, or for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

import duckdb

from projections.batches import Positions
from projections.kept_inserts import KeptInserts
from projections.kept_plans import are_worth_it, kept_plans
from projections.models import Kind, Model, Models

PART_EVENTS = 500_000
"""A rebuild takes the calls that began among so many events at a time."""

FEW_CALLS: Final = 20_000
"""Up to so many calls are computed in memory, by plans that are kept, from the second time on."""

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
    rows_until: float = inf
    """Calls that began after this position have no rows yet. A rebuild does not know one."""

    def table(self, model: Model) -> str:
        """The table that the model's rows are put into."""
        return f"{self.into[model.name]}.{model.name}"


class Computing:
    """Computes into schemas of the file, in its caller's transaction."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Models,
        part_events: int = PART_EVENTS,
    ) -> None:
        self._connection = connection
        self._models = models
        self._part_events = part_events
        self.inserts = KeptInserts(connection)

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
        ((count, oldest),) = execute("select count(*), min(call_position) from touched").fetchall()
        if oldest is not None:
            # The number itself, not a subquery, so that older parts of a table are skipped.
            touched = f"call_position >= {oldest} and call_position in (from touched)"
            if oldest <= work.rows_until:
                for model in self._needed(work):
                    if model.kind is Kind.TABLE:
                        execute(f"delete from {work.table(model)} where {touched}")
            if count <= FEW_CALLS and are_worth_it("models"):
                self._compute_few(work, oldest, touched)
            else:
                self._compute(work, f"position >= {oldest} and {touched}", touched, "table")
        if positions.refusal_number > positions.projected_refusal_number:
            after, until = positions.projected_refusal_number, positions.refusal_number
            self._take_refusals(work, after, until)

    def parts(self, last_position: int) -> range:
        """Where each part begins that all calls are taken in."""
        return range(0, last_position, self._part_events)

    def make_tables(self, work: Work, refusal_number: int) -> None:
        """Make the tables, with the refusals up to a number and without a call.

        They have no index: with a small log DuckDB 2.0 lost entries of one when it was killed again
        and again, found rows no more, and failed when it deleted them.
        """
        for model in self._models.kept:
            if model.name in work.into:
                columns = self._models.table_columns[model.name]
                self._connection.execute(f"create table {work.table(model)} ({columns})")
        if refusal_number > 0:
            self._take_refusals(work, 0, refusal_number)

    def part(self, work: Work, start: int) -> None:
        """Add the rows of the calls that began in a part."""
        calls = f"call_position between {start + 1} and {start + self._part_events}"
        self._compute(work, f"position > {start} and {calls}", calls)

    def _compute(self, work: Work, events: str, calls: str, events_as: str = "view") -> None:
        """Add rows computed from these events, all that their calls have, as a table or a view."""
        execute = self._connection.execute
        execute(f"create or replace temp {events_as} source_events as {self._events(work, events)}")
        for name in self._only_read(work):
            self._show_calls(f"{work.beside[name]}.{name}", name, calls)
        for model in self._needed(work):
            if model.kind is Kind.STEP:
                execute(f"create or replace temp table {model.name} as {model.sql}")
                continue
            table = work.table(model)
            execute(f"insert into {table} {model.sql}")
            if model.name in self._models.tables_read:
                self._show_calls(table, model.name, calls)
        self._forget(work, events_as)

    def _compute_few(self, work: Work, oldest: int, calls: str) -> None:
        """As `_compute`, for few calls: by plans that are kept, over Arrow tables."""
        read = {
            "source_events": self._events(work, f"position >= {oldest} and {calls}"),
            # Models join them to their calls: to pick those of these calls takes twice as long.
            "dead_letters": "select * exclude (original) from main.dead_letters"
            f" where call_position >= {oldest}",
        }
        for name in self._only_read(work):
            read[name] = f"select * from {work.beside[name]}.{name} where {calls}"
        with kept_plans() as plans:
            for model, rows in plans.rows_of_models(self._connection, read, self._needed(work)):
                if model.kind is Kind.TABLE and len(rows):
                    self.inserts.insert(work.table(model), rows)

    def _show_calls(self, table: str, name: str, calls: str) -> None:
        rows = f"select * from {table} where {calls}"
        self._connection.execute(f"create or replace temp view {name} as {rows}")

    def _only_read(self, work: Work) -> list[str]:
        """The tables that are read, and not computed themselves."""
        read = {name for model in self._needed(work) for name in model.reads}
        return sorted(read & self._models.tables_read - work.into.keys())

    def _needed(self, work: Work) -> tuple[Model, ...]:
        return self._models.needed_for(work.into)

    def _events(self, work: Work, which: str) -> str:
        """The query for these events, with the columns that models read."""
        return f"select {', '.join(self._models.columns_read)} from {work.events} where {which}"

    def _forget(self, work: Work, events_as: str) -> None:
        """Drop what would stand in front of the whole tables in whatever is asked next."""
        computed = {model.name for model in self._needed(work)}
        for model in self._models.by_call:
            if model.kind is Kind.STEP and model.name in computed:
                self._connection.execute(f"drop table temp.{model.name}")
        self._connection.execute(f"drop {events_as} temp.source_events")
        read = computed & self._models.tables_read
        for name in (*sorted(read), *self._only_read(work)):
            self._connection.execute(f"drop view temp.{name}")

    def _take_refusals(self, work: Work, after: int, until: int) -> None:
        self._connection.execute(
            "create or replace temp view source_refusals as select *"
            f" from {work.refusals} where refusal_number > {after} and refusal_number <= {until}"
        )
        for model in self._models.kept:
            if model.is_by_refusal and model.name in work.into:
                self._connection.execute(f"insert into {work.table(model)} {model.sql}")
        self._connection.execute("drop view temp.source_refusals")
