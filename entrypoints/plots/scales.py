"""Scales that begin at zero, and where their ticks are: at numbers that people count in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from math import ceil, floor, log10
from typing import Final, NamedTuple

from entrypoints.plots.figures import Kind, in_words

DECIMAL_STEPS: Final = (1, 2, 5, 10)
SECONDS_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
HOURS_STEPS: Final = (1, 2, 3, 6, 12)
DAYS_STEPS: Final = (1, 2, 7, 14)
MONTHS_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)


class Tick(NamedTuple):
    """A place on a scale, and what is written there."""

    at: float
    label: str


def value_ticks(greatest: float, kind: Kind, most: int) -> list[Tick]:
    """Zero and at most so many steps, the last at the greatest value or beyond it."""
    step = step_of(greatest / most, kind)
    steps = max(1, ceil(greatest / step - 1e-9))
    return [Tick(step * number, tick_label(step * number, kind)) for number in range(steps + 1)]


def step_of(least: float, kind: Kind) -> float:
    """The smallest round step that is no smaller than this."""
    if kind is Kind.COUNT:
        least = max(least, 1)
    if kind in (Kind.TIME_IN_ALL, Kind.TIME_OF_ONE) and least > SECONDS_STEPS[0]:
        for step in SECONDS_STEPS:
            if step >= least:
                return step
        return decimal_step(least / 3600) * 3600
    return decimal_step(least)


def decimal_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … that is no smaller than this; of nothing, one."""
    if least <= 0:
        return 1
    power: float = 10 ** floor(log10(least))
    return next(power * step for step in DECIMAL_STEPS if power * step >= least * (1 - 1e-9))


def tick_label(value: float, kind: Kind) -> str:
    """A round value, without digits that say nothing."""
    match kind:
        case Kind.COUNT:
            return f"{value:,.0f}" if value < 1e6 else f"{value / 1e6:,.10g} M"
        case Kind.SHARE:
            return f"{100 * value:.10g}%"
        case Kind.TIME_IN_ALL | Kind.TIME_OF_ONE:
            for unit, seconds in (("h", 3600), ("min", 60)):
                if value and value % seconds == 0:
                    return f"{value / seconds:,.0f} {unit}"
            return f"{value:.10g} s" if value < 60 else in_words(value, kind)


def time_ticks(
    first: datetime, last: datetime, place: tzinfo, is_hourly: bool, most: int
) -> list[Tick]:
    """At most so many beginnings of hours, days, months or years in a time zone.

    `first` and `last` are local, and the ticks are seconds since 1970. Days have no hours.
    """
    tries = [*(hours(first, last, step) for step in HOURS_STEPS if is_hourly)]
    tries += [days(first, last, step) for step in DAYS_STEPS]
    tries += [months(first, last, step) for step in MONTHS_STEPS]
    for found in tries:
        if len(found) <= most:
            break
    return [Tick(at.replace(tzinfo=place).timestamp(), label) for at, label in found]


def hours(first: datetime, last: datetime, step: int) -> list[tuple[datetime, str]]:
    """Each so many hours, counted from midnight, which has the day's name."""
    at = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while at <= last:
        if at >= first:
            found.append((at, f"{at:%H:%M}" if at.hour else day_label(at)))
        at += timedelta(hours=step)
    return found


def days(first: datetime, last: datetime, step: int) -> list[tuple[datetime, str]]:
    """Each so many days; weeks begin on Monday."""
    at = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if step % 7 == 0:
        at -= timedelta(days=at.weekday())
    found = []
    while at <= last:
        if at >= first:
            found.append((at, day_label(at)))
        at += timedelta(days=step)
    return found


def months(first: datetime, last: datetime, step: int) -> list[tuple[datetime, str]]:
    """Each so many months, counted from a January."""
    found = []
    for number in range(first.year * 12 // step * step, last.year * 12 + last.month, step):
        at = datetime(number // 12, number % 12 + 1, 1)
        if first <= at <= last:
            found.append((at, f"{at:%b %Y}" if step < 12 else f"{at:%Y}"))
    return found


def day_label(at: datetime) -> str:
    """A day without its year, which stands below the scale."""
    return f"{at.day} {at:%b}"


def label_expression(ticks: Iterable[Tick]) -> str:
    """What Vega evaluates to write our own label at each tick."""
    ticks = list(ticks)
    places = json.dumps([tick.at for tick in ticks])
    labels = json.dumps([tick.label for tick in ticks])
    return f"{labels}[indexof({places}, datum.value)]"
