"""What a report is: facts, the figures over them, their definitions, and the way down.

`facts` is a query over the models with one row per thing counted and, where a figure needs a
denominator, one row per thing that the denominator counts (`is_denominator`). Every fact has
`call_position`, `call_id`, `source`, `entered_at`, `queue` and `agent`, then its own columns.

A call belongs to the interval in which it entered, and its facts with it. The facts of a report
with `is_of_time` have `began_at` and `ended_at` besides: each is split at the borders of the
intervals and of the period asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from projections.reports.intervals import INTERVALS

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

CONTACTS: Final = """
select
  call_position, call_id, source, entered_at, queue, agent, true as is_denominator
from contacts
"""
"""Contacts handled, as denominator: every connection of an agent with a customer."""


ANSWERED_CALLS: Final = """
select
  call_position, call_id, source, entered_at, queue, first_agent as agent, true as is_denominator
from answered_calls
"""
"""Answered calls, as denominator: each counts for the first agent who answered it."""


ENTERED_CALLS: Final = "select call_position, call_id, source, entered_at, queue from entered_calls"
"""All calls that entered, as denominator."""


CALLS: Final = "{calls}"
"""In a figure: how many calls the things counted belong to. Counting different calls costs ten
times as much as all the rest, so the models mark the first thing of each call, and of each reason
in it; where nothing else divides a call's things, the marks are counted instead."""


CALLS_WITH_TIME: Final = "{calls with time}"
"""In a figure: the same of those things whose time is known, for a mean per call."""


def microseconds(seconds: str) -> str:
    """The expression for a duration in whole microseconds.

    They add up to the same whatever the order in which DuckDB's threads come to them; fractions do
    not, and a figure has to be the same for ever.
    """
    return f"round({seconds} * 1e6)::bigint"


def sum_of(seconds: str) -> str:
    """The aggregate that adds durations up: whole numbers, and one division."""
    return f"sum({microseconds(seconds)}) / 1e6"


def mean_of(seconds: str, which: str = "") -> str:
    """The aggregate for the mean of the durations that are known, of these things or of all."""
    some = f" filter ({which})" if which else ""
    return f"sum({microseconds(seconds)}){some} / (count({seconds}){some} * 1e6)"


LEDGER: Final = "ledger"
"""The column that facts have where they are of several ledgers: the name of their own."""

GROUPINGS_OF_CALLS: Final = frozenset({*INTERVALS, "queue", "source", LEDGER})
"""What all things of a call have in common."""


OF_CALLS: Final = "a call belongs to the one in which it entered"
OF_TIME: Final = (
    "time is split at their borders, and counts when it is over; what is counted belongs to the"
    " one in which it began"
)


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
    entries: str = "queue_entries"
    """What has the time at which every fact's call entered, and is quicker to read than facts."""
    calls_of: str = "not is_denominator"
    """Which things the figure `CALLS` counts the calls of."""
    timed: str = "true"
    """Which things `CALLS_WITH_TIME` counts the calls of; the first of a call is one, if any is."""
    firsts: Mapping[str, str] = field(default_factory=dict)
    """For a subject grouping, the column that marks its first thing of a call."""
    is_of_time: bool = False
    """Whether its facts last from `began_at` to `ended_at`, and are split and summed.

    A figure of time sums the `microseconds` of the parts within an interval. A count sums
    `things`, or `things_over` without those that go on, of the parts with `is_beginning`, so that
    each thing counts once, where it began.
    """
    alike: tuple[str, ...] = ()
    """The columns of facts that last which figures tell apart."""
    figures_of_a_call: tuple[str, ...] = ()
    """The figures that `--calls` shows of each call; none means how many facts it has."""

    @property
    def intervals(self) -> str:
        """What an hour, a day, a week or a period has of it, in words."""
        return OF_TIME if self.is_of_time else OF_CALLS

    @property
    def all_groupings(self) -> tuple[str, ...]:
        return (*INTERVALS, *self.groupings, *self.subject_groupings)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the ledger a report is about; times are UTC, `until` is exclusive."""

    time_zone: str = "UTC"
    since: datetime | None = None
    until: datetime | None = None
    agent: str | None = None
    queue: str | None = None
    source: str | None = None

    def filters(self) -> list[str]:
        """The filters other than the period as SQL, each with its named parameter."""
        filters = {
            "agent = $agent": self.agent,
            "queue = $queue": self.queue,
            "source = $source": self.source,
        }
        return [sql for sql, value in filters.items() if value is not None]

    def entered(self) -> list[str]:
        """The period as conditions on when a call entered."""
        return [
            *(["entered_at >= $since"] if self.since is not None else []),
            *(["entered_at < $until"] if self.until is not None else []),
        ]

    def overlapped(self) -> list[str]:
        """The period as conditions on what lasts, or happens at one moment.

        Of those on its beginning, DuckDB passes over older parts of a table by the first.
        """
        in_older_parts = "(ended_at >= $since or ended_at is null)"
        precisely = "(ended_at > $since or began_at >= $since)"
        return [
            *([in_older_parts, precisely] if self.since is not None else []),
            *(["began_at < $until"] if self.until is not None else []),
        ]

    def parameters(self) -> dict[str, Value]:
        """The values of the parameters that the conditions name."""
        values: dict[str, Value] = {
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
