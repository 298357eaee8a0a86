"""The recorded events of one call, read back from rows into the words of the domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import convert

from domain.event import Event
from domain.events import EVENT_CLASS_OF_TYPE
from domain.vocabulary import TimeSource
from entrypoints.timeline.sentences import sentence
from infra.errors import LedgerError

Row = Mapping[str, Any]
"""One row of the `events` table: the envelope's columns and those of the event's body."""


class UnknownEventTypeError(LedgerError):
    """A row of a type that this version of the ledger does not know."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded event, with what its envelope says about it."""

    version: int
    command_id: str
    occurred_at: datetime
    """By the clock of whoever asked, UTC; clocks may disagree, so order is by version (Q8)."""
    clock_back_seconds: float
    """How far this clock lies behind that of an earlier event; 0 where time went on."""
    actor: str
    role: str
    via: str
    time_source: TimeSource
    observed: bool
    rules_broken: tuple[str, ...]
    event: Event

    @property
    def sentence(self) -> str:
        """What happened, personal text left out."""
        return sentence(self.event, self.actor, self.role)

    @property
    def full_sentence(self) -> str:
        """What happened, personal text included."""
        return sentence(self.event, self.actor, self.role, personal=True)


def history(rows: Iterable[Row]) -> tuple[Entry, ...]:
    """Read the rows of one call, in the order of their versions.

    Times without a zone are UTC. Raises `UnknownEventTypeError` for a type that is not in
    `domain.events`.
    """
    entries: list[Entry] = []
    latest: datetime | None = None
    for row in sorted(rows, key=lambda row: int(row["version"])):
        occurred_at = in_utc(row["occurred_at"])
        latest = max(latest or occurred_at, occurred_at)
        entries.append(
            Entry(
                version=row["version"],
                command_id=str(row.get("command_id") or row["version"]),
                occurred_at=occurred_at,
                clock_back_seconds=(latest - occurred_at) / timedelta(seconds=1),
                actor=row["actor"],
                role=row["role"],
                via=row["via"],
                time_source=TimeSource(row.get("time_source") or TimeSource.EXACT),
                observed=bool(row.get("observed")),
                rules_broken=tuple(row.get("rules_broken") or ()),
                event=event_of(row),
            )
        )
    return tuple(entries)


def event_of(row: Row) -> Event:
    """The event's body: the columns that its class has, where they are not null."""
    event_class = EVENT_CLASS_OF_TYPE.get(row["type"])
    if event_class is None:
        raise UnknownEventTypeError(
            f"Event {row['version']} is of type {row['type']!r}, which this version does not "
            "know; upgrade call-ledger to the version that recorded it."
        )
    names = event_class.__struct_fields__
    return convert({name: row[name] for name in names if row.get(name) is not None}, event_class)


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; the store keeps UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
