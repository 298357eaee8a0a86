"""The differences found the plain way: whole commands, two states, each decided each time."""

from __future__ import annotations

from typing import NamedTuple

from domain.call import Call
from domain.commands import LARGEST_VERSION, ApplyDefaultWrapUp, Correct
from domain.decide import TOLD_AGAIN, Refused, acting_role, decide, observe
from domain.rule_sets import RuleSet
from ledger.outcomes import Request
from tests.replay.recording import Recorded


class Decision(NamedTuple):
    """The rules that refuse or are broken, and the call afterwards."""

    rules: tuple[str, ...]
    after: Call


def decision(call: Call, request: Request, rules: RuleSet) -> Decision:
    command = request.command.model_copy(update={"expected_version": None})
    if request.observed:
        seen = observe(call, command, rules)
        return Decision(tuple(one for one in seen.rules_broken if one != TOLD_AGAIN), seen.call)
    decided = decide(call, command, rules)
    if isinstance(decided, Refused):
        return Decision((decided.rule,), call)
    return Decision((), decided.call)


def plain_differences(
    kept: Recorded, in_force: RuleSet, rules: RuleSet, against: RuleSet | None
) -> list[tuple[str, ...]]:
    """State, change, rules before and after, role, phase, action and command of each difference."""
    told = {one.kept.commandid for one in kept.told()}
    found: list[tuple[str, ...]] = []
    replayed: Call | None = None
    other: Call | None = None
    versions: dict[int, int] = {}
    others: dict[int, int] = {}
    for command_id, (request, before, after) in kept.asked.items():
        if command_id not in told:
            continue
        recorded = decision(before, request, in_force)
        states = [("recorded", before, before)]
        if replayed or other:
            states.append(("replayed", replayed or before, other or before))
        for name, state, state_against in states:
            was = recorded.rules
            if against is not None:
                its = in_versions(request, others if name == "replayed" else {})
                was = decision(state_against, its, against).rules
            its = in_versions(request, versions if name == "replayed" else {})
            now = decision(state, its, rules).rules
            change = changed(was, now, request, against or in_force, rules)
            if change:
                command = request.command
                where = (acting_role(state, command).value, state.phase.value, command.action)
                found.append((name, change, " ".join(was), " ".join(now), *where, command_id))
        moved = decision(replayed or before, in_versions(request, versions), rules).after
        versions |= versions_of(before, after, replayed or before, moved)
        replayed = None if moved == after else moved
        if against is not None:
            moved = decision(other or before, in_versions(request, others), against).after
            others |= versions_of(before, after, other or before, moved)
            other = None if moved == after else moved
    return found


def versions_of(before: Call, after: Call, state: Call, moved: Call) -> dict[int, int]:
    """Which version each recorded event of a command has in another state; else one too high."""
    happened = dict(enumerate(range(state.version + 1, moved.version + 1)))
    recorded = enumerate(range(before.version + 1, after.version + 1))
    return {version: happened.get(number, LARGEST_VERSION + 1) for number, version in recorded}


def in_versions(request: Request, versions: dict[int, int]) -> Request:
    """The request with the version that what it corrects has there."""
    command = request.command
    if not isinstance(command, Correct):
        return request
    own = versions.get(command.corrected_version, command.corrected_version)
    changed = command.model_copy(update={"corrected_version": own})
    return Request(changed, request.observed)


def changed(
    was: tuple[str, ...], now: tuple[str, ...], request: Request, before: RuleSet, rules: RuleSet
) -> str:
    if was == now:
        other_reason = before.default_reason != rules.default_reason and not now
        is_default = isinstance(request.command, ApplyDefaultWrapUp)
        return "would give another reason" if is_default and other_reason else ""
    words = {
        (False, True): ("would be refused", "would break rules"),
        (True, False): ("would be allowed", "would break no rule"),
        (True, True): ("would be refused by another rule", "would break other rules"),
    }
    return words[bool(was), bool(now)][request.observed]
