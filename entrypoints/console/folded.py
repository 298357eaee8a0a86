"""The axis of a call on which idle time takes little room.

Idle is a stretch in which nobody rings, talks, holds or consults: the customer waits, or all that
is left is a wrap-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from entrypoints.timeline.lanes import Moment, State
from entrypoints.timeline.scale import Scale, Tick
from entrypoints.ui.duration import as_clock

QUIET: Final = frozenset({State.WAITING, State.WRAP_UP})
SHORTEST: Final = timedelta(minutes=2)
"""A stretch that is folded is longer than this, and than what is left of the call without it."""

ROOM: Final = 0.08
"""How much of the axis a folded stretch takes."""


@dataclass(frozen=True)
class Fold:
    """A stretch that is folded."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


class FoldedScale(Scale):
    """As `Scale`, with the folds."""

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The stretches that are folded, in order."""
        if self.is_by_order:
            return ()
        found = [fold for fold in self._quiet() if fold.end - fold.start > SHORTEST]
        lively = self.timeline.duration_seconds - sum(fold.seconds for fold in found)
        return tuple(fold for fold in found if fold.seconds > lively / 2)

    def _quiet(self) -> Iterator[Fold]:
        """The stretches in which nothing goes on."""
        lively = sorted(
            (interval.start.time, interval.end.time)
            for lane in self.timeline.lanes
            for interval in lane.intervals
            if interval.state not in QUIET
        )
        until = self.timeline.start.time
        for start, end in [*lively, (self.timeline.end.time, self.timeline.end.time)]:
            if start > until:
                yield Fold(until, start)
            until = max(until, end)

    def fraction(self, moment: Moment) -> float:
        """The moment's place, from 0 to 1."""
        return super().fraction(moment) if not self.folds else self.place(moment.time)

    def place(self, time: datetime) -> float:
        """The place of a time, where there are folds."""
        start, end = self.timeline.start.time, self.timeline.end.time
        room = ROOM * len(self.folds)
        lively = (end - start).total_seconds() - sum(fold.seconds for fold in self.folds)
        passed, folded = (time - start).total_seconds(), 0.0
        for fold in self.folds:
            within = min(max((time - fold.start).total_seconds(), 0.0), fold.seconds)
            passed -= within
            folded += ROOM * within / fold.seconds
        return passed / lively * (1 - room) + folded if lively > 0 else folded / room

    def ticks(self, most: int) -> Iterator[Tick]:
        """Where there are folds, the ends of each alone: no step would be the same throughout."""
        if not self.folds:
            yield from super().ticks(most)
            return
        times = [self.timeline.start.time, self.timeline.end.time]
        times += [time for fold in self.folds for time in (fold.start, fold.end)]
        for time in sorted(set(times)):
            if self.timeline.time_of_day_known:
                local = time.astimezone(self.zone)
                yield Tick(self.place(time), f"{time:%H:%M:%S}", f"{local:%H:%M:%S}")
            else:
                passed = (time - self.timeline.start.time).total_seconds()
                yield Tick(self.place(time), f"+{as_clock(passed)}")
