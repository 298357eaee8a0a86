"""Parsed statements, for those that are executed again and again.

DuckDB plans a statement anew each time, and parses it first: of a small batch's time that is a
tenth, and of a model's with all that it reads a quarter.
"""

from __future__ import annotations

from typing import Final

import duckdb

MOST: Final = 500
"""How many are kept at most."""


class ParsedStatements:
    """Keeps what was parsed, for any connection of one database."""

    def __init__(self) -> None:
        self._parsed: dict[str, duckdb.Statement] = {}

    def of(self, connection: duckdb.DuckDBPyConnection, statement: str) -> duckdb.Statement:
        """The single statement, parsed. Raises `duckdb.Error`."""
        parsed = self._parsed.get(statement)
        if parsed is None:
            (parsed,) = connection.extract_statements(statement)
            if len(self._parsed) >= MOST:
                self._parsed.clear()
            self._parsed[statement] = parsed
        return parsed


class StatementCache:
    """Executes on one connection and keeps what it parsed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._parsed = ParsedStatements()

    def execute(self, statement: str) -> None:
        """Execute a single statement. Raises `duckdb.Error`."""
        self._connection.execute(self._parsed.of(self._connection, statement))
