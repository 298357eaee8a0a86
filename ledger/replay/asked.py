"""What was asked, rebuilt from what was recorded, and proved by the command's fingerprint.

An event does not name the command that caused it, and several commands cause the same events. So
each command that may have been asked is tried, and the one whose fingerprint was kept is it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from domain import commands
from domain.commands import COMMAND_CLASSES, Command
from domain.event import Event
from domain.vocabulary import UNKNOWN, TargetKind, WrapUpMode
from ledger.command_fingerprint import fingerprint_of
from ledger.replay.kept import Asked, Kept

CLASS_OF_ACTION: Final = {one.action: one for one in COMMAND_CLASSES}
TYPE_OF_CLASS: Final = {one: str(one.model_fields["type"].default) for one in COMMAND_CLASSES}

LEAVES: Final[tuple[Asked, ...]] = tuple(
    (one, {})
    for one in (
        *(commands.Exit, commands.Leave, commands.HangUp, commands.EndCall),
        *(commands.EndConference, commands.Abandon, commands.EndConsult, commands.CancelConsult),
        *(commands.WithdrawTransfer, commands.DeclineTransfer, commands.Answer),
        commands.AcceptTransfer,
    )
)
"""Which commands may begin with what falls when somebody leaves."""

ANSWERS: Final[tuple[Asked, ...]] = ((commands.Answer, {}), (commands.AcceptTransfer, {}))


class Recognition:
    """Tells commands by their fingerprints; what such an event came of before is tried first."""

    def __init__(self) -> None:
        self._likely: dict[tuple[str, str, str], tuple[int, bool]] = {}
        """Where the last of such was among those that may be, and whether it named a version."""

    def proved(
        self, kept: Kept, event: Event, earlier: Sequence[Asked], fingerprint: int
    ) -> Asked | None:
        """What the fingerprint says was asked; nothing where no command that may be has it."""
        such = (event.type, kept.role, kept.via)
        candidates = may_have_asked(event, earlier)
        place, named = self._likely.get(such, (0, False))
        if place < len(candidates):
            version = kept.version - 1 if named else None
            if fingerprint_in(kept, candidates[place], version) == fingerprint:
                return candidates[place]
        for named, version in ((False, None), (True, kept.version - 1)):
            for place, asked in enumerate(candidates):
                if fingerprint_in(kept, asked, version) == fingerprint:
                    self._likely[such] = place, named
                    return asked
        return None


def fingerprint_in(kept: Kept, asked: Asked, expected_version: int | None) -> int:
    """The fingerprint that the command would have, had this been asked."""
    command_class, arguments = asked
    if expected_version is not None:
        arguments = {**arguments, "expected_version": expected_version}
    first = (TYPE_OF_CLASS[command_class], kept.source, kept.subject, kept.actor, kept.via)
    return fingerprint_of(kept.observed, first, command_class, arguments)


def is_certain(event: Any) -> bool:
    """Whether the event alone says what was asked."""
    if event.type == "call.wrap-up-applied.v1":
        return event.mode is not WrapUpMode.AUTO_DEFAULT
    return event.type in CERTAIN


CERTAIN: Final[dict[str, Callable[[Any], Asked]]] = {
    "call.received.v1": lambda event: (
        commands.Receive,
        fields(event, "customer", "queue", "entry_point", "channel"),
    ),
    "call.offered.v1": lambda event: (commands.Offer, fields(event, "agent", "queue")),
    "call.held.v1": lambda _: (commands.Hold, {}),
    "call.resumed.v1": lambda _: (commands.Resume, {}),
    "call.consult-started.v1": lambda event: (
        commands.StartConsult,
        {
            "target_kind": event.target_kind,
            "target": event.target if event.dial_number is None else event.dial_number,
        },
    ),
    "call.consult-answered.v1": lambda _: (commands.AnswerConsult, {}),
    "call.consult-declined.v1": lambda _: (commands.DeclineConsult, {}),
    "call.conference-failed.v1": lambda _: (commands.FailConference, {}),
    "call.wrap-up-applied.v1": lambda event: (
        commands.ApplyWrapUp,
        fields(event, "reason", "note"),
    ),
    "call.wrap-up-extended.v1": lambda _: (commands.ExtendWrapUp, {}),
    "call.corrected.v1": lambda event: (
        commands.Correct,
        fields(event, "corrected_version", "why", "reason"),
    ),
    "call.activity-noted.v1": lambda event: (
        commands.NoteActivity,
        fields(event, "activity", "duration_ms"),
    ),
    "call.marked-incomplete.v1": lambda event: (
        commands.MarkIncomplete,
        fields(event, "missing"),
    ),
}
"""Events that leave no choice, by their type: what was asked."""


def may_have_asked(event: Any, earlier: Sequence[Asked]) -> Sequence[Asked]:
    """Each command whose first event this may be, where the event leaves a choice."""
    match event.type:
        case "call.exited.v1":
            return LEAVES
        case "call.answered.v1":
            return ANSWERS
        case "call.offer-missed.v1" | "call.offer-declined.v1":
            is_miss = event.type == "call.offer-missed.v1"
            offer_class = commands.MissOffer if is_miss else commands.DeclineOffer
            return [(offer_class, {"agent": agent}) for agent in dict.fromkeys((None, event.agent))]
        case "call.agent-held.v1":
            return [(commands.Hold, {"party": event.party})]
        case "call.conference-started.v1" | "call.conference-joined.v1":
            members = dict.fromkeys((None, event.party, *event.members))
            return [(commands.StartConference, {"member": member}) for member in members]
        case "call.transfer-requested.v1":
            return [
                (commands.RequestTransfer, {"target_kind": kind, "target": target})
                for target in dict.fromkeys((event.target, event.dial_number, event.receiver, None))
                for kind in dict.fromkeys((event.target_kind, None, *TargetKind))
            ]
        case "call.transfer-accepted.v1":
            return ANSWERS
        case "call.wrap-up-applied.v1":
            agents = (event.wrap_up_agent, UNKNOWN)
            return [(commands.ApplyDefaultWrapUp, {"agent": agent}) for agent in agents]
        case "call.observation-repeated.v1":
            return list(may_be_repeated(event, earlier))
        case "call.transfer-failed.v1":
            return [*LEAVES, (commands.FailTransfer, {"failure": event.failure})]
        case _:
            return [*LEAVES, *(one for one in earlier if one[0] is commands.StartConsult)]


def may_be_repeated(event: Any, earlier: Sequence[Asked]) -> Iterator[Asked]:
    """What was reported again: as it was asked before, or without arguments of its own."""
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


def fields(event: Event, *names: str) -> dict[str, Any]:
    """Fields of an event that its command has under the same name."""
    return {name: getattr(event, name) for name in names}
