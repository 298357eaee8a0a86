"""The statements by which a connection has all shards' tables under the names that reports read.

A call's fresh rows stand for those in its bucket, and of the fresh ones only the last count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from lake.columns import CALLS, DEAD_LETTERS, EVENTS, REFUSALS, shown, tables, tables_by_call
from lake.place import LakePlace
from lake.rows import newest, rows_in
from lake.table import File
from projections.models import MACROS, Kind, readable_models


def showing(place: LakePlace, files: Sequence[File], position: int) -> Iterator[str]:
    """What to run so that they are the tables of these files, at this position."""
    yield "set global timezone = 'UTC'"
    yield f"create table feed_positions as select {position} as projected_position"
    for name, macro in MACROS.items():
        yield f"create macro {name}{macro}"
    of: dict[str, list[File]] = defaultdict(list)
    for file in files:
        of[file.table].append(file)
    fresh = rows_in(place, CALLS, [file for file in of[CALLS] if file.is_fresh])
    yield (
        "create table fresh_calls as"
        f" select call_position, max(revision) as revision from ({fresh}) group by all"
    )
    for name in tables_by_call():
        yield view(name, rows_by_call(place, name, of[name]))
    for name in (EVENTS, REFUSALS):
        yield view(name, rows_in(place, name, of[name]))
    last = newest(of[DEAD_LETTERS], DEAD_LETTERS)
    yield view(DEAD_LETTERS, rows_in(place, DEAD_LETTERS, [*last.values()]))
    for model in readable_models():
        if model.kind is Kind.VIEW:
            yield f"create view {model.name} as {model.sql}"


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
