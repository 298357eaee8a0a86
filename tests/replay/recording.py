"""A history of one call as a store keeps it, with what was asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.call import Call
from domain.commands import Command
from domain.decide import Refused, decide, observe
from domain.rule_sets import RuleSet
from ledger.command_fingerprint import command_fingerprint
from ledger.documents import Stamp, event_documents, refusal_document
from ledger.outcomes import Request
from ledger.replay.asked import Recognition
from ledger.replay.judging import JudgedCall
from ledger.replay.kept import recorded_event
from ledger.replay.reading import Taken, commands_in

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Recorded(NamedTuple):
    """A call as a store keeps it, and what was asked of it."""

    documents: list[bytes]
    refusals: list[tuple[int, bytes]]
    fingerprints: dict[int, int | None]
    """By the position of the command's first event."""
    asked: dict[str, tuple[Request, Call, Call]]
    """Each command with the state that it met, and the one that it left."""

    def taken(self) -> list[Taken | None]:
        """The commands as a replay tells them."""
        events = [recorded_event(*one) for one in enumerate(self.documents, 1)]
        return list(commands_in(events, self.refusals, self.fingerprints, Recognition()))

    def told(self) -> list[Taken]:
        """Those that can be told."""
        return [one for one in self.taken() if one is not None]


def recorded(requests: list[tuple[Command, bool]], rules: RuleSet, in_group: int = 1) -> Recorded:
    """Record a history, so many commands of it at the same moment."""
    call, kept = Call(), Recorded([], [], {}, {})
    for number, (one, observed) in enumerate(requests):
        command = one.model_copy(update={"command_id": UUID(int=number + 1)})
        stamp = Stamp.of(NOON + timedelta(seconds=number // in_group), rules)
        request, command_id = Request(command, observed), str(command.command_id)
        decision = (observe if observed else decide)(call, command, rules)
        after = call if isinstance(decision, Refused) else decision.call
        kept.asked[command_id] = (request, call, after)
        if isinstance(decision, Refused):
            refusal = len(kept.refusals) + 1
            document = refusal_document(refusal, command, decision, stamp)
            kept.refusals.append((refusal, document))
        else:
            kept.fingerprints[len(kept.documents) + 1] = command_fingerprint(request)
            kept.documents.extend(event_documents(command, decision, observed, stamp))
        call = after
    return kept


def judged(kept: Recorded, rules: RuleSet, against: RuleSet | None = None) -> JudgedCall:
    """The call decided anew."""
    call = JudgedCall(rules, against)
    for taken in kept.told():
        call.take(taken, 1)
    return call
