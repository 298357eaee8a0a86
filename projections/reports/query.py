"""A report and a selection as one SQL statement over the models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra.errors import WRONG_USAGE, LedgerError
from infra.nearest import did_you_mean
from projections.reports.intervals import (
    INTERVALS,
    named_slots,
    slot_before,
    slot_of,
    slot_parameters,
    start_of,
)
from projections.reports.report import (
    CALLS,
    CALLS_WITH_TIME,
    GROUPINGS_OF_CALLS,
    LEDGER,
    Figure,
    Report,
    Selection,
    where,
)

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

CALLS_LIMIT = 1000
"""How many calls `--calls` lists at most; its last line says how many there are."""


class UnknownGroupingError(LedgerError):
    """The report has no such grouping; the message names those it has."""

    exit_code = WRONG_USAGE


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
            raise UnknownGroupingError(
                f"{report.name} has no grouping {grouping!r}; try {known}."
                f"{did_you_mean(grouping, report.all_groupings)}"
            )
    keys = ", ".join(f'"{grouping}"' for grouping in by)
    intervals = tuple(grouping for grouping in by if grouping in INTERVALS)
    apart = ", is_denominator" if set(by) & set(report.subject_groupings) else ""
    figures = ",\n  ".join(
        f'{with_calls(report, figure, selection, by)} as "{figure.name}"'
        for figure in report.figures
    )
    orders = [
        f'any_value("{grouping}_order")' if grouping in INTERVALS else f'"{grouping}"'
        for grouping in by
    ]
    steps = [f"facts as not materialized (\n{report.facts}\n)", chosen(report, selection)]
    if report.is_of_time:
        steps += summed(report, by, intervals)
    elif intervals:
        steps += in_intervals(report, selection, intervals)
    sql = f"""
with {", ".join(steps)}
select
  {keys + "," if by else ""}
  {f"grouping({keys}) > 0" if by else "true"} as is_total,
  {figures}
from {"selected" if intervals or report.is_of_time else "chosen"}
{f"group by grouping sets (({keys}{apart}), ())" if by else ""}
{"having grouping(is_denominator) = 1 or not is_denominator" if apart else ""}
order by {", ".join(["is_total", *(f"{order} nulls last" for order in orders)])}
"""
    parameters = selection.parameters()
    return sql, parameters | slot_parameters(selection.time_zone) if intervals else parameters


def names_query(report: Report, column: str) -> str:
    """Each agent, queue or source that any of the report's facts has, as `name`."""
    return f"""
with facts as ({report.facts})
select distinct "{column}" as name from facts where "{column}" is not null order by name
"""


def chosen(report: Report, selection: Selection) -> str:
    """The step that selects the facts; of those that last, the part within the period."""
    if not report.is_of_time:
        conditions = where([*selection.filters(), *selection.entered()])
        return f"chosen as not materialized (\n  select * from facts {conditions}\n)"
    began_at = "began_at" if selection.since is None else "greatest(began_at, $since)"
    # What goes on has no end, and `least` would give it that of the period.
    ended_at = (
        "ended_at"
        if selection.until is None
        else "case when ended_at > $until then $until else ended_at end"
    )
    is_beginning = "true" if selection.since is None else "began_at >= $since"
    return f"""chosen as not materialized (
  select
    * replace ({began_at} as began_at, {ended_at} as ended_at),
    {is_beginning} as is_beginning,
    epoch_us({ended_at}) - epoch_us({began_at}) as microseconds,
    1 as things, (ended_at is not null)::int as things_over
  from facts {where([*selection.filters(), *selection.overlapped()])}
)"""


def in_intervals(report: Report, selection: Selection, intervals: tuple[str, ...]) -> Iterable[str]:
    """The steps that put what is chosen into the intervals in which its calls entered.

    Each slot gets its intervals once, because finding them costs more than all the rest.
    """
    yield f"""slots as (
  select {slot_of("entered_at")} as slot from {report.entries} {where(selection.entered())}
  group by slot
)"""
    yield f"named_slots as ({named_slots('slots', intervals)})"
    yield f"""selected as (
  from chosen join named_slots on named_slots.slot = {slot_of("entered_at")}
)"""


