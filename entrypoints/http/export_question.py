"""What an export has in it, as a statement: a table's rows or a report's, with the same filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from entrypoints.http.problems import Problem
from entrypoints.report_answer import period_of
from projections.models import readable_models
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import Selection, where

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

EVENTS: Final = "events"
CALLS: Final = "call_position in (select call_position from calls {})"
IN_A_CALL: Final = "call_position in (select call_position from participants where party = $agent)"


class OwnFilters(NamedTuple):
    """The columns by which a table is filtered whose rows belong to no call."""

    period: str
    agent: str


OWN_FILTERS: Final = {
    "agent_days": OwnFilters("day", "agent"),
    "refusals": OwnFilters("refused_at", "actor"),
}


class ExportQuestion(NamedTuple):
    """The statement of an export, and what is said of it."""

    sql: str
    parameters: dict[str, Value]
    is_grouped: bool
    about: dict[str, Any]


def tables() -> dict[str, tuple[str, ...]]:
    """Every table that can be exported, with its key."""
    return {EVENTS: ("position",), **{one.name: one.key for one in readable_models()}}


def of_table(name: str, selection: Selection) -> ExportQuestion:
    """The rows of a table in the order of its key, of the calls that are selected.

    Raises `Problem` for a filter that the table does not have.
    """
    own = OWN_FILTERS.get(name)
    if own is None:
        of_calls = [
            *selection.entered(),
            *(sql for sql in selection.filters() if "$agent" not in sql),
        ]
        conditions = [
            *([CALLS.format(where(of_calls))] if of_calls else []),
            *([IN_A_CALL] if selection.agent is not None else []),
        ]
    elif selection.queue is not None:
        raise Problem(400, "malformed", f"{name} has no queue: leave it out.")
    else:
        conditions = [
            *(one.replace("entered_at", own.period) for one in selection.entered()),
            *(f"{own.agent} = $agent" for _ in [selection.agent] if selection.agent is not None),
            *("source = $source" for _ in [selection.source] if selection.source is not None),
        ]
    order = ", ".join(tables()[name])
    return ExportQuestion(
        f"select * from {name} {where(conditions)} order by {order}",
        selection.parameters(),
        False,
        {"table": name, **said(selection)},
    )


def of_report(name: str, selection: Selection, by: tuple[str, ...]) -> ExportQuestion:
    """The figures of a report, a row for each group. Raises `UnknownGroupingError`."""
    report = REPORTS[name]
    groups = by or report.default_grouping
    sql, parameters = figures_query(report, selection, groups)
    about = {"report": name, "by": list(groups), "period": period_of(report, selection)}
    return ExportQuestion(sql, parameters, bool(groups), about)


def said(selection: Selection) -> dict[str, str]:
    """The filters that were asked for; times are in UTC."""
    return {name: str(value) for name, value in selection.parameters().items()}
