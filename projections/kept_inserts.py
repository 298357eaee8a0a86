"""Inserts into the tables of a file that are planned once, for rows that come in every round.

To plan an insert, and to give its rows a name, takes longer than to insert the few rows of a round.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pyarrow as pa

from projections.kept_plans import Given


class KeptInsert(NamedTuple):
    """One insert that is planned, and what it reads."""

    execution: duckdb.Statement
    given: Given


class KeptInserts:
    """Inserts on one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._kept: dict[str, KeptInsert] = {}

    def insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows by the names of their columns, in the caller's transaction.

        Raises `duckdb.Error` where one of them is none of the table.
        """
        kept = self._kept.get(table)
        if kept is None or kept.given.table.schema != rows.schema:
            kept = self._kept[table] = self._planned(table, rows.schema)
        kept.given.table = rows
        try:
            self._connection.execute(kept.execution)
        finally:
            kept.given.table = rows.schema.empty_table()

    def forget(self) -> None:
        """Plan anew: a transaction that is rolled back takes with it what plans read."""
        self._kept.clear()

    def _planned(self, table: str, schema: pa.Schema) -> KeptInsert:
        given = Given(schema.empty_table())
        name = table.replace(".", "_")
        self._connection.register(f"rows_for_{name}", given)
        self._connection.execute(
            f"prepare insert_into_{name} as insert into {table} by name from rows_for_{name}"
        )
        (execution,) = self._connection.extract_statements(f"execute insert_into_{name}")
        return KeptInsert(execution, given)
