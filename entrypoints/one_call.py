"""One call as of a moment: its events, and what they say of it as a whole.

The table `calls` says the same and more, but as of an earlier moment it has to be computed first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.call import Call
from domain.events import ObservationRepeated
from domain.evolve import evolve
from domain.vocabulary import Phase, TimeSource
from entrypoints.report_answer import moment_of
from entrypoints.timeline.history import history
from entrypoints.ui.moment import AskedMoment
from entrypoints.ui.output import tell_note
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from projections.errors import UnreadableEvent

if TYPE_CHECKING:
    import pyarrow as pa

    from projections.as_of import AsOf
    from projections.serving.protocol import Answer
    from projections.serving.read_side import ReadSide
    from projections.single_call import CallRows

NOW = AskedMoment()
EVENTS: Final = """
select *, (
  select count(*) from dead_letters
  where state = 'waiting' and call_position = $call_position
) as unread_count
from events
where call_position = $call_position and position >= $call_position
"""
"""One question, because to ask and to plan takes longer than to read. By the position DuckDB passes
over the older parts of the table, whichever calls have late events in them."""

DEAD_LETTERS: Final = """
select position, call_position, state from dead_letters
where call_position = $call_position
"""
ROW: Final = "select * from calls where call_position = $call_position"


class CallNotFoundError(LedgerError):
    """No call, or more than one, has this id."""


class CallNotShownError(LedgerError):
    """The call is recorded, has events that cannot be read, and tables have not come to them."""


class OneCall(NamedTuple):
    """A call's events in order, and the moment that they are of."""

    call_position: int
    source: str
    events: list[dict[str, Any]]
    unread_count: int
    """How many of its events are in quarantine."""
    position: int
    as_of: AsOf | None
    moment: dict[str, Any]
    """The facts of the moment that was asked for; empty for now."""
    tables: Mapping[str, Any]
    """What is said of the tables, for programs."""
    row: dict[str, Any] | None = None
    """What `calls` will say of it, where the tables do not show all of it yet."""

    @property
    def about(self) -> dict[str, Any]:
        """At which position of which tables it is so."""
        return {**self.tables, "position": self.position, **self.moment}

    @property
    def told_once(self) -> list[dict[str, Any]]:
        """The events but those that tell again: they are about the record, not about the call."""
        return [event for event in self.events if event["type"] != ObservationRepeated.type]

    @property
    def last_event_at(self) -> datetime:
        """When the latest of them occurred, UTC."""
        latest: datetime = max(event["occurred_at"] for event in self.told_once or self.events)
        return latest.replace(tzinfo=UTC)

    @property
    def is_time_derived(self) -> bool:
        """Whether times were computed from durations."""
        return any(event["time_source"] == TimeSource.DERIVED for event in self.told_once)

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, and no wrap-up is open."""
        call = Call()
        for entry in history(self.events):
            call = evolve(call, entry.event)
        return call.phase is Phase.CLOSED

    @property
    def as_told(self) -> dict[str, Any]:
        """What a row of `calls` has of these, for who draws it."""
        names = ("last_event_at", "is_closed", "is_time_derived")
        return {name: getattr(self, name) for name in names}

    @property
    def missing(self) -> str:
        """What its record lacks, as far as that is known; empty where it is whole."""
        marks = (event["missing"] for event in self.events if event["missing"] is not None)
        unread = [f"{self.unread_count} of its events in quarantine"] if self.unread_count else []
        return "; ".join([*dict.fromkeys(marks), *unread])


def one_call(
    folder: LedgerFolder, call_id: str, source: str | None, asked: AskedMoment = NOW
) -> OneCall:
    """The call of this id, as of the moment that is asked for.

    Raises `CallNotFoundError` when there is none, or when two sources use the id.
    """
    from projections.serving.client import Reader

    with Reader(folder) as reader:
        return read_call(reader, folder, call_id, source, asked)


def read_call(
    reader: ReadSide, folder: LedgerFolder, call_id: str, source: str | None, asked: AskedMoment
) -> OneCall:
    """As `one_call`, of a reader that is open.

    Raises `CallNotShownError` too, where its events are not shown and cannot be read.
    """
    as_of = asked.looked_up(reader)
    moment = moment_of(reader, as_of)
    calls = [call_at(reader, *name, as_of, moment) for name in calls_of(reader, call_id, source)]
    found = [call for call in calls if call.events]
    if not found:
        of_source = f" of source {source}" if source else ""
        raise CallNotFoundError(
            f"There {'is' if as_of is None else 'was'} no call {call_id}{of_source} in {folder}"
            f"{'' if as_of is None else ' at that moment'}; see call-ledger call list."
        )
    if len(found) > 1:
        names = " or ".join(f"--source {call.source}" for call in found)
        raise CallNotFoundError(f"More than one source has a call {call_id}; add {names}.")
    return found[0]


def calls_of(reader: ReadSide, call_id: str, source: str | None) -> list[tuple[str, int]]:
    """Source and call position of each call of this id, of one source or of any.

    They are those of now: whatever was known at an earlier moment is known now.
    """
    return [call for call in reader.calls_of_id(call_id) if source in (None, call[0])]


def call_at(
    reader: ReadSide, source: str, place: int, as_of: AsOf | None, moment: dict[str, Any]
) -> OneCall:
    """The call that began at a place, as of a moment; without events where it had not begun.

    Where the tables lack something of it now, it is computed from the store's events. Raises
    `CallNotShownError` where these cannot be read.
    """
    if as_of is None and (alone := computed_alone(reader, place)) is not None:
        return OneCall(
            place,
            source,
            alone.rows.events.to_pylist(),
            alone.unread_count,
            alone.position,
            None,
            {},
            reader.facts,
            alone.row,
        )
    answer = reader.ask(EVENTS, {"call_position": place}, as_of=as_of)
    tell_note(answer.note)
    rows = events_in(answer.table)
    unread_count = answer.table["unread_count"][0].as_py() if rows else 0
    return OneCall(place, source, rows, unread_count, answer.position, as_of, moment, reader.facts)


class Alone(NamedTuple):
    """A call of now that was computed from its recorded events alone."""

    rows: CallRows
    unread_count: int
    version: int
    position: int

    @property
    def row(self) -> dict[str, Any]:
        """What `calls` will say of it; nothing where its beginning is not known."""
        return next((dict(row) for row in self.rows.calls.to_pylist()), {})


def computed_alone(reader: ReadSide, place: int) -> Alone | None:
    """The call that began at a place, where tables do not show all that the store has of it.

    Raises `CallNotShownError` where its events cannot be read.
    """
    recorded = reader.recorded(place)
    if recorded is None:
        return None
    unread = reader.ask(DEAD_LETTERS, {"call_position": place})
    tell_note(unread.note)
    if recorded.events.positions[-1] <= unread.position:
        return None
    from projections.single_call import rows_of_call

    try:
        rows = rows_of_call(recorded.events, unread.table)
    except UnreadableEvent as error:
        raise CallNotShownError(
            f"The call at position {place:,} is recorded, and shown once the tables have come"
            f" to it, which are at {unread.position:,}: {error}"
        ) from None
    unread_count = unread.table["state"].to_pylist().count("waiting")
    return Alone(rows, unread_count, len(recorded.events.positions), recorded.position)


def events_in(table: pa.Table) -> list[dict[str, Any]]:
    """The answer's events in order; the few of a call are sorted in no time here."""
    events = table.drop_columns("unread_count").to_pylist()
    return sorted(events, key=itemgetter("version"))