def summed(report: Report, by: tuple[str, ...], intervals: tuple[str, ...]) -> Iterable[str]:
    """The steps that split what lasts at the borders of slots, and sum what is alike.

    A figure then looks at some sums, and not at millions of spans.
    """
    if intervals:
        yield f"""numbered as not materialized (
  select
    *, {slot_of("began_at")} as first_slot, {slot_before("ended_at")} as last_slot
  from chosen
)"""
        yield f"""parts as not materialized (
  select *, first_slot as slot from numbered where first_slot >= last_slot or last_slot is null
  union all
  select
    * exclude (slot) replace (
      is_beginning and slot = first_slot as is_beginning,
      least(epoch_us(ended_at), {start_of("(slot + 1)")})
        - greatest(epoch_us(began_at), {start_of("slot")}) as microseconds
    ), slot
  from (
    select *, unnest(range(first_slot, last_slot + 1)) as slot
    from numbered
    where first_slot < last_slot
  )
)"""
    keys = [
        *(f'"{grouping}"' for grouping in by if grouping not in INTERVALS),
        *(["slot"] if intervals else []),
        *report.alike,
        "is_beginning",
    ]
    yield f"""sums as (
  select
    {", ".join(keys)}, sum(microseconds) as microseconds,
    sum(things) as things, sum(things_over) as things_over
  from {"parts" if intervals else "chosen"}
  group by all
)"""
    if intervals:
        yield "slots as (select distinct slot from sums)"
        yield f"named_slots as ({named_slots('slots', intervals)})"
    yield f"selected as (from sums {'join named_slots using (slot)' if intervals else ''})"


def with_calls(report: Report, figure: Figure, selection: Selection, by: tuple[str, ...]) -> str:
    """The figure's aggregate, in which the calls that it names are counted."""
    of_all = calls_counted(report, selection, by, "true")
    of_timed = calls_counted(report, selection, by, report.timed)
    return figure.expression.replace(CALLS, of_all).replace(CALLS_WITH_TIME, of_timed)


def calls_counted(report: Report, selection: Selection, by: tuple[str, ...], which: str) -> str:
    """The aggregate that counts calls exactly: by the marks of first things, where they can tell.

    They cannot where one call's things come into several groups, or are selected one by one.
    """
    dividing = set(by) - GROUPINGS_OF_CALLS
    in_all = f"count(*) filter (is_first_of_call and {which})"
    if selection.agent is None and not dividing:
        return in_all
    if selection.agent is None and len(dividing) == 1 and dividing <= report.firsts.keys():
        (grouping,) = dividing
        in_group = f"count(*) filter ({report.firsts[grouping]} and {which})"
        return f'case when grouping("{grouping}") = 1 then {in_all} else {in_group} end'
    return different_calls(report, which)


def different_calls(report: Report, which: str) -> str:
    """The aggregate that counts the calls of these things one by one."""
    return f"count(distinct call_position) filter ({report.calls_of} and {which})"


def calls_query(report: Report, selection: Selection) -> tuple[str, dict[str, Value]]:
    """The calls behind the figures, newest first: how many facts each has, or its own figures."""
    figures = [
        f'{figure.expression} as "{figure.name}"'
        for figure in report.figures
        if figure.name in report.figures_of_a_call
    ]
    counted = f'count(*) as "{report.name.replace("-", "_")}"'
    ledger = f"{LEDGER}, " if LEDGER in report.groupings else ""
    sql = f"""
with facts as not materialized (
{report.facts}
),
{chosen(report, selection)}
select
  {ledger}source, call_id, min(entered_at) as entered_at,
  string_agg(distinct queue, ', ' order by queue) as queue,
  {", ".join(figures or [counted])},
  count(*) over () as calls_in_all
from chosen where not is_denominator
group by {ledger}source, call_id
order by min(entered_at) desc, source, call_id
limit {CALLS_LIMIT}
"""
    return sql, selection.parameters()
