"""What has happened in a call. Frozen: an event is never changed, only corrected by another.

Whatever an event opens has a number that counts from 1 within the call (hold 1, consult 2,
transfer 1, exit 3, ...). Every later event that touches it carries the same number, so a
reader groups by call and number and needs no order.
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from msgspec import field

from domain.event import Event
from domain.text import Personal
from domain.vocabulary import (
    Cause,
    EndedBy,
    ExitReason,
    OfferOutcome,
    PartyKind,
    Role,
    TargetKind,
    TransferFailure,
    TransferKind,
    WrapUpMode,
)


class Received(Event, frozen=True, kw_only=True):
    """The call arrived, and the customer with it."""

    type: ClassVar[Literal["call.received.v1"]] = "call.received.v1"
    stay_number: int
    customer: Personal | None = None
    queue: str | None = None
    entry_point: str | None = None
    channel: str


class Offered(Event, frozen=True, kw_only=True):
    """The queue offered the call to an agent, perhaps to others at the same time (O2)."""

    type: ClassVar[Literal["call.offered.v1"]] = "call.offered.v1"
    offer_number: int
    agent: str
    queue: str | None = None
    queue_entry_number: int | None = None


class Answered(Event, frozen=True, kw_only=True):
    """The agent answered and became the owner; with a transfer number, as its receiver (Q24)."""

    type: ClassVar[Literal["call.answered.v1"]] = "call.answered.v1"
    offer_number: int | None = None
    stay_number: int
    agent: str
    queue_entry_number: int | None = None
    transfer_number: int | None = None


class OfferMissed(Event, frozen=True, kw_only=True):
    """The offer ran out of time."""

    type: ClassVar[Literal["call.offer-missed.v1"]] = "call.offer-missed.v1"
    offer_number: int | None = None
    agent: str | None = None


class OfferDeclined(Event, frozen=True, kw_only=True):
    """The agent declined the offer."""

    type: ClassVar[Literal["call.offer-declined.v1"]] = "call.offer-declined.v1"
    offer_number: int | None = None
    agent: str | None = None


class OfferClosed(Event, frozen=True, kw_only=True):
    """The offer fell with what became of the call: another agent answered it first (O2)."""

    type: ClassVar[Literal["call.offer-closed.v1"]] = "call.offer-closed.v1"
    offer_number: int
    agent: str
    outcome: OfferOutcome


class Abandoned(Event, frozen=True, kw_only=True):
    """The customer gave up in the queue; an open offer falls with it."""

    type: ClassVar[Literal["call.abandoned.v1"]] = "call.abandoned.v1"
    offer_number: int | None = None
    queue_entry_number: int | None = None


class Held(Event, frozen=True, kw_only=True):
    """The customer was put on hold."""

    type: ClassVar[Literal["call.held.v1"]] = "call.held.v1"
    hold_number: int


class AgentHeld(Event, frozen=True, kw_only=True):
    """An agent was put on hold, which no rule allows: recorded because it was reported (R8)."""

    type: ClassVar[Literal["call.agent-held.v1"]] = "call.agent-held.v1"
    party: str


class Resumed(Event, frozen=True, kw_only=True):
    """The customer was taken off hold by the owner."""

    type: ClassVar[Literal["call.resumed.v1"]] = "call.resumed.v1"
    hold_number: int | None = None


class ConsultStarted(Event, frozen=True, kw_only=True):
    """The owner asked for a consult; with a hold number it put the customer on hold (C5)."""

    type: ClassVar[Literal["call.consult-started.v1"]] = "call.consult-started.v1"
    consult_number: int
    hold_number: int | None = None
    target_kind: TargetKind
    target: str | None = None
    dial_number: Personal | None = None


class ConsultAnswered(Event, frozen=True, kw_only=True):
    """Somebody answered the consult and is A2 from now on (Q22)."""

    type: ClassVar[Literal["call.consult-answered.v1"]] = "call.consult-answered.v1"
    consult_number: int | None = None
    stay_number: int
    party: str
    party_kind: PartyKind


class ConsultDeclined(Event, frozen=True, kw_only=True):
    """The consult was declined."""

    type: ClassVar[Literal["call.consult-declined.v1"]] = "call.consult-declined.v1"
    consult_number: int | None = None


class ConsultCancelled(Event, frozen=True, kw_only=True):
    """The consult was cancelled before anybody answered."""

    type: ClassVar[Literal["call.consult-cancelled.v1"]] = "call.consult-cancelled.v1"
    consult_number: int | None = None


class ConsultEnded(Event, frozen=True, kw_only=True):
    """The answered consult ended; the customer stays on hold (C5)."""

    type: ClassVar[Literal["call.consult-ended.v1"]] = "call.consult-ended.v1"
    consult_number: int | None = None


class ConferenceStarted(Event, frozen=True, kw_only=True):
    """Customer, owner and consulted party talk together (R4); consult and hold end with it."""

    type: ClassVar[Literal["call.conference-started.v1"]] = "call.conference-started.v1"
    conference_number: int
    consult_number: int | None = None
    hold_number: int | None = None
    party: str | None = None
    members: tuple[str, ...]


class ConferenceJoined(Event, frozen=True, kw_only=True):
    """A further consulted party joined the conference under way (Q7, `multi-party`)."""

    type: ClassVar[Literal["call.conference-joined.v1"]] = "call.conference-joined.v1"
    conference_number: int
    consult_number: int | None = None
    party: str
    members: tuple[str, ...]


class ConferenceFailed(Event, frozen=True, kw_only=True):
    """The conference was not built; consult and hold stand (Q13)."""

    type: ClassVar[Literal["call.conference-failed.v1"]] = "call.conference-failed.v1"
    consult_number: int | None = None


class ConferenceEnded(Event, frozen=True, kw_only=True):
    """Fewer than two agents, or no customer, are left in the conference."""

    type: ClassVar[Literal["call.conference-ended.v1"]] = "call.conference-ended.v1"
    conference_number: int | None = None
    cause: Cause


class TransferRequested(Event, frozen=True, kw_only=True):
    """The owner asked to hand over; the owner's wrap-up opens as pending (R10, Q3, Q23)."""

    type: ClassVar[Literal["call.transfer-requested.v1"]] = "call.transfer-requested.v1"
    transfer_number: int
    kind: TransferKind
    target_kind: TargetKind
    target: str | None = None
    dial_number: Personal | None = None
    receiver: str | None = None
    """Who must accept, where somebody is named; a queue's request is open to whoever picks up."""
    wrap_up_number: int | None = None
    wrap_up_agent: str | None = None
    consult_number: int | None = None
    conference_number: int | None = None


