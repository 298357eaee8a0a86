"""Statements that were checked before: the ledger asks the same ones again and again.

To parse one anew takes a tenth of the time of a call's page.
"""

from __future__ import annotations

from typing import Final

import duckdb

from projections.serving.permitted import check
from projections.serving.protocol import Question
from projections.serving.readable import readable_by_the_ledger, without_schemas

MOST: Final = 200
"""How many are known at most, each of at most 100,000 characters."""


class CheckedStatements:
    """Knows the tables that a statement reads, once it is checked."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, bool], frozenset[str]] = {}

    def tables_named(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
        """The tables that the question's statement reads. Raises as `check` does."""
        is_of_now = question.as_of is None
        tables = self._tables.get((question.sql, is_of_now))
        if tables is None:
            readable = readable_by_the_ledger()
            if not is_of_now:
                readable = without_schemas(readable)
            tables = check(cursor, question.sql, readable)
            if len(self._tables) >= MOST:
                self._tables.clear()
            self._tables[question.sql, is_of_now] = tables
        return tables
