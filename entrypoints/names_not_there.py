"""What is said where an answer is empty because nothing has the name that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from entrypoints.ui.output import tell_note
from infra.nearest import did_you_mean
from projections.reports.call_filters import NAMES, names_of_calls
from projections.reports.query import names_query

if TYPE_CHECKING:
    from projections.as_of import AsOf
    from projections.reports.report import Report, Selection
    from projections.serving.read_side import Answering


def tell_names_not_there(
    reader: Answering, report: Report, selection: Selection, as_of: AsOf | None
) -> None:
    """Say on standard error which of the names asked for nothing in the report has."""
    asked_for = {"agent": selection.agent, "queue": selection.queue, "source": selection.source}
    wanted = {column: name for column, name in asked_for.items() if name is not None}
    for asked in not_there(reader, partial(names_query, report), wanted, as_of):
        tell_note(f"Nothing in this report is of {asked}")


def tell_no_call_has(
    reader: Answering, chosen: Mapping[str, str | bool], as_of: AsOf | None
) -> None:
    """Say on standard error which of the names asked for no call has."""
    wanted = {name: str(value) for name, value in chosen.items() if name in NAMES}
    for asked in not_there(reader, names_of_calls, wanted, as_of):
        tell_note(f"No call is of {asked}")


def not_there(
    reader: Answering,
    query_of: Callable[[str], str],
    wanted: Mapping[str, str],
    as_of: AsOf | None,
) -> Iterator[str]:
    """Each name that is not among those of its query, whatever the period, and the nearest one."""
    for column, name in wanted.items():
        known = reader.ask(query_of(column), as_of=as_of).table.column("name").to_pylist()
        if name not in known:
            yield f"{column} {name}.{did_you_mean(name, known)}"
