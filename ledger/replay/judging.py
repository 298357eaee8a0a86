"""One call's commands decided anew, by the recorded state and by the state that comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from domain.call import Call
from domain.commands import ApplyDefaultWrapUp, Command
from domain.decide import (
    TOLD_AGAIN,
    Decided,
    Refused,
    acting_role,
    all_broken,
    decide,
    first_broken,
    observe,
)
from domain.evolve import evolve
from domain.rule_sets import RULE_SETS, RuleSet
from ledger.replay.asked import (
    KEPT,
    Asked,
    Kept,
    certainly_asked,
    command_of,
    event_of,
    proved,
    refused_command,
)

RECORDED_STATE: Final = "recorded"
REPLAYED_STATE: Final = "replayed"
REUSED_ID: Final = "L5"

NOT_OF_THE_CALL: Final = frozenset({"L2", REUSED_ID})
"""Rules about the asker's view and the command's id, which no other rule set has otherwise."""


class Difference(NamedTuple):
    """One decision that is other than it was, judged by one of the two states."""

    state: str
    """recorded, or replayed: the state that the earlier differences leave."""
    change: str
    before: str
    after: str
    role: str
    phase: str
    action: str
    call_position: int | None
    source: str
    call_id: str
    command_id: str
    actor: str
    position: int | None
    """Of the command's first event, where it was recorded."""
    refusal_number: int | None
    """Of its refusal, where it was refused."""


class Taken(NamedTuple):
    """A command as it was recorded, and what it came to."""

    kept: Kept
    asked: Asked
    rules: tuple[str, ...]
    """The rule that refused it, or the rules that the observation broke."""
    after: Call
    """The recorded call after it."""
    position: int | None
    refusal_number: int | None

    def command(self, expected: bool) -> Command:
        """The command; without the version it expected, where that is of another state."""
        command_class, arguments = self.asked
        if not expected:
            arguments = {**arguments, "expected_version": None}
        return command_of(self.kept, (command_class, arguments))


class JudgedCall:
    """Judges the commands of one call in order, and counts them."""

    def __init__(self, rules: RuleSet, against: RuleSet | None) -> None:
        self.rules = rules
        self.against = against
        self._replayed: Call | None = None
        """None as long as it is the recorded state."""
        self._against_replayed: Call | None = None
        self.differences: list[Difference] = []
        self.judged = self.differing = self.observed = 0

    def take(self, taken: Taken, before: Call, call_position: int | None) -> None:
        """Judge one command, met by the recorded state `before` it."""
        self.judged += 1
        self.observed += taken.kept.observed
        if NOT_OF_THE_CALL.intersection(taken.rules):
            return
        command = taken.command(expected=False)
        found = len(self.differences)
        was = taken.rules
        if self.against is not None:
            was = judged(before, command, taken.kept.observed, self.against)
        now = judged(before, command, taken.kept.observed, self.rules)
        self._compare(RECORDED_STATE, was, now, before, command, taken, call_position)
        if self._replayed is not None or self._against_replayed is not None:
            state = self._replayed or before
            was = taken.rules
            if self.against is not None:
                against = self._against_replayed or before
                was = judged(against, command, taken.kept.observed, self.against)
            now = judged(state, command, taken.kept.observed, self.rules)
            self._compare(REPLAYED_STATE, was, now, state, command, taken, call_position)
        self._replayed = moved(self._replayed, before, taken, command, self.rules)
        if self.against is not None:
            self._against_replayed = moved(
                self._against_replayed, before, taken, command, self.against
            )
        self.differing += len(self.differences) > found

    def _compare(
        self,
        state_name: str,
        was: tuple[str, ...],
        now: tuple[str, ...],
        state: Call,
        command: Command,
        taken: Taken,
        call_position: int | None,
    ) -> None:
        change = change_of(was, now, taken.kept.observed)
        if not change and not now and isinstance(command, ApplyDefaultWrapUp):
            before = self.against or RULE_SETS.get(taken.kept.ruleset)
            if before is not None and before.default_reason != self.rules.default_reason:
                change = "would give another reason"
        if not change:
            return
        self.differences.append(
            Difference(
                state_name,
                change,
                " ".join(was),
                " ".join(now),
                acting_role(state, command).value,
                state.phase.value,
                command.action,
                call_position,
                command.source,
                command.call_id,
                str(command.command_id),
                command.actor,
                taken.position,
                taken.refusal_number,
            )
        )