class TransferAccepted(Event, frozen=True, kw_only=True):
    """The receiver owns the call; the former owner's wrap-up is open for good (T2, R11, R12).

    It ends a hold and a consult whose numbers it carries. A stay number means that the
    receiver came in with it; one who was in already goes on in the stay that was open.
    """

    type: ClassVar[Literal["call.transfer-accepted.v1"]] = "call.transfer-accepted.v1"
    transfer_number: int | None = None
    kind: TransferKind
    party: str
    party_kind: PartyKind
    stay_number: int | None = None
    hold_number: int | None = None
    consult_number: int | None = None
    wrap_up_number: int | None = None
    wrap_up_agent: str | None = None


class TransferredToQueue(Event, frozen=True, kw_only=True):
    """A blind transfer took effect at its request, and the call waits in a queue again (Q24)."""

    type: ClassVar[Literal["call.transferred-to-queue.v1"]] = "call.transferred-to-queue.v1"
    transfer_number: int
    queue_entry_number: int
    queue: str | None = None
    entry_point: str | None = None
    hold_number: int | None = None
    wrap_up_number: int | None = None
    wrap_up_agent: str | None = None


class TransferDeclined(Event, frozen=True, kw_only=True):
    """The receiver declined; the pending wrap-up is void (Q3, Q17)."""

    type: ClassVar[Literal["call.transfer-declined.v1"]] = "call.transfer-declined.v1"
    transfer_number: int | None = None
    wrap_up_number: int | None = None


class TransferFailed(Event, frozen=True, kw_only=True):
    """The transfer failed; the pending wrap-up is void (Q14, Q15, Q17)."""

    type: ClassVar[Literal["call.transfer-failed.v1"]] = "call.transfer-failed.v1"
    transfer_number: int | None = None
    wrap_up_number: int | None = None
    failure: TransferFailure


