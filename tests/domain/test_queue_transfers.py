"""A blind transfer to a queue or an entry point takes effect when it is asked for (Q24)."""

from __future__ import annotations

import pytest

from domain import commands
from domain.vocabulary import CUSTOMER, UNKNOWN, TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3
from tests.domain.specification import command, given

QUEUE, ENTRY_POINT = TargetKind.QUEUE, TargetKind.ENTRY_POINT
ANSWERED = (*s.waiting_again(), s.offer(A2), s.answer(A2))


def to_queue(actor: str = A1, queue: str = "support") -> commands.Command:
    return s.request_transfer(actor, queue, QUEUE)


def test_the_owner_leaves_and_wraps_up_while_the_call_waits() -> None:
    waiting = given(*s.waiting_again())
    assert [party.id for party in waiting.call.parties] == [CUSTOMER]
    assert waiting.call.transfer is None
    waiting.when(s.apply_wrap_up()).with_fields("wrap-up-applied", provisional=False)
    waiting.when(s.extend_wrap_up()).then("wrap-up-extended")
    waiting.when(s.apply_default(A1)).with_fields("wrap-up-applied", mode="auto_default")
    waiting.when(s.withdraw_transfer()).refused_by("R22")
    waiting.when(s.hold()).refused_by("R22")


def test_the_default_reason_is_for_whoever_has_a_wrap_up_open() -> None:
    given(*s.queued()).when(s.apply_default(A1)).refused_by("R21")
    given(*s.waiting_again()).when(s.apply_default(A2)).refused_by("R21")


def test_who_declined_in_one_queue_is_offered_in_the_next_and_so_is_the_transferor() -> None:
    declined = (*s.queued(), s.offer(A2), s.decline_offer(A2), s.offer(), s.answer(), to_queue())
    given(*declined).when(s.offer(A2)).with_fields("offered", queue_entry_number=2, offer_number=3)
    given(*declined, s.offer(A2), s.miss_offer()).when(s.offer(A2)).refused_by("O1")
    again = given(*s.waiting_again(), s.offer(A1))
    assert again.call.role_of(A1) == "invited"
    again.when(s.apply_wrap_up()).then("wrap-up-applied")
    owner = again.when(s.answer(A1)).with_fields("answered", stay_number=3, transfer_number=1)
    assert [wrap_up.number for wrap_up in owner.call.wrap_ups] == [1]


def test_whoever_answers_has_received_it_and_may_hand_it_on() -> None:
    answered = given(*ANSWERED).when(to_queue(A2, "billing"))
    answered.with_fields(
        "transferred-to-queue", transfer_number=2, queue_entry_number=3, queue="billing"
    ).leaves("queued")
    third = given(*ANSWERED, to_queue(A2, "billing"), s.offer(A1)).when(s.answer(A1))
    third.with_fields("answered", transfer_number=2, queue_entry_number=3)


def test_an_ordinary_answer_is_of_no_transfer() -> None:
    given(*s.offered()).when(s.answer()).with_fields(
        "answered", transfer_number=None, queue_entry_number=None
    )


def test_who_gives_up_there_has_abandoned_that_queue() -> None:
    gone = given(*s.waiting_again(), s.offer(A2), s.offer(A3)).when(s.leave())
    gone.then("offer-closed", "abandoned", "exited", "ended").leaves("ended")
    gone.with_fields("abandoned", queue_entry_number=2, offer_number=2)
    gone.with_fields("offer-closed", offer_number=3, agent=A3, outcome="abandoned")
    given(*ANSWERED).when(s.leave()).then("exited", "exited", "ended")


def test_the_system_may_end_it_there() -> None:
    ended = given(*s.waiting_again(), s.offer(A2)).when(s.end_call("system"))
    ended.then("exited", "ended").with_fields("ended", offer_number=2)


def test_it_ends_a_hold_and_a_consult_that_nobody_answered() -> None:
    given(*s.held()).when(to_queue()).with_fields("transferred-to-queue", hold_number=1)
    asked = given(*s.consult_asked()).when_observed(to_queue())
    asked.then("transfer-requested", "consult-cancelled", "transferred-to-queue", "exited")
    asked.recorded_although("T1").leaves("queued")


def test_consult_and_conference_transfers_wait_for_their_receiver() -> None:
    consulted = (*s.consult_asked("sales", QUEUE), s.answer_consult(A2))
    asked = given(*consulted).when(s.request_transfer(target="sales", kind=QUEUE))
    asked.then("transfer-requested").with_fields(
        "transfer-requested", kind="consult", receiver=A2, target_kind="queue"
    )
    given(*s.conference()).when(to_queue()).refused_by("R9")


@pytest.mark.parametrize("target", [A2, None])
@pytest.mark.parametrize("kind", [QUEUE, TargetKind.ENTRY_POINT])
def test_a_conference_goes_to_its_member_who_is_an_agent_whatever_the_request_calls_it(
    target: str | None, kind: TargetKind
) -> None:
    asked = given(*s.conference()).when(s.request_transfer(target=target, kind=kind))
    asked.with_fields("transfer-requested", receiver=A2, target=A2, target_kind="agent")


def test_a_conference_that_is_reported_to_go_to_a_queue_names_no_receiver() -> None:
    asked = given(*s.conference()).when_observed(to_queue()).recorded_although("R9")
    asked.with_fields("transfer-requested", target_kind="queue", target="support")
    assert asked.call.transfer is not None
    assert asked.call.transfer.receiver is None


def test_a_dial_number_and_an_agent_are_asked_as_before() -> None:
    for target, kind in ((A2, TargetKind.AGENT), (s.NUMBER, TargetKind.DIAL_NUMBER)):
        requested = given(*s.connected()).when(s.request_transfer(target=target, kind=kind))
        requested.then("transfer-requested").leaves("connected")


def test_an_acceptance_told_in_the_old_shape_is_the_answer() -> None:
    accepted = given(*s.waiting_again()).when_observed(s.accept_transfer(A2))
    accepted.recorded_although("R22", "R12").then("answered").leaves("connected")
    accepted.with_fields("answered", agent=A2, transfer_number=1)
    assert accepted.call.transfers == 1
    offered = given(*s.waiting_again(), s.offer(A2)).when_observed(s.accept_transfer(UNKNOWN))
    offered.with_fields("answered", agent=A2, offer_number=2)


def test_a_call_without_an_owner_or_a_customer_is_moved_as_far_as_it_can_be() -> None:
    moved = given(*s.offered()).when_observed(to_queue(UNKNOWN))
    moved.then("transfer-requested", "offer-closed", "transferred-to-queue").leaves("queued")
    over = given(*s.closed()).when_observed(to_queue()).leaves("closed")
    assert over.call.parties == ()
    assist = given(*s.wrap_up_assist()).when_observed(to_queue())
    assist.then("transfer-requested", "transferred-to-queue", "exited", "exited", "ended")


def test_an_entry_point_is_named_as_one() -> None:
    waiting = given(*s.waiting_again("main-number", ENTRY_POINT))
    assert waiting.call.phase == "queued"
    command(commands.RequestTransfer, A1, target_kind=ENTRY_POINT, target="main-number")
