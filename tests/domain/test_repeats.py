"""What another system tells again, or what is so already, is recorded and changes nothing (L6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import commands
from domain.call import Call
from domain.commands import Command
from domain.facts import fact_of
from domain.vocabulary import CUSTOMER, SYSTEM, UNKNOWN, TargetKind, Via
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3, Story
from tests.domain.specification import NOON, Given, command, given


def later(reported: Command, seconds: float = 1) -> Command:
    """The same, said to have happened at another time."""
    return reported.model_copy(update={"occurred_at": NOON + timedelta(seconds=seconds)})


def after(*reported: Command) -> Given:
    """A call of which another system has told this, a minute apart."""
    return given().and_observed(
        *(later(one, 60 * minute) for minute, one in enumerate(reported, start=1))
    )


def unchanged(before: Call, afterwards: Call) -> bool:
    """Whether nothing but the record has grown."""
    return bool(replace(afterwards, version=before.version, facts=before.facts) == before)


TOLD: Story = (
    *s.conference(),
    s.resume(),
    s.exit_call(A2),
    s.hold(),
    s.resume(),
    s.request_transfer(target=A3, kind=TargetKind.AGENT),
    s.accept_transfer(A3),
    s.apply_wrap_up(A1),
    s.hang_up(A3),
    s.apply_wrap_up(A3),
)


@pytest.mark.parametrize("place", range(len(TOLD)))
def test_a_fact_told_again_at_any_later_place_changes_nothing(place: int) -> None:
    for until in range(place + 1, len(TOLD) + 1):
        before = after(*TOLD[:until])
        outcome = before.when_observed(later(TOLD[place], 60 * (place + 1)))
        outcome.then("observation-repeated")
        assert outcome.decided.rules_broken[-1] == "L6"
        assert unchanged(outcome.before, outcome.call)


def test_a_repeat_names_the_event_that_told_it_first_and_the_number_of_the_thing() -> None:
    before = after(*s.connected(), s.hold(), s.resume())
    outcome = before.when_observed(later(s.hold(), 4 * 60))
    outcome.with_fields(
        "observation-repeated", action="hold", repeated_version=4, thing="hold", number=1
    )


def test_the_first_event_of_an_observation_carries_its_fact_and_a_command_none() -> None:
    ended = given(*s.connected()).when_observed(s.end_call())
    assert [event.fact is not None for event in ended.events] == [True, False, False]
    assert all(event.fact is None for event in given(*s.connected()).when(s.end_call()).events)


def test_by_what_and_when_it_was_reported_is_not_of_the_fact() -> None:
    seen = s.hold()
    elsewhere = seen.model_copy(update={"via": Via.SYSTEM, "correlation_id": "other"})
    assert fact_of(seen) == fact_of(elsewhere)
    assert fact_of(seen) != fact_of(later(seen))
    assert fact_of(seen) != fact_of(s.hold(A2))
    assert fact_of(seen) != fact_of(s.hold(party=A2))


def test_a_fingerprint_says_nothing_of_personal_text() -> None:
    told = s.apply_wrap_up()
    assert fact_of(told) == fact_of(told.model_copy(update={"note": "call +39 06 1234"}))
    assert fact_of(s.receive()) == fact_of(s.receive(customer="+39061234"))
    numbers = [s.start_consult(target=n, kind=TargetKind.DIAL_NUMBER) for n in ("123", "456")]
    assert fact_of(numbers[0]) == fact_of(numbers[1])
    targets = [s.start_consult(target=target) for target in (A2, A3)]
    assert fact_of(targets[0]) != fact_of(targets[1])


def test_a_fact_has_the_same_fingerprint_for_ever() -> None:
    assert fact_of(s.hold()) == "b8d9fd68fe783e6f"
    assert fact_of(s.start_consult()) == "0c35b773566d27ff"


def test_free_text_that_comes_with_a_repeat_is_kept() -> None:
    note = command(commands.ApplyWrapUp, A1, reason="sold", note="asks for a call\non Tuesday")
    outcome = given(*s.closed()).when_observed(later(note))
    outcome.with_fields("observation-repeated", thing="wrap_up", number=1, note=note.note)  # type: ignore[attr-defined]


SO_ALREADY: list[tuple[str, Story, Command, str, int | None]] = [
    ("a call that is there", s.queued(), s.receive(queue="other"), "stay", 1),
    ("an offer that is open", s.offered(), s.offer(), "offer", 1),
    ("an offer of somebody who has answered it", s.connected(), s.offer(), "offer", 1),
    ("an answer by the owner", s.connected(), s.answer(), "stay", 2),
    ("an answer by nobody named, of an answered call", s.connected(), s.answer(UNKNOWN), "stay", 2),
    ("an offer missed before", (*s.offered(), s.miss_offer()), s.miss_offer(A1), "offer", 1),
    ("an offer declined before", (*s.offered(), s.decline_offer()), s.decline_offer(), "offer", 1),
    ("a hold of a held customer", s.held(), s.hold(), "hold", 1),
    ("a resume of nobody held", (*s.held(), s.resume()), s.resume(), "hold", 1),
    ("a consult that is asked", s.consult_asked(), s.start_consult(), "consult", 1),
    ("a consult that is answered", s.consulting(), s.start_consult(), "consult", 1),
    ("a consult of a member", s.conference(), s.start_consult(), "consult", 1),
    ("an answer of an answered consult", s.consulting(), s.answer_consult(), "stay", 3),
    ("a consult that has ended", (*s.consulting(), s.end_consult()), s.end_consult(), "consult", 1),
    ("a conference that is on", s.conference(), s.start_conference(), "conference", 1),
    ("its member named", s.conference(), s.start_conference(member=A2), "conference", 1),
    (
        "a conference that is over",
        (*s.conference(), s.exit_call(A2)),
        s.start_conference(member=A2),
        "conference",
        1,
    ),
    (
        "a request that is open",
        s.blind_request(),
        s.request_transfer(target=A2, kind=TargetKind.AGENT),
        "transfer",
        1,
    ),
    (
        "a request that was accepted",
        s.transferred(),
        s.request_transfer(target=A2, kind=TargetKind.AGENT),
        "transfer",
        1,
    ),
    ("a transfer that was accepted", s.transferred(), s.accept_transfer(), "transfer", 1),
    (
        "a transfer that was accepted by one who has handed it on",
        (
            *s.transferred(),
            s.request_transfer(A2, A3, TargetKind.AGENT),
            s.accept_transfer(A3),
        ),
        s.accept_transfer(A2),
        "transfer",
        1,
    ),
    (
        "a transfer that was declined",
        (*s.blind_request(), s.decline_transfer()),
        s.decline_transfer(),
        "transfer",
        1,
    ),
    ("a transfer to oneself", s.connected(), s.accept_transfer(A1), "transfer", None),
    (
        "a transfer to the queue it waits in",
        s.waiting_again(),
        s.request_transfer(target="support", kind=TargetKind.QUEUE),
        "transfer",
        1,
    ),
    (
        "a transfer to the queue it has come from",
        (*s.waiting_again(), s.offer(A2), s.answer(A2)),
        s.request_transfer(target="support", kind=TargetKind.QUEUE),
        "transfer",
        1,
    ),
    (
        "an acceptance by whoever answered in the queue",
        (*s.waiting_again(), s.offer(A2), s.answer(A2)),
        s.accept_transfer(A2),
        "transfer",
        1,
    ),
    ("a customer who has left", s.wrap_up_assist(), s.leave(), "exit", 1),
    ("hung up by a customer who has left", s.ended(), s.hang_up(CUSTOMER), "exit", 2),
    ("an exit of one who has left", (*s.conference(), s.exit_call(A2)), s.exit_call(A2), "exit", 1),
    ("hung up by one who has left", s.ended(), s.hang_up(A1), "exit", 1),
    ("an end of what is over", s.ended(), s.end_call(SYSTEM), "end", None),
    ("an end of a conference that is over", s.ended(), s.end_conference(), "end", None),
    ("a reason that was given", s.closed(), s.apply_wrap_up(), "wrap_up", 1),
    ("a default after the agent's own reason", s.closed(), s.apply_default(), "wrap_up", 1),
]


@pytest.mark.parametrize(
    ("story", "reported", "thing", "number"),
    [pytest.param(*rest, id=name) for name, *rest in SO_ALREADY],
)
def test_what_is_so_already_keeps_its_number_and_changes_nothing(
    story: Story, reported: Command, thing: str, number: int | None
) -> None:
    before = given(*story)
    outcome = before.when_observed(later(reported)).then("observation-repeated")
    outcome.with_fields("observation-repeated", thing=thing, number=number, repeated_version=None)
    assert "L6" in outcome.decided.rules_broken
    assert len(outcome.decided.rules_broken) > 1, "the rules refuse it as a command"
    assert unchanged(outcome.before, outcome.call)
    again = Given(before.rules, outcome.call).when_observed(later(reported))
    again.then("observation-repeated")


def test_a_repeat_of_what_was_so_already_is_known_after_it_has_changed() -> None:
    before = after(*s.connected(), s.hold()).and_observed(later(s.hold(), 250))
    resumed = before.and_observed(later(s.resume(), 300))
    resumed.when_observed(later(s.hold(), 250)).then("observation-repeated").leaves("connected")
    resumed.when_observed(later(s.hold(), 400)).then("held")


def test_what_is_new_is_not_a_repeat() -> None:
    given(*s.conference()).when_observed(later(s.exit_call("agent-9"))).then("exited")
    given(*s.blind_request()).when_observed(
        later(s.request_transfer(target=A3, kind=TargetKind.AGENT))
    ).then("transfer-withdrawn", "transfer-requested")
    given(*s.closed()).when_observed(later(s.apply_wrap_up(reason="other"))).then("wrap-up-applied")
    given(*s.transferred()).when_observed(later(s.request_transfer(A2, A1, TargetKind.AGENT))).then(
        "transfer-requested"
    )


def test_a_second_consult_takes_the_place_of_the_one_under_way() -> None:
    asked = given(*s.consult_asked()).when_observed(later(s.start_consult(target=A3)))
    asked.then("consult-cancelled", "consult-started")
    answered = given(*s.consulting()).when_observed(later(s.start_consult(target=A3)))
    answered.then("consult-ended", "consult-started")


def test_notes_alike_are_each_noted() -> None:
    note = command(commands.NoteActivity, A1, activity="recording")
    before = given(*s.connected()).and_observed(note)
    before.when_observed(note).recorded_although().then("activity-noted")
