"""What each party of a call did from when to when: one lane each.

The state of a lane is a function of the call's state (`domain.evolve`), taken after each
command: what one command makes happen is one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Final, cast

from domain import events
from domain.call import Call, Party
from domain.event import Event
from domain.evolve import evolve
from domain.vocabulary import CUSTOMER, UNKNOWN, Phase, Role, TargetKind, TimeSource
from entrypoints.timeline.history import Entry, Row, history, in_utc

RECORD: Final = ""
"""The lane of what concerns the record: corrections, notes, cuts; no party has an empty name."""


class State(StrEnum):
    """What a party is doing."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALK = "talk"
    HOLD = "hold"
    CONSULT = "consult"
    CONFERENCE = "conference"
    WRAP_UP_ASSIST = "wrap-up assist"
    """The customer has left and the agents go on: post-call time (R19, Q1)."""
    WRAP_UP = "wrap-up"


class MarkKind(StrEnum):
    """What a mark stands for."""

    OFFER = "offer"
    OFFER_LOST = "offer missed or declined"
    TRANSFER_REQUESTED = "transfer requested"
    TRANSFER_ACCEPTED = "transfer accepted"
    TRANSFER_LOST = "transfer or conference fell through"
    EXIT = "exit"
    REASON = "wrap-up reason"
    EXTENSION = "wrap-up extended"
    CORRECTION = "correction"
    NOTE = "activity noted"
    INCOMPLETE = "record is cut"
    RULE_BROKEN = "rule broken"


