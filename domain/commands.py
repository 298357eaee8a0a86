"""What can be asked of a call, or, through the other door, reported to have happened in it.

A command asks and may be refused; an observation carries the same words about something that
another system has already done, and is recorded whatever rules it broke.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, get_args
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.text import (
    Name,
    PersonalName,
    PersonalNote,
    PersonalTarget,
    PersonalText,
    Source,
    TraceParent,
    Word,
)
from domain.vocabulary import (
    CUSTOMER,
    TargetKind,
    TimeSource,
    TransferFailure,
    Via,
)

EARLIEST_YEAR, LATEST_YEAR = 1970, 2200
"""Bounds on occurred_at: a time outside them is a unit mistake, not a call."""

Moment = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC),
        lt=datetime(LATEST_YEAR + 1, 1, 1, tzinfo=UTC),
    ),
]
"""A time with its zone, within the bounds."""

LARGEST_VERSION = 10**9
"""Bounds a version that a command names: no call has as many events."""


class Command(BaseModel):
    """What every command says: which call, who acts, when, by what, and under which id."""

    # Built when one is first read: most of the program only knows commands by their classes.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    action: ClassVar[str]
    """The command's type without its prefix and version; a row of the role and phase table."""

    command_id: UUID
    """Makes the command unique: repeating it yields the first outcome and no new event."""
    source: Source
    call_id: Name
    actor: Name
    """Who acts: an agent's id, or `customer`, `system`, `unknown`."""
    via: Via = Via.DESKTOP
    occurred_at: Moment
    """When it happens, by the clock of whoever asks; never used for order."""
    time_source: TimeSource = TimeSource.EXACT
    correlation_id: Name | None = None
    causation_id: Name | None = None
    traceparent: TraceParent | None = None
    """The trace that the sending belongs to; it decides nothing, and is kept with the event."""
    expected_version: Annotated[int, Field(ge=0, le=LARGEST_VERSION)] | None = None
    """The version of the call that the asker has seen; another one makes the command stale."""


class Receive(Command):
    """The call arrives; with a queue it waits there, and counts as queued."""

    action = "receive"
    type: Literal["call.receive.v1"] = "call.receive.v1"
    customer: PersonalName | None = None
    queue: Name | None = None
    entry_point: Name | None = None
    channel: Name = "telephony"


class Offer(Command):
    """The queue offers the call to an agent, or to several at once (O1, O2)."""

    action = "offer"
    type: Literal["call.offer.v1"] = "call.offer.v1"
    agent: Name
    queue: Name | None = None


class Answer(Command):
    """The agent answers the offer and becomes the owner."""

    action = "answer"
    type: Literal["call.answer.v1"] = "call.answer.v1"


class MissOffer(Command):
    """The offer's time runs out."""

    action = "miss-offer"
    type: Literal["call.miss-offer.v1"] = "call.miss-offer.v1"
    agent: Name | None = None
    """Whose offer it is; left out, the actor's, or the only one that is open (O2)."""


class DeclineOffer(Command):
    """The agent declines the offer."""

    action = "decline-offer"
    type: Literal["call.decline-offer.v1"] = "call.decline-offer.v1"
    agent: Name | None = None
    """Whose offer it is; left out, the actor's, or the only one that is open (O2)."""


class Abandon(Command):
    """The customer gives up in the queue."""

    action = "abandon"
    type: Literal["call.abandon.v1"] = "call.abandon.v1"


class Hold(Command):
    """The owner puts the customer on hold (H1, R7, R8)."""

    action = "hold"
    type: Literal["call.hold.v1"] = "call.hold.v1"
    party: Name = CUSTOMER


class Resume(Command):
    """The owner takes the customer off hold (H1)."""

    action = "resume"
    type: Literal["call.resume.v1"] = "call.resume.v1"


class StartConsult(Command):
    """The owner asks somebody for advice; the customer goes on hold (C1 to C5)."""

    action = "start-consult"
    type: Literal["call.start-consult.v1"] = "call.start-consult.v1"
    target_kind: TargetKind
    target: PersonalTarget


class AnswerConsult(Command):
    """The consulted party answers (Q22: whoever answers is A2)."""

    action = "answer-consult"
    type: Literal["call.answer-consult.v1"] = "call.answer-consult.v1"


class DeclineConsult(Command):
    """The consulted party declines (C6)."""

    action = "decline-consult"
    type: Literal["call.decline-consult.v1"] = "call.decline-consult.v1"


class CancelConsult(Command):
    """The owner cancels a consult that nobody has answered yet (C6)."""

    action = "cancel-consult"
    type: Literal["call.cancel-consult.v1"] = "call.cancel-consult.v1"


class EndConsult(Command):
    """The owner ends an answered consult; the customer stays on hold (C5, C6)."""

    action = "end-consult"
    type: Literal["call.end-consult.v1"] = "call.end-consult.v1"


class StartConference(Command):
    """The owner joins customer and consulted party into one conference (R1 to R5)."""

    action = "start-conference"
    type: Literal["call.start-conference.v1"] = "call.start-conference.v1"
    member: Name | None = None
    """Whom the asker means; it must be the consulted party (R2)."""