def row_of(reader: ReadSide, call: OneCall) -> dict[str, Any]:
    """What the table `calls` says of it at its moment; nothing where its beginning is not known."""
    if call.row is not None:
        return call.row
    rows = row_at(reader, call.call_position, call.as_of).table.to_pylist()
    return dict(rows[0]) if rows else {}


def row_at(reader: ReadSide, place: int, as_of: AsOf | None) -> Answer:
    """The row of `calls` of the call that began at a place, if there is one at that moment."""
    asked = {"call_position": place}
    return reader.ask(ROW, asked, as_of=as_of, only_call=place)


class CallState(NamedTuple):
    """What the table `calls` says of a call, and its version."""

    row: dict[str, Any]
    """Nothing where its beginning is not known."""
    version: int
    """Of now with the events that cannot be read, as commands have it; else of those shown."""
    position: int
    about: dict[str, Any]
    """At which position of which tables it is so."""


def state_at(reader: ReadSide, source: str, call_id: str, asked: AskedMoment) -> CallState | None:
    """As `row_of` the call that `read_call` gives, without its events; nothing where there is none.

    Raises `CallNotShownError` as that does.
    """
    as_of = asked.looked_up(reader)
    calls = calls_of(reader, call_id, source)
    if not calls:
        return None
    ((_, place),) = calls
    if as_of is None and (alone := computed_alone(reader, place)) is not None:
        about = {**reader.facts, "position": alone.position}
        return CallState(alone.row, alone.version, alone.position, about)
    answer = row_at(reader, place, as_of)
    tell_note(answer.note)
    moment = moment_of(reader, as_of)
    row = next(iter(answer.table.to_pylist()), None)
    if row is not None:
        about = {**reader.facts, "position": answer.position, **moment}
        state = CallState(row, row["event_count"], answer.position, about)
    else:
        call = call_at(reader, source, place, as_of, moment)
        if not call.events:
            return None
        state = CallState({}, len(call.events), call.position, call.about)
    if as_of is None and (row is None or row["is_incomplete"]):
        recorded = recorded_version(reader, place, state.position)
        return state._replace(version=max(state.version, recorded))
    return state


def recorded_version(reader: ReadSide, place: int, position: int) -> int:
    """The call's version at a position, as the store has it; 0 where there are tables alone."""
    recorded = reader.recorded(place)
    positions = () if recorded is None else recorded.events.positions
    return sum(event_position <= position for event_position in positions)
