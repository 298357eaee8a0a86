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


class Recognition:
    """Tells commands by their fingerprints; what such an event came of before is tried first."""

    def __init__(self) -> None:
        self._place: dict[tuple[str, str, str], int] = {}
        """Where among those that may be the last of such a command was."""
        self._names_versions = False

    def proved(
        self, kept: Kept, event: Event, earlier: Sequence[Asked], fingerprint: int
    ) -> Asked | None:
        """What the fingerprint says was asked; nothing where no command that may be has it."""
        such = (kept.type, kept.role, kept.via)
        candidates = list(enumerate(may_have_asked(event, earlier)))
        likely = self._place.get(such, 0)
        if 0 < likely < len(candidates):
            candidates.insert(0, candidates.pop(likely))
        versions: tuple[int | None, ...] = (None, kept.version - 1)
        for expected in reversed(versions) if self._names_versions else versions:
            for place, asked in candidates:
                if fingerprint_in(kept, asked, expected) == fingerprint:
                    self._place[such] = place
                    self._names_versions = expected is not None
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


def may_have_asked(event: Any, earlier: Sequence[Asked]) -> Iterator[Asked]:
    """Each command whose first event this may be, where the event leaves a choice."""
    match event.type:
        case "call.answered.v1":
            yield commands.Answer, {}
            yield commands.AcceptTransfer, {}
        case "call.offer-missed.v1" | "call.offer-declined.v1":
            is_miss = event.type == "call.offer-missed.v1"
            offer_class = commands.MissOffer if is_miss else commands.DeclineOffer
            for agent in dict.fromkeys((None, event.agent)):
                yield offer_class, {"agent": agent}
        case "call.agent-held.v1":
            yield commands.Hold, {"party": event.party}
        case "call.conference-started.v1" | "call.conference-joined.v1":
            for member in dict.fromkeys((None, event.party, *event.members)):
                yield commands.StartConference, {"member": member}
        case "call.transfer-requested.v1":
            targets = (None, event.target, event.dial_number, event.receiver)
            for target in dict.fromkeys(targets):
                for kind in dict.fromkeys((None, event.target_kind, *TargetKind)):
                    yield commands.RequestTransfer, {"target_kind": kind, "target": target}
        case "call.transfer-accepted.v1":
            yield commands.AcceptTransfer, {}
        case "call.wrap-up-applied.v1":
            for agent in (event.wrap_up_agent, UNKNOWN):
                yield commands.ApplyDefaultWrapUp, {"agent": agent}
        case "call.observation-repeated.v1":
            yield from may_be_repeated(event, earlier)
        case _:
            yield from LEAVES
            if event.type == "call.transfer-failed.v1":
                yield commands.FailTransfer, {"failure": event.failure}
            yield from [one for one in earlier if one[0] is commands.StartConsult]


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
