"""The groups of an answer as a plot shows them: which, in which order, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from entrypoints.plots.figures import number
from entrypoints.report_answer import ReportAnswer
from entrypoints.ui.output import heading, shown
from infra.errors import WRONG_USAGE, LedgerError
from projections.reports.intervals import INTERVALS

MOST_BARS: Final = 24
"""Groups beside one another; the rest are counted in a sentence."""

MOST_STRIPS: Final = 10
"""Groups that are each drawn over time."""

MOST_INTERVALS: Final = 1_100
"""Hours, days or weeks side by side: of more, each would be narrower than a pixel."""

LONGEST_NAME: Final = 48
LONGEST_OF_SEVERAL: Final = 24
"""Characters of a group's name, and of each where a group has several."""
NOT_KNOWN: Final = "(not known)"
HOUR_SECONDS: Final = 3600
DAY_SECONDS: Final = 24 * HOUR_SECONDS


class TooMuchToDraw(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The picture could not tell its intervals apart."""

    exit_code = WRONG_USAGE


@dataclass(frozen=True, slots=True)
class Interval:
    """An hour, a day or a week: local begin, and both ends in seconds since 1970."""

    local: datetime
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one group, in one interval where the answer has intervals."""

    group: int
    """The group's place, from the top."""
    values: dict[str, Any]
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """What is drawn."""

    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    total: dict[str, Any] | None
    interval: str | None
    """The name of the interval on the scale of time; none where there is none."""
    left_out: str
    """What is not drawn, in a sentence; empty where everything is."""

    @property
    def intervals(self) -> list[Interval]:
        """Those that have rows, in the order of time."""
        found = {row.interval for row in self.rows if row.interval is not None}
        return sorted(found, key=lambda interval: interval.began)


def groups_of(answer: ReportAnswer) -> Groups:
    """Put an answer's rows into the order of the picture. Raises `TooMuchToDraw`."""
    question = answer.question
    names = [name for name in question.groups if name not in INTERVALS]
    # An hour says its day, and a day its week: the shortest is drawn.
    interval = next((name for name in INTERVALS if name in question.groups), None)
    by_key: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    timeless = 0
    for row in answer.rows:
        if row["is_total"]:
            continue
        if interval is not None and row[interval] is None:
            timeless += 1
            continue
        by_key.setdefault(tuple(row[name] for name in names), []).append(row)
    figure = question.report.figures[0].name
    amounts = {key: sum(number(row[figure]) or 0 for row in rows) for key, rows in by_key.items()}
    keys = in_order(amounts, MOST_BARS if interval is None else MOST_STRIPS)
    left_out = [
        *what_is_left_out(amounts, keys, names, heading(figure)),
        *([f"Not drawn: {timeless:,} rows without a time."] if timeless else []),
    ]
    groups = Groups(
        tuple(label_of(key) for key in keys),
        tuple(
            Row(at, row, interval_of(row[interval], interval) if interval else None)
            for at, key in enumerate(keys)
            for row in by_key[key]
        ),
        next((row for row in answer.rows if row["is_total"]), None),
        interval,
        " ".join(left_out),
    )
    check_intervals(groups)
    return groups


def in_order(amounts: Mapping[tuple[Any, ...], float], most: int) -> list[tuple[Any, ...]]:
    """The groups with the greatest amounts, greatest first; numbers are in their own order.

    What is not known comes last.
    """
    keys = sorted(amounts, key=lambda key: (-amounts[key], label_of(key)))[:most]
    if all(isinstance(part, int | None) for key in keys for part in key):
        keys.sort(key=lambda key: [-1 if part is None else part for part in key])
    return sorted(keys, key=lambda key: bool(key) and all(part is None for part in key))


def what_is_left_out(
    amounts: Mapping[tuple[Any, ...], float],
    keys: Sequence[tuple[Any, ...]],
    names: Sequence[str],
    figure: str,
) -> list[str]:
    """The sentence about the groups that are not drawn; none where all are."""
    others = len(amounts) - len(keys)
    if not others:
        return []
    whole = sum(amounts.values())
    rest = whole - sum(amounts[key] for key in keys)
    return [
        f"Drawn: the {len(keys):,} groups by {listed(names)} with the most {figure}."
        f" {others:,} more are not drawn; they have {rest:,.0f} of {whole:,.0f} {figure}."
    ]


def label_of(key: tuple[Any, ...]) -> str:
    """A group's name in one line, cut where it is long."""
    most = LONGEST_NAME if len(key) == 1 else LONGEST_OF_SEVERAL
    parts = [NOT_KNOWN if part is None else shown(part) or "(empty)" for part in key]
    return " · ".join(part if len(part) <= most else f"{part[: most - 1]}…" for part in parts)


def listed(names: Sequence[str]) -> str:
    """Names of groupings in words: queue, reason and role."""
    *others, last = (heading(name) for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def interval_of(value: Any, name: str) -> Interval:
    """An hour as an answer writes it, or the first day of a day or week."""
    if name == "hour":
        at = datetime.fromisoformat(value)
        began = at.timestamp()
        return Interval(at.replace(tzinfo=None), began, began + HOUR_SECONDS)
    assert isinstance(value, date)
    local = datetime(value.year, value.month, value.day)
    began = local.replace(tzinfo=UTC).timestamp()
    return Interval(local, began, began + (DAY_SECONDS if name == "day" else 7 * DAY_SECONDS))


def check_intervals(groups: Groups) -> None:
    """Refuse what would be drawn as a blur. Raises `TooMuchToDraw`."""
    intervals = groups.intervals
    if not intervals:
        return
    first, last = intervals[0], intervals[-1]
    count = round((last.ended - first.began) / (first.ended - first.began))
    if count > MOST_INTERVALS:
        longer = {"hour": "--by day", "day": "--by week"}.get(groups.interval or "")
        wider = f", or draw it {longer}" if longer else ""
        raise TooMuchToDraw(
            f"From the first to the last there are {count:,} {groups.interval}s, and a picture"
            f" shows at most {MOST_INTERVALS:,} apart: narrow --from and --to{wider}."
        )
