"""What another system reports is recorded, with the rules it broke, and read as far as it goes."""

from __future__ import annotations

from domain import commands
from domain.decide import observe
from domain.rule_sets import MULTI_PARTY
from domain.vocabulary import CUSTOMER, UNKNOWN, TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3, STRANGER
from tests.domain.specification import command, given


def test_a_hold_in_conference_is_recorded_and_names_the_rule() -> None:
    given(*s.conference()).when_observed(s.hold()).recorded_although("R7").then("held")


def test_holding_an_agent_is_not_recorded_as_a_hold_of_the_customer() -> None:
    outcome = given(*s.conference()).when_observed(s.hold(A1, party=A2))
    outcome.recorded_although("R8").then("agent-held").with_fields("agent-held", party=A2)
    assert outcome.call.hold_number is None


def test_an_observation_names_every_rule_it_broke() -> None:
    reported = s.start_consult(A2, target=A1)
    given(*s.consulting()).when_observed(reported).recorded_although("C1", "C2")


def test_an_unknown_actor_breaks_no_rule_by_role() -> None:
    for story, reported in (
        (s.offered(), s.answer(UNKNOWN)),
        (s.connected(), s.hold(UNKNOWN)),
        (s.consult_asked(), s.answer_consult(UNKNOWN)),
        (s.conference_request(), s.accept_transfer(UNKNOWN)),
        (s.ended(), s.apply_wrap_up(UNKNOWN)),
        (s.conference(), s.correct(1, actor=UNKNOWN)),
    ):
        given(*story).when_observed(reported).recorded_although()


def test_an_unknown_actor_still_meets_what_no_one_may_at_that_moment() -> None:
    given(*s.conference()).when_observed(s.hold(UNKNOWN)).recorded_although("R7")
    given(*s.connected()).when_observed(s.apply_wrap_up(UNKNOWN)).recorded_although("R21")


def test_whoever_answers_unnamed_is_whom_the_call_was_waiting_for() -> None:
    given(*s.offered()).when_observed(s.answer(UNKNOWN)).with_fields("answered", agent=A1)
    answered = given(*s.consult_asked()).when_observed(s.answer_consult(UNKNOWN))
    answered.with_fields("consult-answered", party=A2)
    accepted = given(*s.conference_request()).when_observed(s.accept_transfer(UNKNOWN))
    accepted.with_fields("transfer-accepted", party=A2)


def test_an_unnamed_wrap_up_closes_the_oldest_that_is_open() -> None:
    story = (*s.transferred(), s.end_call(A2))
    outcome = given(*story).when_observed(s.apply_wrap_up(UNKNOWN))
    outcome.with_fields("wrap-up-applied", wrap_up_number=1, wrap_up_agent=A1).leaves("ended")


def test_a_reason_told_before_the_end_is_that_of_the_wrap_up_which_the_end_opens() -> None:
    for ends in (s.leave(), s.end_call(), s.hang_up(A1)):
        told = given(*s.connected()).and_observed(s.apply_wrap_up())
        outcome = told.when_observed(ends).with_fields("exited", wrap_up_number=1, wrap_up_agent=A1)
        outcome.leaves("closed")
        assert outcome.call.wrap_ups_opened == 1


def test_a_reason_told_before_the_transfer_is_provisional_until_it_is_accepted() -> None:
    told = given(*s.connected()).and_observed(s.apply_wrap_up(), s.request_transfer(target=A2))
    assert [wrap_up.status for wrap_up in told.call.wrap_ups] == ["pending"]
    accepted = told.when_observed(s.accept_transfer(A2))
    accepted.with_fields("transfer-accepted", wrap_up_number=1, wrap_up_agent=A1)
    assert [wrap_up.status for wrap_up in accepted.call.wrap_ups] == ["applied"]
    declined = told.and_observed(s.decline_transfer()).when_observed(s.end_call())
    declined.with_fields("exited", wrap_up_number=2, wrap_up_agent=A1).leaves("ended")