class TransferWithdrawn(Event, frozen=True, kw_only=True):
    """The owner took the request back; the pending wrap-up is void (Q3, Q16, Q17)."""

    type: ClassVar[Literal["call.transfer-withdrawn.v1"]] = "call.transfer-withdrawn.v1"
    transfer_number: int | None = None
    wrap_up_number: int | None = None


class Exited(Event, frozen=True, kw_only=True):
    """One party left (Q8). A customer's exit ends a hold and a consult whose numbers it carries.

    The wrap-up numbered here opens for the agent named: the owner who leaves, or the owner
    whom the customer leaves (R18, W1).
    """

    type: ClassVar[Literal["call.exited.v1"]] = "call.exited.v1"
    exit_number: int
    stay_number: int | None = None
    party: str
    party_kind: PartyKind
    party_role: Role
    initiated_by: str
    reason: ExitReason
    stayed: tuple[str, ...]
    owner_after: str | None = None
    conference_number: int | None = None
    hold_number: int | None = None
    consult_number: int | None = None
    wrap_up_number: int | None = None
    wrap_up_agent: str | None = None


class Ended(Event, frozen=True, kw_only=True):
    """Nobody is left, or only one agent: the call is over."""

    type: ClassVar[Literal["call.ended.v1"]] = "call.ended.v1"
    ended_by: EndedBy
    offer_number: int | None = None


class WrapUpApplied(Event, frozen=True, kw_only=True):
    """A wrap-up reason was given; provisional while the transfer is pending (Q3, W5, W7)."""

    type: ClassVar[Literal["call.wrap-up-applied.v1"]] = "call.wrap-up-applied.v1"
    wrap_up_number: int
    wrap_up_agent: str
    reason: str
    mode: WrapUpMode
    provisional: bool = field(default_factory=bool)
    """Made by a factory, because a plain default would be left out when it is written."""
    note: Personal | None = None


class WrapUpExtended(Event, frozen=True, kw_only=True):
    """The agent took more time to wrap up (W8)."""

    type: ClassVar[Literal["call.wrap-up-extended.v1"]] = "call.wrap-up-extended.v1"
    wrap_up_number: int
    wrap_up_agent: str


class Corrected(Event, frozen=True, kw_only=True):
    """An earlier event of the call was wrong: why, and the right reason where it has one."""

    type: ClassVar[Literal["call.corrected.v1"]] = "call.corrected.v1"
    corrected_version: int
    why: Personal
    reason: str | None = None
    wrap_up_number: int | None = None


class ActivityNoted(Event, frozen=True, kw_only=True):
    """Another system reported something that the rules do not speak of."""

    type: ClassVar[Literal["call.activity-noted.v1"]] = "call.activity-noted.v1"
    activity: str
    duration_ms: int | None = None


class MarkedIncomplete(Event, frozen=True, kw_only=True):
    """The source's record of the call is cut: what is missing."""

    type: ClassVar[Literal["call.marked-incomplete.v1"]] = "call.marked-incomplete.v1"
    missing: str


class ObservationRepeated(Event, frozen=True, kw_only=True):
    """Another system reported again what was known, or what was so already: no change (L6)."""

    type: ClassVar[Literal["call.observation-repeated.v1"]] = "call.observation-repeated.v1"
    action: str
    repeated_version: int | None = None
    thing: str | None = None
    number: int | None = None
    customer: Personal | None = None
    note: Personal | None = None


AnyEvent = (
    Received
    | Offered
    | Answered
    | OfferMissed
    | OfferDeclined
    | OfferClosed
    | Abandoned
    | Held
    | AgentHeld
    | Resumed
    | ConsultStarted
    | ConsultAnswered
    | ConsultDeclined
    | ConsultCancelled
    | ConsultEnded
    | ConferenceStarted
    | ConferenceJoined
    | ConferenceFailed
    | ConferenceEnded
    | TransferRequested
    | TransferAccepted
    | TransferredToQueue
    | TransferDeclined
    | TransferFailed
    | TransferWithdrawn
    | Exited
    | Ended
    | WrapUpApplied
    | WrapUpExtended
    | Corrected
    | ActivityNoted
    | MarkedIncomplete
    | ObservationRepeated
)

EVENT_CLASSES: tuple[type[Event], ...] = get_args(AnyEvent)
EVENT_CLASS_OF_TYPE: dict[str, type[Event]] = {
    event_class.type: event_class for event_class in EVENT_CLASSES
}
"""The event class of each versioned type name."""
