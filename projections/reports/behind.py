"""The calls behind one figure of a report, in one of its groups, each with what it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from projections.reports.intervals import INTERVALS
from projections.reports.query import chosen, different_calls
from projections.reports.report import CALLS, CALLS_WITH_TIME, Figure, Report, Selection, where

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

DAYS: Final = {"day": 1, "week": 7}


def calls_behind(
    report: Report,
    figure: Figure,
    selection: Selection,
    group: Mapping[str, str | None],
    limit: int,
) -> tuple[str, dict[str, Value]]:
    """The calls that add to the figure, newest first: `value` is the figure of the call alone.

    `group` has the group's value for each grouping, as text; none of a grouping is all of it.
    Raises `ValueError` for an interval that is none.
    """
    for grouping, value in group.items():
        if grouping in INTERVALS and value is not None:
            selection = within(selection, grouping, value)
    keys = [grouping for grouping in group if grouping not in INTERVALS]
    conditions = [f'"{key}"::varchar is not distinct from $group_{key}' for key in keys]
    if set(keys) & set(report.subject_groupings):
        conditions.append("not is_denominator")
    value = figure.expression.replace(CALLS, different_calls(report, "true"))
    value = value.replace(CALLS_WITH_TIME, different_calls(report, report.timed))
    sql = f"""
with facts as not materialized (
{report.facts}
),
{chosen(report, selection)},
behind as (
  select
    source, call_id, min(entered_at) as entered_at,
    string_agg(distinct queue, ', ' order by queue) as queue,
    {value} as value
  from chosen {where(conditions)}
  group by source, call_id
)
select *, count(*) over () as calls_in_all
from behind where value <> 0
order by entered_at desc, source, call_id
limit {limit}
"""
    return sql, selection.parameters() | {f"group_{key}": group[key] for key in keys}


def within(selection: Selection, interval: str, value: str) -> Selection:
    """The part of a selection that lies in this hour, day or week of its time zone."""
    if interval == "hour":
        began_at = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
        over_at = began_at + timedelta(hours=1)
    else:
        place, first = ZoneInfo(selection.time_zone), date.fromisoformat(value)
        began_at, over_at = (
            datetime.combine(one, time.min, place).astimezone(UTC).replace(tzinfo=None)
            for one in (first, first + timedelta(days=DAYS[interval]))
        )
    return replace(
        selection,
        since=max(selection.since or began_at, began_at),
        until=min(selection.until or over_at, over_at),
    )
