"""How the rows of the models are computed: for the calls that a batch touched, or for all."""

from __future__ import annotations

import duckdb

from projections.batches import Positions
from projections.models import Kind, columns_read, kept_models, models_by_call, tables_read
from projections.statement_cache import StatementCache

PART_EVENTS = 1_000_000
"""A rebuild takes the calls that began among so many events at a time."""


class Computing:
    """Computes into a schema of the file, in its caller's transaction."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, part_events: int = PART_EVENTS
    ) -> None:
        self._connection = connection
        self._statements = StatementCache(connection)
        self._part_events = part_events

    def touched(self, colour: str, positions: Positions) -> None:
        """Replace the rows of the calls touched since the models were brought up."""
        execute = self._connection.execute
        execute(
            "create or replace temp table touched as select call_position from main.events"
            f" where position > {positions.projected_position}"
            " union select call_position from main.calls_to_recompute"
        )
        oldest = execute("select min(call_position) from touched").fetchall()[0][0]
        if oldest is not None:
            touched = (
                # The number itself, not a subquery, so that older parts of a table are skipped.
                f"call_position >= {oldest}"
                " and call_position in (select call_position from touched)"
            )
            self._read_events("table", f"position >= {oldest} and {touched}")
            for model in models_by_call():
                rows = model.sql
                if model.kind is Kind.STEP or model.name in tables_read():
                    self._statements.execute(f"create or replace temp table {model.name} as {rows}")
                    rows = f"from temp.{model.name}"
                if model.kind is Kind.TABLE:
                    execute(f"delete from {colour}.{model.name} where {touched}")
                    self._statements.execute(f"insert into {colour}.{model.name} {rows}")
            self._forget("table")
        if positions.refusal_number > positions.projected_refusal_number:
            self._take_refusals(positions.projected_refusal_number, f"insert into {colour}.{{}}")

    def everything(self, colour: str, last_position: int) -> None:
        """Make the tables of this schema, some calls at a time, so that memory stays bounded.

        They have no index: with a small log DuckDB 2.0 lost entries of one when it was killed again
        and again, found rows no more, and failed when it deleted them.
        """
        execute = self._connection.execute
        execute(f"drop schema if exists {colour} cascade")
        execute(f"create schema {colour}")
        into = f"create table {colour}.{{}} as"
        self._take_refusals(0, into)
        for start in range(0, max(last_position, 1), self._part_events):
            of_part = f"call_position between {start + 1} and {start + self._part_events}"
            self._read_events("view", f"position > {start} and {of_part}")
            for model in models_by_call():
                if model.kind is Kind.STEP:
                    execute(f"create or replace temp table {model.name} as {model.sql}")
                    continue
                execute(f"{into.format(model.name)} {model.sql}")
                if model.name in tables_read():
                    rows = f"select * from {colour}.{model.name} where {of_part}"
                    execute(f"create or replace temp view {model.name} as {rows}")
            self._forget("view")
            into = f"insert into {colour}.{{}}"

    def _read_events(self, kind: str, which: str) -> None:
        """Let the models read these events, all that their calls have, as a table or a view."""
        self._connection.execute(
            f"create or replace temp {kind} source_events as"
            f" select {', '.join(columns_read())} from main.events where {which}"
        )

    def _forget(self, kind: str) -> None:
        """Drop what would stand in front of the whole tables in whatever is asked next."""
        for model in models_by_call():
            if model.kind is Kind.STEP:
                self._connection.execute(f"drop table temp.{model.name}")
        for name in ("source_events", *tables_read()):
            self._connection.execute(f"drop {kind} temp.{name}")

    def _take_refusals(self, after_number: int, into: str) -> None:
        self._connection.execute(
            "create or replace temp view source_refusals as"
            f" select * from main.refusal_events where refusal_number > {after_number}"
        )
        for model in kept_models():
            if model.is_by_refusal:
                self._connection.execute(f"{into.format(model.name)} {model.sql}")
        self._connection.execute("drop view temp.source_refusals")
