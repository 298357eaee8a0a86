"""Statements that were checked before: the ledger asks the same ones again and again.

To parse one anew takes a tenth of the time of a call's page.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import duckdb

from projections.serving.permitted import check
from projections.serving.protocol import Question
from projections.serving.readable import readable_by_the_ledger, without_schemas

MOST: Final = 200
"""How many are known at most, each of at most 100,000 characters."""


class Checked(NamedTuple):
    """A statement that may be asked."""

    statement: duckdb.Statement
    tables: frozenset[str]
    """The tables that it reads."""


class CheckedStatements:
    """Knows a statement once it is checked."""

    def __init__(self) -> None:
        self._checked: dict[tuple[str, bool], Checked] = {}

    def checked(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> Checked:
        """The question's statement, parsed. Raises as `check` does."""
        is_of_now = question.as_of is None
        checked = self._checked.get((question.sql, is_of_now))
        if checked is None:
            readable = readable_by_the_ledger()
            if not is_of_now:
                readable = without_schemas(readable)
            tables = check(cursor, question.sql, readable)
            (statement,) = cursor.extract_statements(question.sql)
            checked = Checked(statement, tables)
            if len(self._checked) >= MOST:
                self._checked.clear()
            self._checked[question.sql, is_of_now] = checked
        return checked
