"""What questions over HTTP have in common: the moment, the period, and the form of answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Query, Response

from entrypoints.http.dependencies import made_at_once
from entrypoints.http.problems import Problem, try_again
from entrypoints.ui.moment import AskedMoment
from entrypoints.ui.period import period, zone
from entrypoints.ui.values import json_text
from projections.reports.report import Selection

if TYPE_CHECKING:
    from entrypoints.http.service import Service
    from entrypoints.http.timed_reader import TimedReader

JSON: Final = "application/json"
SVG: Final = "image/svg+xml"


LARGEST_NUMBER: Final = 2**62
WaitFor = Annotated[
    int,
    Query(
        ge=0,
        le=LARGEST_NUMBER,
        description="Answer once this position is shown; 503 says what is waited for.",
    ),
]


class Asked:
    """The moment that an answer is of, and the position that it has to have reached."""

    def __init__(
        self,
        known_at: Annotated[
            str | None, Query(description="As the ledger knew it: a position or a time.")
        ] = None,
        happened_by: Annotated[
            str | None, Query(description="Only what had happened by this time.")
        ] = None,
        without_corrections: Annotated[bool, Query(description="As it was first told.")] = False,
        time_zone: Annotated[
            str, Query(description="Of times without a zone, and of hours, days and weeks.")
        ] = "UTC",
        wait_for: WaitFor = 0,
    ) -> None:
        zone(time_zone)
        self.time_zone = time_zone
        self.moment = AskedMoment(known_at, happened_by, without_corrections, time_zone)
        self._wait_for = wait_for

    def selection(
        self,
        period_from: str | None,
        period_to: str | None,
        agent: str | None = None,
        queue: str | None = None,
        source: str | None = None,
    ) -> Selection:
        """The filters of a report, of this time zone."""
        began, ended = period(period_from, period_to, self.time_zone)
        return Selection(self.time_zone, began, ended, agent, queue, source)

    def check_waits_for_none(self) -> None:
        """Raise `Problem` where a position, which is one ledger's own, is waited for."""
        if self._wait_for:
            raise Problem(400, "malformed", "A position is one ledger's own: leave `wait_for` out.")

    @contextmanager
    def reader(self, service: Service) -> Iterator[TimedReader]:
        """Somebody who answers; of an earlier moment once everything is shown, or it would change.

        Raises `Problem` where the position that is awaited for an earlier moment is not shown.
        """
        with service.reader(self._wait_for if self.moment.is_now else None) as reader:
            if self._wait_for and not self.moment.is_now:
                reached(reader.ask("select 1").position, self._wait_for)
            yield reader

    def reached(self, position: int) -> dict[str, str]:
        """The headers of an answer; raises `Problem` where it is of before the awaited position.

        An earlier moment is before it by right.
        """
        return reached(position, self._wait_for if self.moment.is_now else 0)


def reached(position: int, wait_for: int) -> dict[str, str]:
    """The headers of an answer. Raises `Problem` where it is of before the awaited position."""
    if position < wait_for:
        raise try_again(
            f"This waits for position {wait_for:,}, and position {position:,} is shown: ask again."
        )
    return {"Ledger-Position": str(position)}


Moment = Annotated[Asked, Depends(made_at_once(Asked))]
PeriodFrom = Annotated[str | None, Query(alias="from", description="From this day or time on.")]
PeriodTo = Annotated[
    str | None, Query(alias="to", description="Up to this day, included, or before this time.")
]
Queue = Annotated[str | None, Query(description="Only calls of this queue.")]
Source = Annotated[str | None, Query(description="Only calls of this source.")]


def document(content: dict[str, Any], headers: dict[str, str]) -> Response:
    """The answer as JSON, in the same form as the command line's."""
    return Response(json_text(content), 200, headers, JSON)
