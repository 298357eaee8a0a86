"""What was asked, rebuilt from what was recorded, and proved by the command's fingerprint.

An event does not name the command that caused it, and several commands cause the same events. So
each command that may have been asked is tried, and the one whose fingerprint was kept is it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.json import Decoder

from domain import commands
from domain.commands import COMMAND_CLASSES, Command
from domain.event import Event
from domain.vocabulary import UNKNOWN, TargetKind, TimeSource, Via, WrapUpMode
from ledger.command_fingerprint import command_fingerprint
from ledger.documents import BODIES, Refusal
from ledger.outcomes import Request


class Kept(Struct, frozen=True, gc=False):
    """What a document says of its command."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    recordedat: str
    actor: str
    role: str
    via: Via
    commandid: UUID
    ruleset: str
    rulesethash: str
    data: Raw
    version: int = 0
    correlationid: str | None = None
    causationid: str | None = None
    timesource: TimeSource = TimeSource.EXACT
    observed: bool = False
    rulesbroken: str = ""


KEPT: Final = Decoder(Kept)
REFUSAL: Final = Decoder(Refusal)

CLASS_OF_TYPE: Final = {one.model_fields["type"].default: one for one in COMMAND_CLASSES}
CLASS_OF_ACTION: Final = {one.action: one for one in COMMAND_CLASSES}

Asked = tuple[type[Command], dict[str, Any]]
"""A command's class and its own arguments."""

LEAVES: Final[tuple[type[Command], ...]] = (
    *(commands.Exit, commands.Leave, commands.HangUp, commands.EndCall, commands.EndConference),
    *(commands.Abandon, commands.EndConsult, commands.CancelConsult, commands.WithdrawTransfer),
    *(commands.DeclineTransfer, commands.Answer, commands.AcceptTransfer),
)
"""Which commands may begin with what falls when somebody leaves."""


def event_of(kept: Kept) -> Event:
    """The event in a document."""
    return BODIES[kept.type].decode(kept.data)


def refused_command(kept: Kept) -> tuple[Command, str]:
    """The command that was refused, exactly as it was asked, and the rule."""
    body = REFUSAL.decode(kept.data)
    return command_of(kept, (CLASS_OF_TYPE[body.command], body.arguments)), body.rule


def command_of(kept: Kept, asked: Asked, expected_version: int | None = None) -> Command:
    """The command, in the envelope that its document kept."""
    command_class, arguments = asked
    fields = {"expected_version": expected_version, **arguments}
    return command_class.model_construct(
        command_id=kept.commandid,
        source=kept.source,
        call_id=kept.subject,
        actor=kept.actor,
        via=kept.via,
        occurred_at=kept.time,
        time_source=kept.timesource,
        correlation_id=kept.correlationid,
        causation_id=kept.causationid,
        **fields,
    )


def proved(kept: Kept, event: Event, earlier: Sequence[Asked], fingerprint: int) -> Asked | None:
    """What the fingerprint says was asked; nothing where no command that may be has it."""
    for asked in may_have_asked(event, earlier):
        for expected in (None, kept.version - 1):
            command = command_of(kept, asked, expected)
            if command_fingerprint(Request(command, kept.observed)) == fingerprint:
                return asked
    return None


def certainly_asked(event: Any) -> Asked | None:
    """What was asked, where the event leaves no choice."""
    match event.type:
        case "call.wrap-up-applied.v1" if event.mode is WrapUpMode.AUTO_DEFAULT:
            return None
        case (
            "call.received.v1"
            | "call.offered.v1"
            | "call.held.v1"
            | "call.resumed.v1"
            | "call.consult-started.v1"
            | "call.consult-answered.v1"
            | "call.consult-declined.v1"
            | "call.conference-failed.v1"
            | "call.wrap-up-applied.v1"
            | "call.wrap-up-extended.v1"
            | "call.corrected.v1"
            | "call.activity-noted.v1"
            | "call.marked-incomplete.v1"
        ):
            return next(may_have_asked(event, ()))
        case _:
            return None


