"""Under `multi-party` a conference grows and shrinks, and the call always has an owner."""

from __future__ import annotations

from domain.rule_sets import MULTI_PARTY
from domain.vocabulary import CUSTOMER, Role, TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3
from tests.domain.specification import Given, given


def four() -> Given:
    return given(*s.conference_of_four(), rules=MULTI_PARTY)


def test_a_consult_from_a_conference_leaves_the_customer_in_it() -> None:
    asked = given(*s.conference(), rules=MULTI_PARTY).when(s.start_consult(target=A3))
    asked.then("consult-started").with_fields("consult-started", hold_number=None)
    asked.leaves("conference")


def test_one_of_four_exits_and_the_conference_goes_on() -> None:
    four().when(s.exit_call(A2)).then("exited").leaves("conference")


def test_the_owner_leaves_and_the_agent_longest_in_the_call_owns_it() -> None:
    outcome = four().when(s.exit_call(A1)).then("exited").leaves("conference")
    owner = outcome.call.owner
    assert owner is not None
    assert owner.id == A2
    wrap_up = outcome.call.wrap_up(A1)
    assert wrap_up is not None
    assert wrap_up.is_open


def test_an_external_party_owns_the_call_only_where_no_agent_is_left() -> None:
    story = (
        *s.consult_asked(s.NUMBER, TargetKind.DIAL_NUMBER),
        *(s.answer_consult("external-1"), s.start_conference()),
        *(s.start_consult(target=A3), s.answer_consult(A3), s.start_conference()),
    )
    outcome = given(*story, rules=MULTI_PARTY).when(s.exit_call(A1))
    outcome.with_fields("exited", owner_after=A3)


def test_a_conference_handed_to_an_external_party_went_to_a_dial_number() -> None:
    conference = (
        *s.consult_asked(s.NUMBER, TargetKind.DIAL_NUMBER),
        *(s.answer_consult("external-1"), s.start_conference()),
    )
    for request in (s.request_transfer(), s.request_transfer(target="external-1")):
        requested = given(*conference).when(request)
        requested.with_fields(
            "transfer-requested",
            kind="conference",
            target_kind="dial_number",
            target="external-1",
            receiver="external-1",
        )
        handed_over = given(*conference, request).when(s.accept_transfer("external-1"))
        handed_over.with_fields("transfer-accepted", party_kind="external")


def test_the_owner_who_leaves_ends_the_consult_and_takes_the_request_back() -> None:
    consulting = (*s.conference(), s.start_consult(target=A3), s.answer_consult(A3))
    leaving = given(*consulting, rules=MULTI_PARTY).when(s.exit_call(A1))
    leaving.then("consult-ended", "exited", "exited", "conference-ended").leaves("connected")
    leaving.with_fields("exited", party=A3, reason="dropped_by_owner", conference_number=None)
    requested = given(*s.conference_request(), rules=MULTI_PARTY).when(s.exit_call(A1))
    requested.then("transfer-withdrawn", "exited", "conference-ended")
    requested.with_fields("exited", wrap_up_number=2, owner_after=A2)


def test_whoever_is_only_consulted_does_not_keep_a_conference_up() -> None:
    story = (*s.conference(), s.start_consult(target=A3), s.answer_consult(A3))
    outcome = given(*story, rules=MULTI_PARTY).when(s.exit_call(A2))
    outcome.then("exited", "conference-ended").leaves("consulting")


def test_a_transfer_to_one_member_leaves_the_others_in_conference() -> None:
    requested = (*s.conference_of_four(), s.request_transfer(target=A3))
    outcome = given(*requested, rules=MULTI_PARTY).when(s.accept_transfer(A3))
    outcome.then("transfer-accepted", "exited").leaves("conference")
    roles = {party.id: party.role for party in outcome.call.parties}
    assert roles == {CUSTOMER: Role.CUSTOMER, A2: Role.MEMBER, A3: Role.OWNER}


def test_only_the_member_asked_accepts() -> None:
    requested = (*s.conference_of_four(), s.request_transfer(target=A3))
    given(*requested, rules=MULTI_PARTY).when(s.accept_transfer(A2)).refused_by("R12")


def test_another_member_s_exit_leaves_the_request_open() -> None:
    requested = (*s.conference_of_four(), s.request_transfer(target=A3))
    outcome = given(*requested, rules=MULTI_PARTY).when(s.exit_call(A2)).then("exited")
    assert outcome.call.transfer is not None


def test_the_agents_go_on_after_the_customer_until_one_is_left() -> None:
    left = (*s.conference_of_four(), s.leave())
    still_two = given(*left, rules=MULTI_PARTY).when(s.exit_call(A3))
    still_two.then("exited").leaves("wrap_up_assist")
    given(*left, s.exit_call(A3), rules=MULTI_PARTY).when(s.exit_call(A2)).leaves("ended")
