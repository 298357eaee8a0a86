"""Statements that DuckDB plans once, and executes over whatever Arrow tables they are given.

DuckDB plans a statement that reads a table anew each time it is executed, prepared or not, and one
that reads an Arrow stream only once. For a few hundred events planning takes as long as computing.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from projections.models import MACROS, Model


class Given:
    """What kept plans read under one name: the Arrow table that it was given last."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_schema__(self) -> object:
        return self.table.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class KeptPlans:
    """A DuckDB in memory of one thread, which is cheaper for few rows, with what models ask for.

    The thread is its own: whoever asks executes steps of a plan, too, but looks for signals after
    each, for which it waits for the interpreter where others are busy in it.
    """

    def __init__(self) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "external_threads": 0,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_access": False,
            },
        )
        self._connection.execute("set timezone = 'UTC'")
        for name, macro in MACROS.items():
            self._connection.execute(f"create macro {name}{macro}")
        self._given: dict[str, Given] = {}
        self._executions: dict[str, duckdb.Statement] = {}

    def give(self, name: str, table: pa.Table) -> None:
        """Let the name mean these rows in every statement from now on."""
        given = self._given.get(name)
        if given is not None and given.table.schema == table.schema:
            given.table = table
            return
        self._given[name] = Given(table)
        self._connection.register(name, self._given[name])
        if given is not None:
            # A plan is for the columns that it was made for; none has read a name that is new.
            self._executions.clear()

    def rows(self, query: str) -> pa.Table:
        """The rows of a query over what was given. Raises `duckdb.Error`."""
        execution = self._executions.get(query)
        if execution is None:
            name = f"kept_plan_{len(self._executions)}"
            self._connection.execute(f"prepare {name} as {query}")
            (execution,) = self._connection.extract_statements(f"execute {name}")
            self._executions[query] = execution
        table: pa.Table = self._connection.execute(execution).to_arrow_table()
        return table

    def rows_of_models(
        self,
        connection: duckdb.DuckDBPyConnection,
        read: Mapping[str, str],
        models: Iterable[Model],
    ) -> Iterator[tuple[Model, pa.Table]]:
        """Each model's rows, which those after it read.

        What they `read` beside, by its name, is what these queries give on a file's connection.
        Raises `duckdb.Error`.
        """
        for name, query in read.items():
            self.give(name, connection.execute(query).to_arrow_table())
        for model in models:
            rows = self.rows(model.sql)
            self.give(model.name, rows)
            yield model, rows

    def take_back(self) -> None:
        """Let go of the rows that were given, and keep the plans."""
        for given in self._given.values():
            given.table = given.table.schema.empty_table()

    def close(self) -> None:
        self._connection.close()


_unused: Final[list[KeptPlans]] = []
"""Those that nobody uses: each ledger that the process has open, and each of its threads, takes
one for as long as it computes, so that plans outlive the ledger that they were made for."""


@contextmanager
def kept_plans() -> Iterator[KeptPlans]:
    """Plans for this caller alone, those that others before it made among them."""
    try:
        plans = _unused.pop()
    except IndexError:
        plans = KeptPlans()
    try:
        yield plans
    except BaseException:
        plans.close()
        raise
    plans.take_back()
    _unused.append(plans)


_asked: Final[set[str]] = set()


def are_worth_it(for_what: str) -> bool:
    """Whether the process asks for it again: plans for one time cost more than they save."""
    is_asked_again = for_what in _asked
    _asked.add(for_what)
    return is_asked_again


@atexit.register
def _close_unused() -> None:
    while _unused:
        _unused.pop().close()
