"""What other rules would have decided: by random histories, whose commands are known."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import commands
from domain.commands import Command
from domain.rights import ALLOWED
from domain.rule_sets import MULTI_PARTY, SEED, ChangedRuleSet, RuleSet
from domain.vocabulary import CUSTOMER, Phase, Role, TargetKind
from ledger.replay.judging import Difference
from ledger.replay.kept import done_command
from tests.domain.histories import BEGINNINGS, RULE_SET, STEPS, history
from tests.domain.scenes import A1, A2, conference, connected
from tests.domain.specification import command
from tests.replay.plain_way import plain_differences
from tests.replay.recording import judged, recorded

quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GROUP = st.integers(1, 4)
NO_HOLD = (Role.OWNER, Phase.CONNECTED, "hold", "R7")
STRICT = ChangedRuleSet(
    "strict", 2, False, False, 0, "none given", (NO_HOLD, (Role.OWNER, Phase.HELD, "resume", "H1"))
)
OF_THE_DOCUMENT = {
    *("command_id", "source", "call_id", "time_source"),
    *("correlation_id", "causation_id", "traceparent"),
}
"""What neither rules nor what follows from a command look at."""
RULES = st.sampled_from([SEED, MULTI_PARTY, STRICT])


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET, in_group=GROUP)
def test_under_the_rules_that_were_in_force_nothing_differs(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet, in_group: int
) -> None:
    kept = recorded(history(beginning, steps, rules), rules, in_group)
    found = judged(kept, rules)
    assert found.differences == []
    assert found.judged + sum(one is None for one in kept.taken()) == len(kept.asked)


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET, in_group=GROUP)
def test_what_was_asked_comes_back_as_it_was_asked(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet, in_group: int
) -> None:
    kept = recorded(history(beginning, steps, rules), rules, in_group)
    for taken in kept.told():
        asked = kept.asked[taken.kept.commandid][0].command
        again = done_command(taken.kept, taken.asked)
        assert type(again) is type(asked)
        own = set(type(asked).model_fields) - OF_THE_DOCUMENT
        assert {name: getattr(again, name) for name in own} == asked.model_dump(include=own)
    refused = sum(one.refusal_number is not None for one in kept.told())
    assert refused == len(kept.refusals), "a refused command always comes back"


@settings(quick, max_examples=60)
@given(
    beginning=BEGINNINGS,
    steps=STEPS,
    in_force=RULE_SET,
    rules=RULES,
    against=st.none() | RULES,
)
def test_the_differences_are_those_that_the_plain_way_finds(
    beginning: tuple[Command, ...],
    steps: list[tuple[int, str]],
    in_force: RuleSet,
    rules: RuleSet,
    against: RuleSet | None,
) -> None:
    kept = recorded(history(beginning, steps, in_force), in_force)
    found = judged(kept, rules, against).differences
    assert [(*one[:7], one.command_id) for one in found] == plain_differences(
        kept, in_force, rules, against
    )
    for one in found:
        met = kept.asked[one.command_id][1]
        assert (one.met_version, one.rule_set) == (met.version, in_force.name)


@quick
@given(beginning=BEGINNINGS, steps=STEPS, in_group=GROUP)
def test_against_the_rules_in_force_is_as_against_what_was_recorded(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], in_group: int
) -> None:
    kept = recorded(history(beginning, steps, SEED), SEED, in_group)
    by_record, by_rules = judged(kept, MULTI_PARTY), judged(kept, MULTI_PARTY, SEED)
    assert by_rules.differences == by_record.differences


def test_the_rest_of_a_call_is_judged_by_both_states() -> None:
    """Where nobody could hold, nobody could resume: the hold would be refused, and then that."""
    own = [command(commands.Hold, A1), command(commands.Resume, A1)]
    kept = recorded([(one, False) for one in (*connected(), *own)], SEED)
    found = judged(kept, ChangedRuleSet("no-hold", 3, False, False, cells=(NO_HOLD,)))
    assert [essence(one) for one in found.differences] == [
        ("recorded", "would be refused", "", "R7", "owner", "connected", "hold"),
        ("replayed", "would be refused", "", "H1", "owner", "connected", "resume"),
    ]


def test_a_correction_names_the_same_event_where_other_events_came_before_it() -> None:
    """Could the owner hold in conference, the wrap-up would have a higher number."""
    asked = [
        *conference(),
        command(commands.Hold, A1),
        command(commands.Leave, CUSTOMER),
        command(commands.Exit, A2),
        command(commands.ApplyWrapUp, A1, reason="sold"),
    ]
    version = len(recorded([(one, False) for one in asked], SEED).documents)
    right = {"corrected_version": version, "why": "heard", "reason": "order"}
    asked.append(command(commands.Correct, "auditor", **right))
    kept = recorded([(one, False) for one in asked], SEED)
    may_hold = (Role.OWNER, Phase.CONFERENCE, "hold", ALLOWED)
    found = judged(kept, ChangedRuleSet("hold", 3, False, False, cells=(may_hold,)))
    assert [essence(one) for one in found.differences] == [
        ("recorded", "would be allowed", "R7", "", "owner", "conference", "hold")
    ]


def test_a_refusal_for_a_wrong_dial_number_is_judged_by_that_number() -> None:
    number = {"target_kind": TargetKind.DIAL_NUMBER, "target": "nobody"}
    asked = (*connected(), command(commands.StartConsult, A1, **number))
    kept = recorded([(one, False) for one in asked], SEED)
    assert kept.told()[-1].rules == ("C3",)
    assert judged(kept, SEED).differences == []


def essence(one: Difference) -> tuple[str, ...]:
    return (one.state, one.change, one.before, one.after, one.role, one.phase, one.action)
