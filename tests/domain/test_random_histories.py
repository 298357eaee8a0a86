"""Whatever is asked or reported, in whatever order: what holds of every call."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.call import Call, WrapUpStatus
from domain.commands import Command
from domain.decide import Decided, Refused, decide, observe
from domain.event import Event
from domain.events import EVENT_CLASSES, Exited, WrapUpApplied
from domain.evolve import evolve
from domain.rule_sets import RuleSet
from domain.rules import RULE_OF_ID
from domain.vocabulary import UNKNOWN, PartyKind, Phase, Role
from tests.domain.histories import BEGINNINGS, CHOICE, RULE_SET, STEPS, history

quick = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])


class Told(NamedTuple):
    """What a history came to."""

    events: list[Event]
    calls: list[Call]
    """The call before the first event and after each."""
    settled: list[Call]
    """The call after each command, with all of its events."""
    broken: set[str]
    """Every rule that an observation broke."""


def told(asked: list[tuple[Command, bool]], rules: RuleSet) -> Told:
    call, so_far = Call(), Told([], [Call()], [], set())
    for one, is_observed in asked:
        decision = observe(call, one, rules) if is_observed else decide(call, one, rules)
        if isinstance(decision, Refused):
            assert decision.rule in RULE_OF_ID
            continue
        assert decision.events, "what is not refused is recorded"
        so_far.broken.update(decision.rules_broken)
        for event in decision.events:
            call = evolve(call, event)
            so_far.events.append(event)
            so_far.calls.append(call)
        assert call == decision.call, "a replay gives the state that was decided on"
        so_far.settled.append(call)
    return so_far


def holds_of_every_call(call: Call) -> None:
    assert sum(party.kind is PartyKind.CUSTOMER for party in call.parties) <= 1
    assert sum(party.role is Role.OWNER for party in call.parties) <= 1
    assert len({party.id for party in call.parties}) == len(call.parties)
    wrapping_up = [wrap_up.agent for wrap_up in call.wrap_ups if wrap_up.is_open]
    assert len(set(wrapping_up)) == len(wrapping_up), "an agent has one open wrap-up"
    assert len({wrap_up.number for wrap_up in call.wrap_ups}) == len(call.wrap_ups)
    assert not (call.ended and call.parties), "an ended call has nobody in it"
    still_open = any(wrap_up.is_open for wrap_up in call.wrap_ups)
    assert (call.phase is Phase.CLOSED) == (call.ended and not still_open)


OPENERS: dict[str, tuple[str, ...]] = {
    "hold_number": ("Held", "ConsultStarted"),
    "consult_number": ("ConsultStarted",),
    "conference_number": ("ConferenceStarted",),
    "transfer_number": ("TransferRequested", "TransferAccepted"),
    "offer_number": ("Offered",),
    "exit_number": ("Exited",),
    "stay_number": ("Received", "Answered", "ConsultAnswered", "TransferAccepted"),
    "wrap_up_number": (
        *("TransferRequested", "TransferAccepted", "Exited"),
        *("WrapUpApplied", "WrapUpExtended"),
    ),
}


def numbers_are_dense(events: list[Event]) -> None:
    """Each number appears first in an event that opens, as the next one, and none is skipped."""
    for name, openers in OPENERS.items():
        highest = 0
        for event in events:
            number = getattr(event, name, None)
            if number is not None and number > highest:
                assert number == highest + 1, (name, event)
                assert type(event).__name__ in openers, (name, event)
                highest = number


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET)
def test_nothing_reported_can_break_a_call(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet
) -> None:
    events, calls, _, broken = told(history(beginning, steps, rules), rules)
    assert [call.version for call in calls] == list(range(len(events) + 1))
    numbers_are_dense(events)
    for call in calls:
        holds_of_every_call(call)
        both = call.hold_number is not None and call.conference_number is not None
        assert not both or broken, "on hold in a conference, and no rule said to be broken"


@quick
@given(beginning=BEGINNINGS, choices=st.lists(CHOICE, min_size=12, max_size=30), rules=RULE_SET)
def test_commands_alone_keep_every_rule(
    beginning: tuple[Command, ...], choices: list[int], rules: RuleSet
) -> None:
    steps = [(choice, "allowed") for choice in choices]
    events, calls, settled, _ = told(history(beginning, steps, rules), rules)
    applied = [
        event.wrap_up_number
        for event in events
        if isinstance(event, WrapUpApplied) and not event.provisional
    ]
    assert len(applied) == len(set(applied)), "one reason per wrap-up"
    stays_closed = [event.stay_number for event in events if isinstance(event, Exited)]
    assert None not in stays_closed
    assert max(Counter(stays_closed).values(), default=0) <= 1, "a stay ends once"
    for call in calls:
        assert call.hold_number is None or call.conference_number is None
        assert len(call.parties) <= rules.members_limit + 1
        pending = [one.number for one in call.wrap_ups if one.status is WrapUpStatus.PENDING]
        assert pending in ([], [call.transfer and call.transfer.wrap_up_number])
    for call in settled:
        assert call.owner is not None or call.phase not in WITH_AN_OWNER
    last = calls[-1]
    stays_open = {party.stay_number for party in last.parties}
    assert stays_open | set(stays_closed) == set(range(1, last.stays + 1))
    assert last.exits == len(stays_closed)


WITH_AN_OWNER = (
    *(Phase.CONNECTED, Phase.HELD, Phase.CONSULT_ASKED, Phase.CONSULTING),
    *(Phase.CONFERENCE, Phase.WRAP_UP_ASSIST),
)


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET)
def test_a_refused_command_changes_nothing(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet
) -> None:
    call = Call()
    for one, _ in history(beginning, steps, rules):
        before = repr(call)
        decision = decide(call, one, rules)
        assert repr(call) == before
        assert decide(call, one, rules) == decision, "the same question has the same answer"
        if isinstance(decision, Decided):
            call = decision.call
            assert decision.rules_broken == ()


@quick
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET)
def test_an_observation_breaks_exactly_what_refuses_the_command(
    beginning: tuple[Command, ...], steps: list[tuple[int, str]], rules: RuleSet
) -> None:
    call = Call()
    for one, _ in history(beginning, steps, rules):
        by_command, by_observation = decide(call, one, rules), observe(call, one, rules)
        if isinstance(by_command, Decided):
            first, *others = by_observation.events
            assert (without_fact(first), *others) == by_command.events
            assert by_observation.rules_broken == ()
        elif one.actor != UNKNOWN:
            assert by_observation.rules_broken[0] == by_command.rule
        call = by_observation.call


def without_fact(event: Event) -> Event:
    assert event.fact is not None
    return replace(event, fact=None)


@quick
@given(events=st.lists(st.sampled_from(EVENT_CLASSES).flatmap(st.from_type), max_size=20))
def test_evolve_takes_any_event_in_any_order(events: list[Event]) -> None:
    call = Call()
    for version, event in enumerate(events, start=1):
        call = evolve(call, event)
        assert call.version == version
        assert call.phase in Phase
