"""Statements that are executed again and again, parsed the first time only.

DuckDB plans a statement anew each time; of a small batch's time, parsing alone would be a tenth.
"""

from __future__ import annotations

import duckdb


class ParsedOnce:
    """Executes over a connection, and remembers what it parsed: few statements, for long."""

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
