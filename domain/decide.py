"""The two doors of a call: a command is decided by the rules, an observation is judged by them.

Neither reads a clock nor makes an id; both arrive in the command.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain.call import Call
from domain.commands import Command
from domain.effects import happen
from domain.event import Event
from domain.facts import fact_of
from domain.guards import Question
from domain.pending_events import PendingEvents
from domain.repeats import repeat_of, repeated
from domain.rights import ALLOWED, verdict, verdict_for_anybody
from domain.rule_sets import RuleSet
from domain.rules import GUARDS_OF_ACTION, RULE_OF_ID
from domain.vocabulary import CUSTOMER, Role

TOLD_AGAIN: Final = "L6"

WRAP_UP_ACTIONS: Final = frozenset({"apply-wrap-up", "extend-wrap-up"})


class Decided(Struct, frozen=True, gc=False):
    """What happened: the events in order, the call after them, the actor's role before them.

    `rules_broken` is empty for a command; for an observation it may not be.
    """

    events: tuple[Event, ...]
    call: Call
    role: Role
    rules_broken: tuple[str, ...] = ()


class Refused(Struct, frozen=True, gc=False):
    """The rule that refuses the command, in its own sentence."""

    rule: str
    sentence: str
    role: Role


def decide(call: Call, command: Command, rules: RuleSet) -> Decided | Refused:
    """Decide a command by the call's current state: all of its events, or the first rule broken."""
    role = acting_role(call, command)
    broken = first_broken(call, command, rules, role)
    if broken is not None:
        return Refused(broken, RULE_OF_ID[broken].sentence, role)
    pending = PendingEvents(call)
    happen(pending, command, rules)
    return Decided(tuple(pending.events), pending.call, role)


def observe(call: Call, command: Command, rules: RuleSet) -> Decided:
    """Record what has already happened, with every rule it broke; never refused.

    What is told again, or is so already, is recorded as told again and changes nothing (L6).
    """
    role = acting_role(call, command)
    broken = all_broken(call, command, rules, role)
    fact = fact_of(command)
    repeat = repeat_of(call, command, fact, bool(broken))
    pending = PendingEvents(call, fact if repeat is None or repeat.version is None else None)
    if repeat is None:
        happen(pending, command, rules)
        return Decided(tuple(pending.events), pending.call, role, broken)
    pending.add(repeated(command, repeat))
    return Decided(tuple(pending.events), pending.call, role, (*broken, TOLD_AGAIN))


def acting_role(call: Call, command: Command) -> Role:
    """In what role the actor does this: one who is invited back wraps up as the former owner."""
    role = call.role_of(command.actor)
    if role is Role.INVITED and command.action in WRAP_UP_ACTIONS and call.wrap_up(command.actor):
        return Role.FORMER_OWNER
    return role


def row_of(command: Command) -> str:
    """The row of the role × phase table; holding somebody else than the customer is its own."""
    if command.action == "hold" and getattr(command, "party", CUSTOMER) != CUSTOMER:
        return "hold-agent"
    return command.action


def first_broken(call: Call, command: Command, rules: RuleSet, role: Role) -> str | None:
    """The rule that refuses: who may and when by the table, then the guards in the rules' order."""
    expected = command.expected_version
    if expected is not None and expected != call.version:
        return "L2"
    phase = call.phase
    by_table = verdict(role, phase, row_of(command), rules.changes)
    if by_table != ALLOWED:
        return by_table
    guards = GUARDS_OF_ACTION.get(command.action)
    if guards:
        question = Question(call, command, rules, role, phase)
        for rule, broken in guards:
            if broken(question):
                return rule
    return None


def all_broken(call: Call, command: Command, rules: RuleSet, role: Role) -> tuple[str, ...]:
    """Every rule broken: the table's first, then each guard's, once each."""
    phase, row = call.phase, row_of(command)
    unknown = role is Role.UNKNOWN
    by_table = (
        verdict_for_anybody(phase, row, rules.changes)
        if unknown
        else verdict(role, phase, row, rules.changes)
    )
    question = Question(call, command, rules, role, phase)
    broken = dict.fromkeys([] if by_table == ALLOWED else [by_table])
    for rule, is_broken in GUARDS_OF_ACTION.get(command.action, ()):
        if is_broken(question):
            broken[rule] = None
    return tuple(broken)
