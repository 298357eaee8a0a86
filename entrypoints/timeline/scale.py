"""Where a moment lies between the call's start and its end, and how the axis names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from entrypoints.timeline.lanes import Moment, Timeline
from entrypoints.ui.duration import as_clock

MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS_SECONDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(HOUR * hours for hours in (1, 2, 3, 6, 12)),
    *(DAY * days for days in (1, 2, 7, 14, 28, 91, 364, 1820, 3640, 36400, 91000)),
)
"""Distances of ticks that a reader can count in."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One labelled place on the axis; `local` is empty where the time of day is not known."""

    fraction: float
    label: str
    local: str = ""


@dataclass(frozen=True)
class Scale:
    """The axis of one timeline; `zone` is the reader's, the system's own when left out.

    A call that takes no time is drawn in the order of its commands instead.
    """

    timeline: Timeline
    zone: tzinfo | None = None

    @property
    def is_by_order(self) -> bool:
        return self.timeline.duration_seconds <= 0

    def fraction(self, moment: Moment) -> float:
        """The moment's place, from 0 at the start to 1 at the end."""
        start, end = self.timeline.start, self.timeline.end
        if self.is_by_order:
            return (moment.order - start.order) / max(1, end.order - start.order)
        return (moment.time - start.time) / (end.time - start.time)

    def ticks(self, most: int) -> Iterator[Tick]:
        """At most so many ticks (two or more), at round times of day or round distances."""
        timeline = self.timeline
        if self.is_by_order:
            yield Tick(0.0, "in order, not in time")
            return
        duration = timeline.duration_seconds
        step = next(step for step in STEPS_SECONDS if duration / step <= most - 1)
        start, by_distance = timeline.start.time, not timeline.time_of_day_known
        origin = start if by_distance else start.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (start - origin).total_seconds()
        number = -(-passed // step)
        while (seconds := number * step - passed) <= duration:
            time = origin + timedelta(seconds=number * step)
            if by_distance:
                yield Tick(seconds / duration, f"+{as_clock(number * step)}")
            else:
                local = time.astimezone(self.zone)
                yield Tick(seconds / duration, clock(time, step), clock(local, step))
            number += 1

    @property
    def zone_name(self) -> str:
        """The reader's zone, as the axis names it."""
        return f"{self.timeline.start.time.astimezone(self.zone):%Z}" or "local"

    @property
    def caption(self) -> str:
        """The period, in words, and what cannot be known about it."""
        timeline = self.timeline
        lasting = as_clock(timeline.duration_seconds)
        if not timeline.time_of_day_known:
            return f"{lasting} · times computed from durations: the time of day is not known"
        start, end = timeline.start.time.astimezone(UTC), timeline.end.time.astimezone(UTC)
        until = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M:%S}"
        return f"{start:%Y-%m-%d %H:%M:%S} to {until} UTC · {lasting}"


def clock(time: datetime, step_seconds: float) -> str:
    """A time of day as finely as the ticks need it; ticks of a day or more are dates."""
    if step_seconds >= DAY:
        return f"{time:%Y-%m-%d}"
    if step_seconds < 1:
        return f"{time:%H:%M:%S.%f}"[:-3]
    return f"{time:%H:%M}" if step_seconds % MINUTE == 0 else f"{time:%H:%M:%S}"
