"""A moment as people name it, looked up in the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from infra.errors import WRONG_USAGE
from projections.as_of import AsOf
from projections.errors import ProjectionError
from projections.serving.read_side import Answering

HEAD: Final = "select coalesce(max(position), 0) as position from events"
LAST_REFUSAL: Final = "select max(recorded_at) as recorded_at from refusals"
LAST_BY: Final = """
select coalesce(
  (select min(position) - 1 from events where recorded_at > $moment), max(position), 0
) as position
from events
"""
"""The position before the first event that was recorded later. An event after that has been
recorded later still, whatever its time says: clocks are put back, and two writers' differ."""
EVENT: Final = "select recorded_at, rule_set, rule_set_hash from events"
AT: Final = f"{EVENT} where position = $position"
LAST_UP_TO: Final = f"{EVENT} where position <= $position order by position desc limit 1"
"""Where the event of a position is a dead letter, this is the one before it."""


class NotYetKnown(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The ledger has not come to this position."""

    exit_code = WRONG_USAGE


def moment(
    reader: Answering,
    known_at: int | datetime | None = None,
    happened_by: datetime | None = None,
    with_corrections: bool = True,
) -> AsOf:
    """What counts at this moment; without a position or time known, all that is known now.

    A time is that of the last event before any that was recorded later. Raises `NotYetKnown` for
    a position that is still to come.
    """
    if isinstance(known_at, datetime):
        (found,) = reader.ask(LAST_BY, {"moment": known_at}).table.to_pylist()
        return AsOf(found["position"], known_at, happened_by, with_corrections)
    answer = reader.ask(HEAD)
    (head,) = answer.table.to_pylist()
    # Shards may have events beyond the position up to which there is every one.
    last = min(head["position"], answer.position)
    if known_at is None:
        (refusal,) = reader.ask(LAST_REFUSAL).table.to_pylist()
        refused_by = refusal["recorded_at"] or datetime.min
        return AsOf(last, refused_by, happened_by, with_corrections)
    if known_at > last:
        raise NotYetKnown(
            f"The ledger is at position {last:,}, and {known_at:,} is still to come: "
            "name an earlier one, or a time."
        )
    recorded_at = event_at(reader, known_at).get("recorded_at", datetime.min)
    return AsOf(known_at, recorded_at, happened_by, with_corrections)


def event_at(reader: Answering, position: int) -> dict[str, Any]:
    """When the last event up to a position was recorded, and by which rules it was judged."""
    for sql in (AT, LAST_UP_TO):
        found = reader.ask(sql, {"position": position}).table.to_pylist()
        if found:
            return dict(found[0])
    return {}


def facts_of(reader: Answering, as_of: AsOf) -> dict[str, Any]:
    """What an answer says of its moment, for programs."""
    event = event_at(reader, as_of.position)
    recorded_at = event.get("recorded_at")
    return {
        "known_at": {
            "position": as_of.position,
            "recorded_at": recorded_at and in_utc(recorded_at),
        },
        "happened_by": as_of.happened_by and in_utc(as_of.happened_by),
        "with_corrections": as_of.with_corrections,
        "rule_set": event.get("rule_set"),
        "rule_set_hash": event.get("rule_set_hash"),
    }


def in_utc(moment: datetime) -> str:
    """A time as it stands in documents: `2026-01-01T10:00:00.123456Z`."""
    return f"{moment.isoformat(timespec='microseconds')}Z"
