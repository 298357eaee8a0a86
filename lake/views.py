"""The statements by which a connection has all shards' tables under the names that reports read.

A call's fresh rows stand for those in its bucket, and of the fresh ones only the last count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from typing import NamedTuple

from lake.columns import CALLS, DEAD_LETTERS, EVENTS, REFUSALS, shown, tables, tables_by_call
from lake.place import LakePlace
from lake.rows import newest, rows_in
from lake.table import File
from projections.models import MACROS, Kind, readable_models


class Statements(NamedTuple):
    """What to run so that a connection has the tables of some files."""

    first: list[str]
    fresh_calls: str
    """The query for the calls in fresh files, with the revision of each file that has them."""
    views: dict[str, str]
    """The view of each name, those that it reads before it. DuckDB opens files to make one."""

    @property
    def all(self) -> list[str]:
        """So that all tables can be read, by who knows nothing but the files."""
        return [*self.first, last_revisions(self.fresh_calls), *self.views.values()]

    def needed_for(self, names: Set[str]) -> list[str]:
        """The names of the views that these names lead to, in their order."""
        found = set(names)
        for model in reversed(readable_models()):
            if model.name in found and model.kind is Kind.VIEW:
                found |= model.reads
        return [name for name in self.views if name in found]


def showing(place: LakePlace, files: Sequence[File], position: int) -> Statements:
    """The statements for the tables of these files, at this position."""
    of: dict[str, list[File]] = defaultdict(list)
    for file in files:
        of[file.table].append(file)
    fresh = rows_in(place, CALLS, [file for file in of[CALLS] if file.is_fresh])
    last = [*newest(of[DEAD_LETTERS], DEAD_LETTERS).values()]
    rows = {
        **{name: rows_by_call(place, name, of[name]) for name in tables_by_call()},
        **{name: rows_in(place, name, of[name]) for name in (EVENTS, REFUSALS)},
        DEAD_LETTERS: rows_in(place, DEAD_LETTERS, last),
    }
    return Statements(
        [
            "set global timezone = 'UTC'",
            f"create table feed_positions as select {position} as projected_position",
            *(f"create macro {name}{macro}" for name, macro in MACROS.items()),
        ],
        fresh,
        {
            **{name: view(name, query) for name, query in rows.items()},
            **{
                model.name: f"create view {model.name} as {model.sql}"
                for model in readable_models()
                if model.kind is Kind.VIEW
            },
        },
    )


def last_revisions(fresh_calls: str) -> str:
    """The statement for the table that says which rows of a fresh call count."""
    return (
        "create table fresh_calls as"
        f" select call_position, max(revision) as revision from ({fresh_calls}) group by all"
    )


def rows_by_call(place: LakePlace, name: str, files: Sequence[File]) -> str:
    """The query for the rows that count."""
    fresh = rows_in(place, name, [file for file in files if file.is_fresh])
    settled = rows_in(place, name, [file for file in files if not file.is_fresh])
    return (
        f"select * from ({settled}) anti join fresh_calls using (call_position) union all"
        f" select * from ({fresh}) semi join fresh_calls using (call_position, revision)"
    )


def view(name: str, rows: str) -> str:
    """The statement for a table's view."""
    return f"create view {name} as select {shown(tables()[name])} from ({rows})"