class FailConference(Command):
    """The conference could not be built: the consult stands, the customer stays on hold (Q13)."""

    action = "fail-conference"
    type: Literal["call.fail-conference.v1"] = "call.fail-conference.v1"


class RequestTransfer(Command):
    """The owner asks to hand the call over: blind, after a consult, or in conference (T1, R9)."""

    action = "request-transfer"
    type: Literal["call.request-transfer.v1"] = "call.request-transfer.v1"
    target_kind: TargetKind | None = None
    target: PersonalTarget | None = None
    """Left out, it is the consulted party or the other member."""


class AcceptTransfer(Command):
    """The receiver accepts and owns the call from then on (R12, T2)."""

    action = "accept-transfer"
    type: Literal["call.accept-transfer.v1"] = "call.accept-transfer.v1"


class DeclineTransfer(Command):
    """The receiver declines; the pending wrap-up closes again (Q3)."""

    action = "decline-transfer"
    type: Literal["call.decline-transfer.v1"] = "call.decline-transfer.v1"


class FailTransfer(Command):
    """The system could not carry out the transfer (Q3)."""

    action = "fail-transfer"
    type: Literal["call.fail-transfer.v1"] = "call.fail-transfer.v1"
    failure: TransferFailure = TransferFailure.UNKNOWN


class WithdrawTransfer(Command):
    """The owner takes the request back (Q3)."""

    action = "withdraw-transfer"
    type: Literal["call.withdraw-transfer.v1"] = "call.withdraw-transfer.v1"


class Exit(Command):
    """I leave; the others go on (R13, Q2, Q6)."""

    action = "exit"
    type: Literal["call.exit.v1"] = "call.exit.v1"


class EndConference(Command):
    """The owner ends the conference for everybody (R14, R16)."""

    action = "end-conference"
    type: Literal["call.end-conference.v1"] = "call.end-conference.v1"


class HangUp(Command):
    """The actor's device hangs up (R17, Q8, Q12)."""

    action = "hang-up"
    type: Literal["call.hang-up.v1"] = "call.hang-up.v1"
    via: Via = Via.DEVICE


class Leave(Command):
    """The customer leaves the call (R18, E1)."""

    action = "leave"
    type: Literal["call.leave.v1"] = "call.leave.v1"


class EndCall(Command):
    """The call ends for everybody (E1, W1)."""

    action = "end-call"
    type: Literal["call.end-call.v1"] = "call.end-call.v1"


class ApplyWrapUp(Command):
    """The agent gives the wrap-up reason (R15, R21, W5)."""

    action = "apply-wrap-up"
    type: Literal["call.apply-wrap-up.v1"] = "call.apply-wrap-up.v1"
    reason: Name
    note: PersonalNote | None = None


class ExtendWrapUp(Command):
    """The agent asks for more time, and then wraps up by hand (W8)."""

    action = "extend-wrap-up"
    type: Literal["call.extend-wrap-up.v1"] = "call.extend-wrap-up.v1"


class ApplyDefaultWrapUp(Command):
    """The wrap-up's time is out: the system applies the default reason for the agent (W7)."""

    action = "apply-default-wrap-up"
    type: Literal["call.apply-default-wrap-up.v1"] = "call.apply-default-wrap-up.v1"
    agent: Name


class Correct(Command):
    """An earlier event was wrong: a new event refers to it and says why; nothing is rewritten."""

    action = "correct"
    type: Literal["call.correct.v1"] = "call.correct.v1"
    corrected_version: Annotated[int, Field(ge=1, le=LARGEST_VERSION)]
    why: PersonalText
    reason: Name | None = None
    """The right wrap-up reason, when the event corrected is one that applied a reason."""


class NoteActivity(Command):
    """Another system did something the rules do not speak of, a recording for example."""

    action = "note-activity"
    type: Literal["call.note-activity.v1"] = "call.note-activity.v1"
    activity: Word
    duration_ms: Annotated[int, Field(ge=0, le=10**12)] | None = None


class MarkIncomplete(Command):
    """The source's record of this call is known to be cut; reports must say so."""

    action = "mark-incomplete"
    type: Literal["call.mark-incomplete.v1"] = "call.mark-incomplete.v1"
    missing: Word


AnyCommand = (
    Receive
    | Offer
    | Answer
    | MissOffer
    | DeclineOffer
    | Abandon
    | Hold
    | Resume
    | StartConsult
    | AnswerConsult
    | DeclineConsult
    | CancelConsult
    | EndConsult
    | StartConference
    | FailConference
    | RequestTransfer
    | AcceptTransfer
    | DeclineTransfer
    | FailTransfer
    | WithdrawTransfer
    | Exit
    | EndConference
    | HangUp
    | Leave
    | EndCall
    | ApplyWrapUp
    | ExtendWrapUp
    | ApplyDefaultWrapUp
    | Correct
    | NoteActivity
    | MarkIncomplete
)

COMMAND_CLASSES: tuple[type[Command], ...] = get_args(AnyCommand)
