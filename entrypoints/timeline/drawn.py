"""Up to when a call is drawn, and the drawing as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from entrypoints.timeline.lanes import Timeline

GOES_ON: Final = timedelta(hours=12)
"""An open call of which nothing was heard for longer is drawn to its last event, not to now."""


def drawn_until(call: Mapping[str, Any], about: Mapping[str, Any]) -> datetime | None:
    """Up to the moment of the answer for a call that went on then; else no further than it goes.

    `call` is a row of `calls` or has its columns, and `about` has the moment as `moment_of` tells
    it. A call whose times are computed is drawn no further either: they are not the clock's.
    """
    now = moment_drawn(about)
    latest = call["last_event_at"].replace(tzinfo=UTC)
    is_live = not call["is_closed"] and not call["is_time_derived"]
    return now if is_live and now - latest < GOES_ON else None


def moment_drawn(about: Mapping[str, Any]) -> datetime:
    """Now, or the moment that was asked for."""
    if "as_of" not in about:
        return datetime.now(UTC)
    facts = about["as_of"]
    return datetime.fromisoformat(facts["happened_by"] or facts["known_at"]["recorded_at"])


def as_document(timeline: Timeline) -> dict[str, Any]:
    """The lanes with their intervals and marks, and who handed the call to whom."""
    return {
        "lanes": [
            {
                "party": lane.party,
                "intervals": [
                    {
                        "state": interval.state,
                        "began_at": interval.start.time,
                        "ended_at": None if interval.is_open else interval.end.time,
                    }
                    for interval in lane.intervals
                ],
                "marks": [
                    {
                        "kind": mark.kind,
                        "happened_at": mark.moment.time,
                        "version": mark.version,
                        "sentence": mark.sentence,
                    }
                    for mark in lane.marks
                ],
            }
            for lane in timeline.lanes
        ],
        "handovers": [
            {
                "happened_at": handover.moment.time,
                "giver": handover.giver,
                "receiver": handover.receiver,
            }
            for handover in timeline.handovers
        ],
        "is_time_of_day_known": timeline.time_of_day_known,
    }