def change_of(was: tuple[str, ...], now: tuple[str, ...], observed: bool) -> str:
    """What is other between two verdicts, in words; empty where nothing is."""
    if was == now:
        return ""
    if not was:
        return "would break rules" if observed else "would be refused"
    if not now:
        return "would break no rule" if observed else "would be allowed"
    return "would break other rules" if observed else "would be refused by another rule"


def judged(call: Call, command: Command, observed: bool, rules: RuleSet) -> tuple[str, ...]:
    """The rule that refuses, or the rules broken; none where it is allowed."""
    role = acting_role(call, command)
    if observed:
        return all_broken(call, command, rules, role)
    broken = first_broken(call, command, rules, role)
    return () if broken is None else (broken,)


def moved(
    replayed: Call | None, before: Call, taken: Taken, command: Command, rules: RuleSet
) -> Call | None:
    """The replayed state after a command; None where it is the recorded one."""
    if replayed is None:
        now = judged(before, command, taken.kept.observed, rules)
        if now == taken.rules and not isinstance(command, ApplyDefaultWrapUp):
            return None
    state = replayed or before
    if taken.kept.observed:
        after = observe(state, command, rules).call
    else:
        decision: Decided | Refused = decide(state, command, rules)
        after = state if isinstance(decision, Refused) else decision.call
    return None if after == taken.after else after


Row = tuple[int, int, bytes]
"""Position, version and document of an event of the call."""


class Reading(NamedTuple):
    """Commands of a call as they come out of its documents, and those that do not."""

    taken: Taken | None
    """None where the command cannot be told: it is not judged."""
    before: Call


def commands_in(
    rows: Sequence[Row],
    refusals: Sequence[tuple[int, bytes]],
    fingerprints: Mapping[bytes, int | None],
) -> Iterator[Reading]:
    """The commands of one call in their order, each with the state that it met."""
    call = Call()
    earlier: list[Asked] = []
    waiting = [(number, KEPT.decode(document)) for number, document in refusals]
    at = 0
    kepts = [KEPT.decode(document) for _, _, document in rows]
    while at < len(rows):
        kept = kepts[at]
        yield from placed(waiting, call, kept)
        first = event_of(kept)
        after, end = evolve(call, first), at + 1
        while end < len(rows) and kepts[end].commandid == kept.commandid:
            after = evolve(after, event_of(kepts[end]))
            end += 1
        asked = certainly_asked(first)
        if asked is None:
            fingerprint = fingerprints.get(kept.commandid.bytes)
            if fingerprint is not None:
                asked = proved(kept, first, earlier, fingerprint)
        if asked is None:
            yield Reading(None, call)
        else:
            earlier.append(asked)
            broken = tuple(rule for rule in kept.rulesbroken.split() if rule != TOLD_AGAIN)
            yield Reading(Taken(kept, asked, broken, after, rows[at][0], None), call)
        call, at = after, end
    yield from placed(waiting, call, None)


def placed(waiting: list[tuple[int, Kept]], call: Call, before: Kept | None) -> Iterator[Reading]:
    """The refusals that the call met in this state, before the next command that was recorded.

    A refusal says when it was recorded, and commands that come together say the same: there the
    state is taken in which the rules then in force refuse by the very rule.
    """
    for one in tuple(waiting):
        number, kept = one
        if before is not None and kept.recordedat > before.recordedat:
            break
        command, rule = refused_command(kept)
        if before is not None and kept.recordedat == before.recordedat:
            rules = RULE_SETS.get(kept.ruleset)
            met = rules is not None and judged(call, command, False, rules) == (rule,)
            if rule != REUSED_ID and not met:
                break
        waiting.remove(one)
        arguments = {
            name: value
            for name, value in command.__dict__.items()
            if name in type(command).model_fields and name not in ENVELOPE
        }
        asked: Asked = (type(command), arguments)
        yield Reading(Taken(kept, asked, (rule,), call, None, number), call)


ENVELOPE: Final = frozenset(
    {
        *("type", "command_id", "source", "call_id", "actor", "via", "occurred_at"),
        *("time_source", "correlation_id", "causation_id"),
    }
)