def test_a_second_reason_keeps_the_number_of_the_wrap_up_it_repeats() -> None:
    outcome = given(*s.closed()).when_observed(s.apply_wrap_up(reason="other"))
    outcome.recorded_although("W5").with_fields("wrap-up-applied", wrap_up_number=1)


def test_a_void_wrap_up_is_never_given_a_reason() -> None:
    story = (*s.conference_request(), s.decline_transfer())
    outcome = given(*story).when_observed(s.apply_wrap_up())
    outcome.recorded_although("R21").with_fields("wrap-up-applied", wrap_up_number=2)


def test_a_transfer_seen_only_when_accepted_has_a_number_and_opens_the_wrap_up() -> None:
    outcome = given(*s.connected()).when_observed(s.accept_transfer(A2))
    outcome.recorded_although("R22", "R12").then("transfer-accepted", "exited")
    outcome.with_fields("transfer-accepted", transfer_number=1, kind="blind", wrap_up_agent=A1)


def test_a_second_request_takes_the_place_of_the_first() -> None:
    reported = s.request_transfer(target=A3, kind=TargetKind.AGENT)
    outcome = given(*s.blind_request()).when_observed(reported)
    outcome.recorded_although("T1").then("transfer-withdrawn", "transfer-requested")
    outcome.with_fields("transfer-requested", transfer_number=2, wrap_up_number=2)


def test_a_conference_without_a_consult_takes_the_word_for_who_joined() -> None:
    outcome = given(*s.connected()).when_observed(s.start_conference(member=A2))
    outcome.recorded_although("R1").with_fields("conference-started", party=A2)


def test_the_owner_s_exit_leaves_a_caller_who_is_not_abandoned_afterwards() -> None:
    before = given(*s.connected()).and_observed(s.exit_call(A1))
    before.when_observed(s.leave()).then("exited", "ended").leaves("ended")


def test_who_exits_without_having_come_in_closes_no_stay() -> None:
    outcome = given(*s.connected()).when_observed(s.exit_call(STRANGER))
    outcome.recorded_although("R22").with_fields("exited", party=STRANGER, stay_number=None)
    outcome.leaves("connected")


def test_the_first_thing_heard_of_a_call_may_be_anything() -> None:
    given().when_observed(s.answer(A1)).recorded_although("R22", "O1").then("answered")
    given().when_observed(s.exit_call(A1)).then("exited")
    given().when_observed(s.leave()).then("exited", "ended")


def test_nobody_comes_into_a_call_that_has_ended() -> None:
    outcome = given(*s.closed()).when_observed(s.answer(A2)).leaves("closed")
    assert outcome.call.parties == ()


def test_the_customer_stays_the_customer_whatever_is_reported() -> None:
    call = given(*s.consult_asked()).and_observed(s.answer_consult(CUSTOMER)).call
    assert [(party.id, party.role) for party in call.parties] == [
        (CUSTOMER, "customer"),
        (A1, "owner"),
    ]


def test_a_dial_number_is_kept_only_where_it_is_marked_personal() -> None:
    reported = s.request_transfer(target=s.NUMBER, kind=TargetKind.DIAL_NUMBER)
    for story in (s.connected(), s.conference()):
        outcome = given(*story).when_observed(reported)
        outcome.with_fields("transfer-requested", dial_number=s.NUMBER, target=None, receiver=None)


def test_what_the_rules_do_not_speak_of_leaves_the_call_as_it_is() -> None:
    note = command(commands.NoteActivity, A1, activity="recording", duration_ms=5)
    cut = command(commands.MarkIncomplete, "importer", missing="the end")
    for reported, type_ in ((note, "activity-noted"), (cut, "marked-incomplete")):
        outcome = given(*s.held()).when_observed(reported).then(type_).leaves("held")
        assert outcome.call.parties == outcome.before.parties


def test_observing_is_judged_by_the_rule_set_in_force() -> None:
    before = given(*s.conference(), rules=MULTI_PARTY)
    before.when_observed(s.exit_call(A1)).recorded_although()
    assert observe(before.call, s.exit_call(A1), given().rules).rules_broken == ("Q6",)
