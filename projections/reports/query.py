"""A report and a selection as one SQL statement over the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.reports.report import QUARTER, TIME_GROUPINGS, Report, Selection, where

if TYPE_CHECKING:
    from projections.sandbox import Value

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
  select {QUARTER} as quarter, {local} from chosen group by quarter
),
selected as (
  from chosen join quarters on quarters.quarter = {QUARTER}
)"""
    apart = ", is_denominator" if set(by) & set(report.subject_groupings) else ""
    figures = ",\n  ".join(f'{figure.expression} as "{figure.name}"' for figure in report.figures)
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
