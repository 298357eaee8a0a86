"""Tables as of a moment, made on a connection of their own."""

from __future__ import annotations

from typing import Any

import duckdb

from projections.as_of import AsOf
from projections.database import Projections
from projections.tables_as_of import statements


def go_back(
    cursor: duckdb.DuckDBPyConnection,
    opened: Projections,
    as_of: AsOf,
    tables: set[str],
    only_call: int | None = None,
) -> None:
    """Let these tables be those of the moment, as the server does it."""

    def has_changed_calls() -> bool:
        return bool(cursor.execute("from temp.changed_calls limit 1").fetchall())

    for statement in statements(as_of, opened.path.stem, tables, only_call, has_changed_calls):
        cursor.execute(statement)


def rows_of_one(opened: Projections, as_of: AsOf, table: str) -> list[dict[str, Any]]:
    """One table as of the moment, when no other is asked for."""
    with opened.connection.cursor() as cursor:
        go_back(cursor, opened, as_of, {table})
        return in_order(cursor.sql(f"from {table}").to_arrow_table().to_pylist())


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=repr)
