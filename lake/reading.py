"""All shards at one version of the table, under the names that the reports read.

A call's fresh rows stand for those in its bucket, and of the fresh ones only the last count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import duckdb

from infra.errors import LedgerError
from lake.columns import (
    CALLS,
    DEAD_LETTERS,
    EVENTS,
    REFUSALS,
    made_by,
    shown,
    tables,
    tables_by_call,
)
from lake.place import LakePlace
from lake.rows import newest, records, rows_in
from lake.table import File, Lake
from projections.as_of import AsOf
from projections.models import MACROS, Kind, readable_models
from projections.serving.moment import NotYetKnown
from projections.serving.permitted import Readable, check
from projections.serving.protocol import Answer
from projections.serving.readable import (
    readable_by_everybody,
    readable_by_the_ledger,
    without_schemas,
)
from projections.serving.sandbox import USUAL, Bounds, Parameters, read
from projections.tables_as_of import statements

MEMORY_MEGABYTES: Final = 3_000
IN_MEMORY: Final = "memory"
"""What DuckDB calls the catalog of a connection without a file."""


class LakeReader:
    """Answers questions from the shards' tables, all of them as of one version."""

    def __init__(self, place: LakePlace, memory_megabytes: int = MEMORY_MEGABYTES) -> None:
        """Look at the table as it is now.

        Raises `LedgerMissing`, `LakeUnavailable`, and `LedgerError` for tables of another version.
        """
        lake = Lake(place)
        files = lake.files()
        self.version = lake.version
        found = records(lake, files)
        if any(one.made_by != made_by() for one in found.values()):
            raise LedgerError(
                f"The tables in {place} were made by another version of Call Ledger: use that one."
            )
        count = max((one.count for one in found.values()), default=1)
        self.positions = {
            f"{number}/{count}": found[number].position if number in found else 0
            for number in range(1, count + 1)
        }
        """How far each shard is."""
        self.position = min(self.positions.values())
        """Every event up to this position is in the tables, and of later ones some."""
        self._place = place
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_megabytes}MB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        with place.explained():
            place.show_to(self._connection)
            self._show(files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    @property
    def note(self) -> str:
        """How far each shard is, in words."""
        shards = ", ".join(f"{name} at {position:,}" for name, position in self.positions.items())
        return f"Positions of the shards: {shards}. The lowest is {self.position:,}."

    @property
    def facts(self) -> dict[str, Any]:
        """How far each shard is, and which version of the table was read."""
        return {"shards": self.positions, "table_version": self.version}

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own, with the lowest position of any shard.

        As of a moment, it is asked of the rows as they were then. Raises `QueryRefused`,
        `QueryFailed`, and `NotYetKnown` for a position beyond the lowest.
        """
        return self._answer(sql, parameters, bounds, as_of, readable_by_the_ledger())

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
    ) -> Answer:
        """Answer a statement that anybody has written, as `ask` does one of the ledger's own."""
        return self._answer(sql, parameters, bounds, as_of, readable_by_everybody())

    def _answer(
        self,
        sql: str,
        parameters: Parameters | None,
        bounds: Bounds,
        as_of: AsOf | None,
        readable: Readable,
    ) -> Answer:
        named = check(
            self._connection, sql, readable if as_of is None else without_schemas(readable)
        )
        before: list[str] = []
        if as_of is not None:
            if as_of.position > self.position:
                raise NotYetKnown(
                    f"Not every shard is beyond position {self.position:,} yet: name one up to it"
                    " with --known-at."
                )
            before = list(statements(as_of, IN_MEMORY, named))
        table, position = read(self._connection, sql, parameters, bounds, before)
        return Answer(table, position if as_of is None else as_of.position, self.note)

    def _show(self, files: Sequence[File]) -> None:
        execute = self._connection.execute
        execute("set timezone = 'UTC'")
        execute("set enable_progress_bar = false")
        execute(f"create table feed_positions as select {self.position} as projected_position")
        for name, macro in MACROS.items():
            execute(f"create macro {name}{macro}")
        of: dict[str, list[File]] = defaultdict(list)
        for one in files:
            of[one.table].append(one)
        fresh = rows_in(self._place, CALLS, [one for one in of[CALLS] if one.is_fresh])
        execute(
            "create table fresh_calls as"
            f" select call_position, max(revision) as revision from ({fresh}) group by all"
        )
        for name in tables_by_call():
            self._show_by_call(name, of[name])
        for name in (EVENTS, REFUSALS):
            self._view(name, rows_in(self._place, name, of[name]))
        last = newest(of[DEAD_LETTERS], DEAD_LETTERS)
        self._view(DEAD_LETTERS, rows_in(self._place, DEAD_LETTERS, [*last.values()]))
        for model in readable_models():
            if model.kind is Kind.VIEW:
                execute(f"create view {model.name} as {model.sql}")

    def _show_by_call(self, name: str, files: Sequence[File]) -> None:
        fresh = rows_in(self._place, name, [one for one in files if one.is_fresh])
        settled = rows_in(self._place, name, [one for one in files if not one.is_fresh])
        self._view(
            name,
            f"select * from ({settled}) anti join fresh_calls using (call_position) union all"
            f" select * from ({fresh}) semi join fresh_calls using (call_position, revision)",
        )

    def _view(self, name: str, rows: str) -> None:
        columns = shown(tables()[name])
        self._connection.execute(f"create view {name} as select {columns} from ({rows})")
