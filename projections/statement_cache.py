"""A cache of parsed statements, for those that are executed again and again.

DuckDB plans a statement anew each time; of a small batch's time, parsing alone would be a tenth.
"""

from __future__ import annotations

import duckdb


class StatementCache:
    """Executes on one connection and keeps what it parsed: few statements, for long."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._parsed: dict[str, duckdb.Statement] = {}

    def execute(self, statement: str) -> None:
        """Execute a single statement. Raises `duckdb.Error`."""
        parsed = self._parsed.get(statement)
        if parsed is None:
            (parsed,) = self._connection.extract_statements(statement)
            self._parsed[statement] = parsed
        self._connection.execute(parsed)
