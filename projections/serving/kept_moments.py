"""The tables of earlier moments, kept for the next question of the same moment.

To compute them is mostly to plan, and takes longer than most questions. A page asks several
questions of one moment, and an auditor asks for several pages.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import duckdb
import pyarrow as pa

from projections.as_of import AsOf
from projections.errors import ProjectionError
from projections.serving.checked_statements import Checked
from projections.serving.protocol import Question
from projections.serving.sandbox import read_at_once
from projections.statement_cache import ParsedStatements
from projections.tables_as_of import CHANGED_CALLS, missing

MOST: Final = 4
"""How many moments are kept."""

MOST_CALLS: Final = 10_000
"""A moment of more changed calls is not kept: they would take memory that others need."""

STATE: Final = """
select
  projected_position,
  (
    select string_agg(concat_ws(' ', model, schema_name, made_by), ',' order by model)
    from {main}.current_models
  ),
  (select max(dead_letter_number) from {main}.dead_letters),
  (select count(*) from {main}.dead_letters where state = 'waiting')
from {main}.feed_positions
"""
"""How far the tables are, and whatever else their rows of earlier events follow from."""


class TablesAreOther(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """What was kept of a moment is not what the tables give now."""


@dataclass(slots=True)
class Moment:
    """A connection, and what is made on it."""

    as_of: AsOf
    only_call: int | None
    """The call that its tables have alone."""
    catalog: str
    """The name under which the connection has the tables' file."""
    cursor: duckdb.DuckDBPyConnection
    parsed: ParsedStatements
    made: set[str] = field(default_factory=set)
    changed_call_count: int = 0
    position: int = 0
    """How far the tables were when last looked at."""
    others: tuple[object, ...] = ()
    """The rest of `STATE`."""

    def read(self, question: Question, checked: Checked) -> pa.Table:
        """Answer a question of this moment, and keep what was made for it.

        Raises `TablesAreOther`, and as the `read_at_once` does. After either, nothing can be
        asked of it any more.
        """
        before = self._statements(checked.tables)
        table, _ = read_at_once(
            self.cursor,
            checked.statement,
            question.parameters,
            question.bounds,
            before,
            keeps=True,
        )
        return table

    def _statements(self, tables: Set[str]) -> Iterator[str | duckdb.Statement]:
        """What makes what is missing, each run in the question's transaction before the next."""
        self._look_at_tables()
        for one in missing(
            self.as_of, self.catalog, tables, self.only_call, self._has_changed_calls, self.made
        ):
            yield self.parsed.of(self.cursor, one.sql) if one.is_of_any_moment else one.sql
            self.made.add(one.name)
            if one.name == CHANGED_CALLS:
                counted = self.cursor.execute(f"select count(*) from temp.{CHANGED_CALLS}")
                ((self.changed_call_count,),) = counted.fetchall()

    def _has_changed_calls(self) -> bool:
        return self.changed_call_count > 0

    def _look_at_tables(self) -> None:
        """Find out whether the tables still give what was made. Raises `TablesAreOther`."""
        main = f"{self.catalog}.main"
        state = self.parsed.of(self.cursor, STATE.format(main=main))
        ((position, *others),) = self.cursor.execute(state).fetchall()
        if self.made and (tuple(others) != self.others or self._more_calls_changed(main)):
            raise TablesAreOther("The tables have changed since.")
        self.position, self.others = position, tuple(others)

    def _more_calls_changed(self, main: str) -> bool:
        """Whether something came of a call that had begun by then."""
        come = self.cursor.execute(
            f"from {main}.events where position > {self.position}"
            f" and call_position <= {self.as_of.position} limit 1"
        )
        return bool(come.fetchall())


class KeptMoments:
    """The moments asked for last; any thread may ask."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
        self._connection = connection
        self._catalog = catalog
        self._parsed = ParsedStatements()
        self._lock = threading.Lock()
        self._kept: dict[AsOf, Moment] = {}
        self._times_forgotten = 0

    def read(self, question: Question, checked: Checked) -> pa.Table:
        """Answer a question of a moment. Raises as the `read_at_once` does."""
        as_of, only_call = question.as_of, question.only_call
        assert as_of is not None
        with self._lock:
            times_forgotten = self._times_forgotten
            kept = self._kept.pop(as_of, None) if only_call is None else None
        if kept is not None:
            with suppress(TablesAreOther):
                return self._read(kept, question, checked, times_forgotten)
        cursor = self._connection.cursor()
        begun = Moment(as_of, only_call, self._catalog, cursor, self._parsed)
        return self._read(begun, question, checked, times_forgotten)

    def forget(self) -> None:
        """Let go of all, also of those that are asked just now."""
        with self._lock:
            self._times_forgotten += 1
            kept, self._kept = self._kept, {}
        for one in kept.values():
            one.cursor.close()

    def _read(
        self, moment: Moment, question: Question, checked: Checked, times_forgotten: int
    ) -> pa.Table:
        try:
            table = moment.read(question, checked)
        except BaseException:
            moment.cursor.close()
            raise
        self._keep(moment, times_forgotten)
        return table

    def _keep(self, moment: Moment, times_forgotten: int) -> None:
        """Keep it as the last one asked for, unless another of the same moment is kept."""
        is_small = moment.only_call is None and moment.changed_call_count <= MOST_CALLS
        dropped: Moment | None = moment
        with self._lock:
            is_known = moment.as_of in self._kept
            if is_small and not is_known and times_forgotten == self._times_forgotten:
                self._kept[moment.as_of] = moment
                is_too_many = len(self._kept) > MOST
                dropped = self._kept.pop(next(iter(self._kept))) if is_too_many else None
        if dropped is not None:
            dropped.cursor.close()
