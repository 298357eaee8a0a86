"""What other rules would have decided: by random histories, whose commands are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain.call import Call
from domain.commands import Command
from domain.decide import Refused, decide, observe
from domain.rule_sets import MULTI_PARTY, SEED, ChangedRuleSet, RuleSet
from domain.vocabulary import Phase, Role
from ledger.command_fingerprint import command_fingerprint
from ledger.documents import Stamp, event_documents, refusal_document
from ledger.outcomes import Request
from ledger.replay.judging import Difference, JudgedCall, Reading, commands_in
from tests.domain.histories import BEGINNINGS, RULE_SET, STEPS, history

quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GROUP = st.integers(1, 4)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Kept(NamedTuple):
    """A call as a store keeps it, and what was asked of it."""

    rows: list[tuple[int, int, bytes]]
    refusals: list[tuple[int, bytes]]
    fingerprints: dict[bytes, int | None]
    asked: dict[UUID, tuple[Command, Call]]
    """Each command with the state that it met."""

    def readings(self) -> list[Reading]:
        return list(commands_in(self.rows, self.refusals, self.fingerprints))


def kept(requests: list[tuple[Command, bool]], rules: RuleSet, in_group: int) -> Kept:
    """Record a history, so many commands of it at the same moment."""
    call, told = Call(), Kept([], [], {}, {})
    for number, (one, observed) in enumerate(requests):
        command = one.model_copy(update={"command_id": UUID(int=number + 1)})
        stamp = Stamp.of(NOON + timedelta(seconds=number // in_group), rules)
        told.asked[command.command_id] = (command, call)
        request = Request(command, observed)
        told.fingerprints[command.command_id.bytes] = command_fingerprint(request)
        decision = (observe if observed else decide)(call, command, rules)
        if isinstance(decision, Refused):
            number = len(told.refusals) + 1  # noqa: PLW2901
            told.refusals.append((number, refusal_document(number, command, decision, stamp)))
            continue
        for document in event_documents(command, decision, observed, stamp):
            told.rows.append((len(told.rows) + 1, len(told.rows) + 1, document))
        call = decision.call
    return told


def judged(told: Kept, rules: RuleSet, against: RuleSet | None = None) -> JudgedCall:
    call = JudgedCall(rules, against)
    for taken, before in told.readings():
        if taken is not None:
            call.take(taken, before, 1)
    return call


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET, in_group=GROUP)
def test_under_the_rules_that_were_in_force_nothing_differs(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet, in_group: int
) -> None:
    told = kept(history(beginning, steps, rules), rules, in_group)
    found = judged(told, rules)
    assert found.differences == []
    assert found.judged + not_told(told) == len(told.asked)


def not_told(told: Kept) -> int:
    return sum(reading.taken is None for reading in told.readings())


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET, in_group=GROUP)
def test_what_was_asked_comes_back_as_it_was_asked(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet, in_group: int
) -> None:
    told = kept(history(beginning, steps, rules), rules, in_group)
    refused = 0
    for taken, _ in told.readings():
        if taken is None:
            continue
        asked, _ = told.asked[taken.kept.commandid]
        assert taken.command(expected=True) == asked
        refused += taken.refusal_number is not None
    assert refused == len(told.refusals), "a refused command always comes back"


@quick
@given(beginning=BEGINNINGS, steps=STEPS, in_group=GROUP)
def test_a_decision_told_as_differing_differs_when_the_rules_are_asked(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], in_group: int
) -> None:
    told = kept(history(beginning, steps, MULTI_PARTY), MULTI_PARTY, in_group)
    found = judged(told, SEED)
    by_id = {one.commandid: one for one in (r.taken.kept for r in told.readings() if r.taken)}
    states = {r.taken.kept.commandid: r.before for r in told.readings() if r.taken}
    for one in found.differences:
        if one.state != "recorded":
            continue
        command_id = UUID(one.command_id)
        command, state = told.asked[command_id][0], states[command_id]
        if by_id[command_id].observed:
            was = observe(state, command, MULTI_PARTY).rules_broken
            assert observe(state, command, SEED).rules_broken != was
            continue
        decision = decide(state, command, SEED)
        assert (decision.rule if isinstance(decision, Refused) else "") == one.after
        assert one.before != one.after
        assert decision.role == one.role


@quick
@given(beginning=BEGINNINGS, steps=STEPS, in_group=GROUP)
def test_against_the_rules_in_force_is_as_against_what_was_recorded(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], in_group: int
) -> None:
    told = kept(history(beginning, steps, SEED), SEED, in_group)
    assume(told.rows)
    recorded, ruled = judged(told, MULTI_PARTY), judged(told, MULTI_PARTY, SEED)
    assert ruled.differences == recorded.differences


def test_the_rest_of_a_call_is_judged_by_both_states() -> None:
    """Where nobody could hold, nobody could resume: the hold would be refused, and then that."""
    from domain import commands  # noqa: PLC0415
    from tests.domain.scenes import A1, connected  # noqa: PLC0415
    from tests.domain.specification import command  # noqa: PLC0415

    own = [command(commands.Hold, A1), command(commands.Resume, A1)]
    told = kept([(one, False) for one in (*connected(), *own)], SEED, 1)
    cell = (Role.OWNER, Phase.CONNECTED, "hold", "R7")
    found = judged(told, ChangedRuleSet("no-hold", 3, False, False, cells=(cell,)))
    assert [essence(one) for one in found.differences] == [
        ("recorded", "would be refused", "", "R7", "owner", "connected", "hold"),
        ("replayed", "would be refused", "", "H1", "owner", "connected", "resume"),
    ]


def essence(one: Difference) -> tuple[str, ...]:
    return (one.state, one.change, one.before, one.after, one.role, one.phase, one.action)