def may_have_asked(event: Any, earlier: Sequence[Asked]) -> Iterator[Asked]:
    """Each command whose first event this may be, the likeliest first."""
    match event.type:
        case "call.received.v1":
            yield commands.Receive, fields(event, "customer", "queue", "entry_point", "channel")
        case "call.offered.v1":
            yield commands.Offer, {"agent": event.agent, "queue": event.queue}
        case "call.answered.v1":
            yield commands.Answer, {}
            yield commands.AcceptTransfer, {}
        case "call.offer-missed.v1" | "call.offer-declined.v1":
            is_miss = event.type == "call.offer-missed.v1"
            offer_class = commands.MissOffer if is_miss else commands.DeclineOffer
            for agent in dict.fromkeys((None, event.agent)):
                yield offer_class, {"agent": agent}
        case "call.held.v1":
            yield commands.Hold, {}
        case "call.agent-held.v1":
            yield commands.Hold, {"party": event.party}
        case "call.resumed.v1":
            yield commands.Resume, {}
        case "call.consult-started.v1":
            target = event.target if event.dial_number is None else event.dial_number
            yield commands.StartConsult, {"target_kind": event.target_kind, "target": target}
        case "call.consult-answered.v1":
            yield commands.AnswerConsult, {}
        case "call.consult-declined.v1":
            yield commands.DeclineConsult, {}
        case "call.conference-failed.v1":
            yield commands.FailConference, {}
        case "call.conference-started.v1" | "call.conference-joined.v1":
            for member in dict.fromkeys((None, event.party, *event.members)):
                yield commands.StartConference, {"member": member}
        case "call.transfer-requested.v1":
            targets = (None, event.target, event.dial_number, event.receiver)
            for target in dict.fromkeys(targets):
                for kind in (None, event.target_kind, *KINDS):
                    yield commands.RequestTransfer, {"target_kind": kind, "target": target}
        case "call.transfer-accepted.v1":
            yield commands.AcceptTransfer, {}
        case "call.wrap-up-applied.v1" if event.mode is WrapUpMode.AUTO_DEFAULT:
            for agent in (event.wrap_up_agent, UNKNOWN):
                yield commands.ApplyDefaultWrapUp, {"agent": agent}
        case "call.wrap-up-applied.v1":
            yield commands.ApplyWrapUp, {"reason": event.reason, "note": event.note}
        case "call.wrap-up-extended.v1":
            yield commands.ExtendWrapUp, {}
        case "call.corrected.v1":
            yield commands.Correct, fields(event, "corrected_version", "why", "reason")
        case "call.activity-noted.v1":
            arguments = {"activity": event.activity, "duration_ms": event.duration_ms}
            yield commands.NoteActivity, arguments
        case "call.marked-incomplete.v1":
            yield commands.MarkIncomplete, {"missing": event.missing}
        case "call.observation-repeated.v1":
            command_class = CLASS_OF_ACTION[event.action]
            personal = [name for name in ("customer", "note") if name in command_class.model_fields]
            told = fields(event, *personal)
            for asked_class, arguments in earlier:
                if asked_class is command_class:
                    yield command_class, {**arguments, **told}
            if not any(
                field.is_required()
                for name, field in command_class.model_fields.items()
                if name not in Command.model_fields
            ):
                yield command_class, told
        case _:
            for left in LEAVES:
                yield left, {}
            if event.type == "call.transfer-failed.v1":
                yield commands.FailTransfer, {"failure": event.failure}
            consulted = [one for one in earlier if one[0] is commands.StartConsult]
            yield from consulted


KINDS: Final = tuple(TargetKind)


def fields(event: Event, *names: str) -> dict[str, Any]:
    """Fields of an event that its command has under the same name."""
    return {name: getattr(event, name) for name in names}
