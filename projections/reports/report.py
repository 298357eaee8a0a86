"""What a report is: facts, the figures over them, their definitions, and the way down.

`facts` is a query over the models with one row per thing counted and, where a figure needs a
denominator, one row per thing that the denominator counts (`is_denominator`). Every fact has
`call_position`, `call_id`, `source`, `entered_at`, `queue` and `agent`, then its own columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

QUARTER: Final = "epoch_us(entered_at) // 900_000_000"
LOCAL_ENTRY: Final = "timezone($time_zone, timezone('UTC', min(entered_at)))"
"""The local time of a quarter of an hour: found once for all that entered in it, because a time
zone costs more than all the rest, and every zone is a whole number of quarters from UTC."""

TIME_GROUPINGS: Final[dict[str, str]] = {
    "hour": f"date_trunc('hour', {LOCAL_ENTRY})",
    "day": f"date_trunc('day', {LOCAL_ENTRY})::date",
    "week": f"date_trunc('week', {LOCAL_ENTRY})::date",
}
"""Groupings that every report has: a call belongs to the interval in which it entered."""


CONTACTS: Final = """
select
  call_position, call_id, source, entered_at, queue, party as agent, true as is_denominator
from participants
where party_kind = 'agent' and talk_from_at is not null
"""
"""Contacts handled, as denominator: every connection of an agent with a customer."""


ANSWERED_CALLS: Final = """
select
  call_position, call_id, source, entered_at, queue, first_agent as agent, true as is_denominator
from calls
where answered_at is not null
"""
"""Answered calls, as denominator: each counts for the first agent who answered it."""


CALLS: Final = "{calls}"
"""In a figure: how many calls the things counted belong to. Counting different calls costs ten
times as much as all the rest, so the models mark the first thing of each call, and of each reason
in it; where nothing else divides a call's things, the marks are counted instead."""

GROUPINGS_OF_CALLS: Final = frozenset({*TIME_GROUPINGS, "queue", "source"})
"""What all things of a call have in common."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of a report: an aggregate over the facts, and what it means."""

    name: str
    expression: str
    definition: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report as data.

    `groupings` are columns that all of its facts have, beside hour, day and week;
    `subject_groupings` are columns that only the things counted have, so that a report grouped
    by one of them has no denominator.
    """

    name: str
    title: str
    question: str
    """What the reader wants to know, in one sentence."""
    facts: str
    figures: tuple[Figure, ...]
    groupings: tuple[str, ...]
    subject_groupings: tuple[str, ...]
    denominator: str
    """What shares and averages are divided by, in words."""
    default_grouping: tuple[str, ...] = ()
    entries: str = "calls"
    """What has the time at which every fact's call entered, and is quicker to read than facts."""
    calls_of: str = "not is_denominator"
    """Which things the figure `CALLS` counts the calls of."""
    firsts: Mapping[str, str] = field(default_factory=dict)
    """For a subject grouping, the column that marks its first thing of a call."""

    @property
    def all_groupings(self) -> tuple[str, ...]:
        return (*TIME_GROUPINGS, *self.groupings, *self.subject_groupings)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the ledger a report is about; times are UTC, `until` is exclusive."""

    time_zone: str = "UTC"
    since: datetime | None = None
    until: datetime | None = None
    agent: str | None = None
    queue: str | None = None
    source: str | None = None

    def conditions(self) -> list[str]:
        """The filters as SQL, each with its named parameter."""
        filters = {
            "entered_at >= $since": self.since,
            "entered_at < $until": self.until,
            "agent = $agent": self.agent,
            "queue = $queue": self.queue,
            "source = $source": self.source,
        }
        return [sql for sql, value in filters.items() if value is not None]

    def period(self) -> list[str]:
        """The filters that are about the time of entry."""
        return [sql for sql in self.conditions() if sql.startswith("entered_at")]

    def parameters(self, with_time_zone: bool) -> dict[str, Value]:
        """The values of the parameters that `conditions` and groupings by time name."""
        values: dict[str, Value] = {
            "time_zone": self.time_zone if with_time_zone else None,
            "since": self.since,
            "until": self.until,
            "agent": self.agent,
            "queue": self.queue,
            "source": self.source,
        }
        return {name: value for name, value in values.items() if value is not None}


def where(conditions: Iterable[str]) -> str:
    """Join conditions into a where clause; none means all."""
    joined = " and ".join(conditions)
    return f"where {joined}" if joined else ""
