"""What page and readings leave open, as the ledger reads it (`domain/readings.py`)."""

from __future__ import annotations

from domain import commands
from domain.call import WrapUp
from domain.vocabulary import TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3
from tests.domain.specification import command, given

BACK_AS_CONSULTED = (*s.transferred(), s.start_consult(A2, A1), s.answer_consult(A1))


def test_a_reason_given_in_wrap_up_assist_is_the_owner_s_only_one() -> None:
    applied = (*s.wrap_up_assist(), s.apply_wrap_up())
    for ending in (s.end_conference(), s.hang_up(A1), s.exit_call(A2), s.end_call()):
        call = given(*applied).when(ending).leaves("closed").call
        assert [one.agent for one in call.wrap_ups] == [A1]


def test_a_former_owner_back_in_the_call_wraps_up_after_leaving_it() -> None:
    given(*BACK_AS_CONSULTED).when(s.apply_wrap_up(A1)).refused_by("R15")
    left = (*BACK_AS_CONSULTED, s.exit_call(A1))
    given(*left).when(s.apply_wrap_up(A1)).then("wrap-up-applied")


def test_a_former_owner_merely_invited_back_wraps_up_at_once() -> None:
    for story in (
        (*s.transferred(), s.start_consult(A2, A1)),
        (*s.transferred(), s.start_consult(A2, "sales", TargetKind.QUEUE)),
        (*s.transferred(), s.request_transfer(A2, A1, TargetKind.AGENT)),
    ):
        outcome = given(*story).when(s.apply_wrap_up(A1)).then("wrap-up-applied")
        assert outcome.decided.role == "former_owner"
        given(*story).when(s.extend_wrap_up(A1)).then("wrap-up-extended")


def test_who_is_invited_and_owned_nothing_has_nothing_to_wrap_up() -> None:
    given(*s.consult_asked()).when(s.apply_wrap_up(A2)).refused_by("R22")


def test_a_consult_that_has_ended_does_not_make_a_transfer_a_consult_transfer() -> None:
    requested = s.request_transfer(target=A2, kind=TargetKind.AGENT)
    outcome = given(*s.consulting(), s.end_consult()).when(requested)
    outcome.with_fields("transfer-requested", kind="blind", consult_number=None)


def test_nobody_is_consulted_by_an_answer_to_a_consult_that_is_over() -> None:
    for over in (s.cancel_consult(), s.decline_consult(), s.end_consult()):
        for target, kind in ((A2, TargetKind.AGENT), ("sales", TargetKind.QUEUE)):
            told = given(*s.connected()).and_observed(
                s.start_consult(target=target, kind=kind), over
            )
            late = told.when_observed(s.answer_consult(A2)).then("observation-repeated")
            late.with_fields("observation-repeated", thing="consult", number=1).leaves("held")
            assert late.call.party(A2) is None


def test_whoever_is_in_a_conference_comes_in_by_a_consult_that_nobody_has_told() -> None:
    late = given(*s.conference()).when_observed(s.answer_consult(A3)).then("consult-answered")
    assert late.call.party(A3) is not None


def test_a_consult_that_is_cancelled_or_declined_after_its_answer_ends_with_its_party_gone() -> (
    None
):
    consulting = given(*s.consulting())
    cancelled = consulting.when_observed(s.cancel_consult()).then("consult-ended", "exited")
    cancelled.with_fields("exited", party=A2, reason="dropped_by_owner").leaves("held")
    for who in (A2, "unknown"):
        declined = consulting.when_observed(s.decline_consult(who)).then("consult-ended", "exited")
        declined.with_fields("exited", party=A2, reason="exited").leaves("held")


def test_who_declines_a_consult_to_a_queue_that_another_has_answered_ends_nothing() -> None:
    asked = given(*s.consult_asked("sales", TargetKind.QUEUE), s.answer_consult(A2))
    told = asked.when_observed(s.decline_consult(A3)).then("observation-repeated")
    assert told.call.party(A2) is not None
    told.leaves("consulting")


def test_a_queue_named_like_an_agent_in_the_call_is_still_a_queue() -> None:
    asked = s.start_consult(target=A1, kind=TargetKind.QUEUE)
    given(*s.connected()).when(asked).then("consult-started")


def test_a_stale_command_is_stale_before_it_is_wrong() -> None:
    asked = command(commands.Hold, A3, expected_version=1)
    given(*s.connected()).when(asked).refused_by("L2")


def test_an_owner_with_an_open_wrap_up_hands_over_without_a_second() -> None:
    story = (
        *s.transferred(),
        *(s.request_transfer(A2, A1, TargetKind.AGENT), s.accept_transfer(A1)),
        s.request_transfer(A1, A3, TargetKind.AGENT),
    )
    accepted = given(*story).when(s.accept_transfer(A3))
    accepted.with_fields("transfer-accepted", wrap_up_number=None, wrap_up_agent=None)
    open_now: list[WrapUp] = [one for one in accepted.call.wrap_ups if one.is_open]
    assert [(one.number, one.agent) for one in open_now] == [(1, A1), (2, A2)]