@dataclass(frozen=True, slots=True)
class Moment:
    """A command's place in the call: in order, and in time, which never goes back (Q8)."""

    order: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Interval:
    """A state from one moment to another; `is_open` when nothing has ended it yet."""

    state: State
    start: Moment
    end: Moment
    is_open: bool = False

    @property
    def duration_seconds(self) -> float:
        return (self.end.time - self.start.time).total_seconds()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment."""

    kind: MarkKind
    moment: Moment
    version: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One party: what it did, and what happened to it."""

    party: str
    intervals: tuple[Interval, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """A transfer that was accepted: from whose lane to whose (T2)."""

    moment: Moment
    giver: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """One call as lanes, with the events it was drawn from."""

    source: str
    call_id: str
    start: Moment
    end: Moment
    lanes: tuple[Lane, ...]
    handovers: tuple[Handover, ...]
    entries: tuple[Entry, ...]
    is_closed: bool

    @property
    def duration_seconds(self) -> float:
        return (self.end.time - self.start.time).total_seconds()

    @property
    def time_of_day_known(self) -> bool:
        """False where times were computed from durations: only the distances hold."""
        return all(entry.time_source is TimeSource.EXACT for entry in self.entries)

    @property
    def clock_back_seconds(self) -> float:
        """How far the clocks of the call went back at most; 0 where they agree."""
        return max((entry.clock_back_seconds for entry in self.entries), default=0.0)


@dataclass
class Drawing:
    """A lane as it is being drawn."""

    intervals: list[Interval] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    state: State | None = None
    since: Moment | None = None

    def change(self, state: State | None, moment: Moment, *, is_open: bool = False) -> None:
        """Close the interval that was open and begin the next one."""
        if state == self.state:
            return
        if self.state is not None and self.since is not None:
            self.intervals.append(Interval(self.state, self.since, moment, is_open))
        self.state, self.since = state, moment


def lanes(rows: Iterable[Row], until: datetime | None = None) -> Timeline:
    """Draw one call from the rows of its events; an open call reaches `until`, if that is later.

    Raises `ValueError` for a call without events, and `UnknownEventTypeError` for a type that
    is not in `domain.events`.
    """
    rows = list(rows)
    entries = history(rows)
    if not entries:
        raise ValueError("A timeline needs at least one event of the call.")
    start = Moment(0, entries[0].occurred_at)
    drawn = DrawnCall(start)
    for order, (_, entries_of_command) in enumerate(
        groupby(entries, key=lambda entry: entry.command_id)
    ):
        drawn.add(order, list(entries_of_command))
    is_closed = drawn.call.phase is Phase.CLOSED
    end = drawn.moment
    if states(drawn.call) or not is_closed:
        end = Moment(end.order + 1, end.time if until is None else max(end.time, in_utc(until)))
    return Timeline(
        source=str(rows[0].get("source") or ""),
        call_id=str(rows[0].get("call_id") or ""),
        start=start,
        end=end,
        lanes=drawn.lanes_until(end),
        handovers=tuple(drawn.handovers),
        entries=entries,
        is_closed=is_closed,
    )


@dataclass
class DrawnCall:
    """A call as it is being drawn, command by command."""

    moment: Moment
    """That of the last command."""
    call: Call = field(default_factory=Call)
    drawings: dict[str, Drawing] = field(default_factory=lambda: {CUSTOMER: Drawing()})
    handovers: list[Handover] = field(default_factory=list)
    last_owner: str | None = None

    def add(self, order: int, entries: Sequence[Entry]) -> None:
        """Draw what one command made happen."""
        moment = Moment(order, max(self.moment.time, *(entry.occurred_at for entry in entries)))
        for entry in entries:
            for party, kind in marks_of(self.call, entry):
                mark = Mark(kind, moment, entry.version, entry.sentence)
                self.drawings.setdefault(party, Drawing()).marks.append(mark)
            owner, receiver = self.call.owner, receiver_in(entry.event)
            self.last_owner = self.last_owner if owner is None else owner.id
            if receiver is not None and self.last_owner is not None:
                self.handovers.append(Handover(moment, self.last_owner, receiver))
            self.call = evolve(self.call, entry.event)
        now = states(self.call)
        for party in now.keys() - self.drawings.keys():
            self.drawings[party] = Drawing()
        for party, drawing in self.drawings.items():
            drawing.change(now.get(party), moment)
        self.moment = moment

    def lanes_until(self, end: Moment) -> tuple[Lane, ...]:
        """Every lane, whose state reaches the end where nothing has ended it; the record's last."""
        for drawing in self.drawings.values():
            drawing.change(None, end, is_open=True)
        if RECORD in self.drawings:
            self.drawings[RECORD] = self.drawings.pop(RECORD)
        return tuple(
            Lane(party, tuple(drawing.intervals), tuple(drawing.marks))
            for party, drawing in self.drawings.items()
        )


def states(call: Call) -> dict[str, State]:
    """What everybody in the call, called to it, or wrapping it up is doing."""
    now = {wrap_up.agent: State.WRAP_UP for wrap_up in call.wrap_ups if wrap_up.is_open}
    now |= dict.fromkeys(rung(call), State.RINGING)
    for party in call.parties:
        now[party.id] = customer_state(call) if party.id == CUSTOMER else agent_state(call, party)
    return now


def rung(call: Call) -> Iterator[str]:
    """Agents who are called by name and have not answered yet."""
    for offer in call.open_offers:
        yield offer.agent
    consult = call.consult
    if consult is not None and consult.party is None and consult.target_kind is TargetKind.AGENT:
        yield consult.target or UNKNOWN
    transfer = call.transfer
    if transfer is not None and transfer.receiver is not None:
        yield transfer.receiver


def customer_state(call: Call) -> State:
    """On hold comes first: an observation may hold a customer who is in conference."""
    if call.hold_number is not None:
        return State.HOLD
    if call.conference_number is not None:
        return State.CONFERENCE
    return State.TALK if call.agents else State.WAITING


def agent_state(call: Call, party: Party) -> State:
    """An agent in a consult is in the consult, whether the customer is on hold or in conference."""
    if call.customer_left:
        return State.WRAP_UP_ASSIST
    if call.consult is not None and (party.role is Role.OWNER or call.consult.party == party.id):
        return State.CONSULT
    if call.hold_number is not None:
        return State.HOLD
    return State.TALK if call.conference_number is None else State.CONFERENCE


def receiver_in(event: Event) -> str | None:
    """Who takes the call over with this event (T2), or answers it after a transfer (Q24)."""
    match event:
        case events.TransferAccepted(party=party):
            return party
        case events.Answered(agent=agent, transfer_number=int()):
            return agent
        case _:
            return None


def agent_of(call: Call, lost: events.OfferMissed | events.OfferDeclined) -> str:
    """Whose offer it was: events recorded before ring-all tell only its number."""
    if lost.agent is not None:
        return lost.agent
    numbered = [offer.agent for offer in call.open_offers if offer.number == lost.offer_number]
    return numbered[0] if numbered else CUSTOMER


def marks_of(call: Call, entry: Entry) -> Iterator[tuple[str, MarkKind]]:
    """The marks of an event, each with its lane; `call` is the state before it."""
    owner = call.owner.id if call.owner else CUSTOMER
    match cast(events.AnyEvent, entry.event):
        case events.Offered(agent=agent):
            yield agent, MarkKind.OFFER
        case events.OfferMissed() | events.OfferDeclined() as lost:
            yield agent_of(call, lost), MarkKind.OFFER_LOST
        case events.TransferRequested():
            yield owner, MarkKind.TRANSFER_REQUESTED
        case events.TransferAccepted(party=party):
            yield party, MarkKind.TRANSFER_ACCEPTED
        case events.Answered(agent=agent, transfer_number=int()):
            yield agent, MarkKind.TRANSFER_ACCEPTED
        case (
            events.TransferDeclined()
            | events.TransferFailed()
            | events.TransferWithdrawn()
            | events.ConferenceFailed()
        ):
            yield owner, MarkKind.TRANSFER_LOST
        case events.Exited(party=party):
            yield party, MarkKind.EXIT
        case events.WrapUpApplied(wrap_up_agent=agent):
            yield agent, MarkKind.REASON
        case events.WrapUpExtended(wrap_up_agent=agent):
            yield agent, MarkKind.EXTENSION
        case events.Corrected():
            yield RECORD, MarkKind.CORRECTION
        case events.ActivityNoted():
            yield RECORD, MarkKind.NOTE
        case events.MarkedIncomplete():
            yield RECORD, MarkKind.INCOMPLETE
        case _:
            pass
    if entry.rules_broken:
        yield RECORD, MarkKind.RULE_BROKEN
