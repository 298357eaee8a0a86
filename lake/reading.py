"""All shards at one version of the table, asked as the tables of a folder are."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict
from threading import Lock
from typing import Any, Final, Self

import duckdb

from infra.errors import LedgerError
from lake.columns import made_by
from lake.rows import FreshCalls, records
from lake.table import Lake
from lake.views import last_revisions, showing
from projections.as_of import AsOf
from projections.batches import registered
from projections.serving.checked_statements import CheckedStatements
from projections.serving.isolated import Task, answer_of
from projections.serving.moment import NotYetKnown
from projections.serving.protocol import Answer, Question
from projections.serving.sandbox import USUAL, Bounds, Parameters, read_at_once
from projections.tables_as_of import statements

MEMORY_MEGABYTES: Final = 3_000
IN_MEMORY: Final = "memory"
"""What DuckDB calls the catalog of a connection without a file."""

ANSWER: Final = Task("lake.isolated_process")
CALLS_OF_ID: Final = (
    "select source, call_position from calls where call_id = $call_id order by source"
)


class LakeReader:
    """Answers questions from the shards' tables, all of them as of one version; to any thread."""

    def __init__(
        self,
        lake: Lake,
        memory_megabytes: int = MEMORY_MEGABYTES,
        before: LakeReader | None = None,
    ) -> None:
        """Read the table as it was last looked at.

        What the reader of the version `before` has read and checked is not read and checked again.
        Raises `LakeUnavailable`, and `LedgerError` for tables of another version.
        """
        files = lake.files()
        self.version = lake.version
        self.size_bytes = sum(file.size_bytes for file in files)
        found = records(lake, files)
        if any(record.made_by != made_by() for record in found.values()):
            raise LedgerError(
                f"The tables in {lake.place} were made by another version of Call Ledger: use that"
                " one."
            )
        count = max((record.count for record in found.values()), default=1)
        self.positions = {
            f"{number}/{count}": found[number].position if number in found else 0
            for number in range(1, count + 1)
        }
        """How far each shard is."""
        self.position = min(self.positions.values())
        """Every event up to this position is in the tables, and of later ones some."""
        known = (record.first_event for record in found.values() if record.first_event is not None)
        self.first_event = next(known, None)
        """The fingerprint of the ledger's first event, once a shard knows it."""
        self._place = lake.place
        self._statements = showing(lake.place, files, self.position)
        self._fresh_calls: FreshCalls = FreshCalls() if before is None else before._fresh_calls
        self._checked: CheckedStatements = (
            CheckedStatements() if before is None else before._checked
        )
        self._shown: set[str] = set()
        self._showing = Lock()
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_megabytes}MB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        with lake.place.explained():
            lake.place.show_to(self._connection)
            for statement in self._statements.first:
                self._connection.execute(statement)
            fresh = self._fresh_calls.of(lake, files)
            with registered(self._connection, "calls_in_fresh_files", fresh):
                self._connection.execute(last_revisions("from calls_in_fresh_files"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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
        only_call: int | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own, with the lowest position of any shard.

        As of a moment, it is asked of the rows as they were then, which have nothing but
        `only_call` where it asks about one. Raises `QueryRefused`,
        `QueryFailed`, and `NotYetKnown` for a position beyond the lowest.
        """
        self._check_known(as_of)
        question = Question(sql, parameters, bounds=bounds, as_of=as_of)
        with self._connection.cursor() as cursor:
            statement, named = self._checked.checked(question, cursor)
            before = [] if as_of is None else list(statements(as_of, IN_MEMORY, named, only_call))
            self._show(named if as_of is None else self._statements.views.keys())
            table, position = read_at_once(cursor, statement, parameters, bounds, before)
        return Answer(table, position if as_of is None else as_of.position, self.note)

    def calls_of_id(self, call_id: str) -> list[tuple[str, int]]:
        """Source and call position of each call of this id, in the order of sources."""
        rows = self.ask(CALLS_OF_ID, {"call_id": call_id}).table.to_pylist()
        return [(row["source"], row["call_position"]) for row in rows]

    def recorded(self, call_position: int) -> None:
        """Nothing: published tables are read without any store."""

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        task: Task | None = None,
    ) -> Answer:
        """Answer a statement that anybody has written, as `ask` does one of the ledger's own.

        It is computed in a process of its own, which reads the files of this version and no other.
        `task` is what that process may read, and makes of the rows.
        """
        self._check_known(as_of)
        question = Question(sql, parameters, bounds=bounds, is_isolated=True, as_of=as_of)
        tables = {"published": {**asdict(self._place), "statements": self._statements.all}}
        answer = answer_of(tables, IN_MEMORY, question, task or ANSWER)
        return Answer(answer.table, answer.position, self.note)

    def _show(self, names: Set[str]) -> None:
        """Make the views that these names lead to, unless they are there."""
        with self._showing, self._place.explained():
            for name in self._statements.needed_for(names):
                if name not in self._shown:
                    self._connection.execute(self._statements.views[name])
                    self._shown.add(name)

    def _check_known(self, as_of: AsOf | None) -> None:
        if as_of is not None and as_of.position > self.position:
            raise NotYetKnown(
                f"Not every shard is beyond position {self.position:,} yet: name one up to it"
                " with --known-at."
            )
