"""Random histories of one call: what is asked and what is reported of it, in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from domain import commands
from domain.call import Call
from domain.commands import COMMAND_CLASSES, Command
from domain.decide import Decided, Refused, decide, observe
from domain.rule_sets import MULTI_PARTY, SEED, RuleSet
from domain.vocabulary import CUSTOMER, SYSTEM, UNKNOWN, TargetKind
from tests.domain.scenes import (
    A1,
    A2,
    A3,
    conference,
    conference_request,
    connected,
    offered_to_three,
    waiting_again,
)
from tests.domain.specification import command

ACTORS = (A1, A2, A3, "agent-4", "+39*0612", CUSTOMER, SYSTEM, UNKNOWN)
TARGETS = (A1, A2, A3, "agent-4", "sales", "+39*0612")


def pool() -> tuple[Command, ...]:
    """Every command with every sensible actor and value: what a random history is made of."""
    kinds = [None, *TargetKind]
    own_fields: dict[type[Command], list[dict[str, Any]]] = {
        commands.Receive: [{"queue": "sales"}, {}],
        commands.Offer: [{"agent": agent} for agent in TARGETS],
        commands.MissOffer: [{}, {"agent": A2}],
        commands.DeclineOffer: [{}, {"agent": A3}],
        commands.Hold: [{}, {"party": A2}],
        commands.StartConsult: [
            {"target_kind": kind, "target": target} for kind in TargetKind for target in TARGETS
        ],
        commands.StartConference: [{}, {"member": A2}, {"member": A3}],
        commands.RequestTransfer: [
            {"target_kind": kind, "target": target} for kind in kinds for target in (None, *TARGETS)
        ],
        commands.ApplyWrapUp: [{"reason": "sold"}],
        commands.ApplyDefaultWrapUp: [{"agent": agent} for agent in (A1, A2, UNKNOWN)],
        commands.Correct: [{"corrected_version": 3, "why": "x", "reason": r} for r in (None, "y")],
        commands.NoteActivity: [{"activity": "recording"}],
        commands.MarkIncomplete: [{"missing": "the end"}],
    }
    return tuple(
        command(command_class, actor, **own)
        for command_class in COMMAND_CLASSES
        for own in own_fields.get(command_class, [{}])
        for actor in (ACTORS if command_class not in ON_THE_RECORD else ("auditor",))
    )


ON_THE_RECORD = (commands.Correct, commands.NoteActivity, commands.MarkIncomplete)
SHORTENS = {"abandon", "leave", "hang-up", "exit", "end-call", "end-conference", "correct"} | {
    *("note-activity", "mark-incomplete", "decline-transfer", "withdraw-transfer", "fail-transfer")
}
"""What soon ends a history or adds little to it: taken in one allowed step of five."""

POOL = pool()
BEGINNINGS = st.sampled_from(
    [(), offered_to_three(), connected(), conference(), conference_request(), waiting_again()]
)
RULE_SET = st.sampled_from([SEED, MULTI_PARTY])
CHOICE = st.integers(0, 2**20)
STEPS = st.lists(
    st.tuples(CHOICE, st.sampled_from(["allowed", "asked", "observed"])), min_size=8, max_size=20
)


def chosen(among: Sequence[Command], choice: int) -> Command:
    """Choose an action first and then one of its commands, so that no action is rare."""
    actions = sorted({one.action for one in among})
    action = actions[choice % len(actions)]
    candidates = [one for one in among if one.action == action]
    return candidates[choice // len(actions) % len(candidates)]


def history(
    beginning: Sequence[Command], steps: Sequence[tuple[int, str]], rules: RuleSet
) -> list[tuple[Command, bool]]:
    """Commands and whether each is observed; an `allowed` step takes one that is not refused."""
    call, taken = Call(), list[tuple[Command, bool]]()
    for one in beginning:
        taken.append((one, False))
        call = observe(call, one, rules).call
    for choice, how in steps:
        among: Sequence[Command] = POOL
        if how == "allowed":
            allowed = [one for one in POOL if isinstance(decide(call, one, rules), Decided)]
            going_on = [one for one in allowed if one.action not in SHORTENS]
            among = going_on if choice % 5 and going_on else allowed
        one = chosen(among, choice)
        one = one.model_copy(
            update={"occurred_at": one.occurred_at + timedelta(seconds=len(taken))}
        )
        decision = (observe if how == "observed" else decide)(call, one, rules)
        taken.append((one, how == "observed"))
        call = call if isinstance(decision, Refused) else decision.call
    return taken
