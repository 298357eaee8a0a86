"""A report and a selection as one SQL statement over the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.reports.report import (
    CALLS,
    GROUPINGS_OF_CALLS,
    QUARTER,
    TIME_GROUPINGS,
    Report,
    Selection,
    where,
)

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

CALLS_LIMIT = 1000
"""How many calls `--calls` lists at most; its last line says how many there are."""


class UnknownGroupingError(ValueError):
    """The report has no such grouping; the message names those it has."""


def figures_query(
    report: Report, selection: Selection, by: tuple[str, ...]
) -> tuple[str, dict[str, Value]]:
    """The figures for each group, and a last row over all of them with `is_total` true.

    The total is aggregated from the facts again, because shares and averages do not add up. In
    a group that only the things counted have, the denominator is unknown; in the total it is not.
    """
    for grouping in by:
        if grouping not in report.all_groupings:
            known = ", ".join(report.all_groupings)
            raise UnknownGroupingError(f"{report.name} has no grouping {grouping!r}; try {known}")
    keys = ", ".join(f'"{grouping}"' for grouping in by)
    times = [grouping for grouping in by if grouping in TIME_GROUPINGS]
    local = ", ".join(f'{TIME_GROUPINGS[grouping]} as "{grouping}"' for grouping in times)
    quarters = f"""quarters as (
  select {QUARTER} as quarter, {local} from {report.entries} {where(selection.period())}
  group by quarter
),
selected as (
  from chosen join quarters on quarters.quarter = {QUARTER}
)"""
    apart = ", is_denominator" if set(by) & set(report.subject_groupings) else ""
    calls = calls_counted(report, selection, by)
    figures = ",\n  ".join(
        f'{figure.expression.replace(CALLS, calls)} as "{figure.name}"' for figure in report.figures
    )
    sql = f"""
with facts as (
{report.facts}
),
chosen as not materialized (
  select * from facts {where(selection.conditions())}
),
{quarters if times else "selected as (from chosen)"}
select
  {keys + "," if by else ""}
  {f"grouping({keys}) > 0" if by else "true"} as is_total,
  {figures}
from selected
{f"group by grouping sets (({keys}{apart}), ())" if by else ""}
{"having grouping(is_denominator) = 1 or not is_denominator" if apart else ""}
order by {", ".join(["is_total", *(f'"{grouping}" nulls last' for grouping in by)])}
"""
    return sql, selection.parameters(with_time_zone=bool(times))


def calls_counted(report: Report, selection: Selection, by: tuple[str, ...]) -> str:
    """The aggregate that counts calls exactly: by the marks of first things, where they can tell.

    They cannot where one call's things come into several groups, or are selected one by one.
    """
    dividing = set(by) - GROUPINGS_OF_CALLS
    in_all = "count(*) filter (is_first_of_call)"
    if selection.agent is None and not dividing:
        return in_all
    if selection.agent is None and len(dividing) == 1 and dividing <= report.firsts.keys():
        (grouping,) = dividing
        in_group = f"count(*) filter ({report.firsts[grouping]})"
        return f'case when grouping("{grouping}") = 1 then {in_all} else {in_group} end'
    return f"count(distinct call_position) filter ({report.calls_of})"


def calls_query(report: Report, selection: Selection) -> tuple[str, dict[str, Value]]:
    """The calls behind the figures: how many facts each has, newest first."""
    sql = f"""
with facts as (
{report.facts}
)
select
  source, call_id, min(entered_at) as entered_at, any_value(queue) as queue,
  count(*) as "{report.name.replace("-", "_")}",
  count(*) over () as calls_in_all
from facts {where([*selection.conditions(), "not is_denominator"])}
group by source, call_id
order by min(entered_at) desc, source, call_id
limit {CALLS_LIMIT}
"""
    return sql, selection.parameters(with_time_zone=False)
