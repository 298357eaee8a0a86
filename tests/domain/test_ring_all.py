"""A queue that rings several agents at once: each offer has an outcome of its own (O2)."""

from __future__ import annotations

from domain.vocabulary import SYSTEM, UNKNOWN
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3, STRANGER
from tests.domain.specification import given

RINGING = s.offered_to_three()


def test_the_first_answer_wins_and_leaves_no_offer_open() -> None:
    answered = given(*RINGING).when(s.answer(A2))
    answered.with_fields("offer-closed", offer_number=1, agent=A1, outcome="answered_elsewhere")
    answered.with_fields("offer-closed", offer_number=3, agent=A3, outcome="answered_elsewhere")
    assert answered.call.open_offers == ()
    given(*RINGING, s.answer(A2)).when(s.answer(A1)).refused_by("R22")


def test_an_answer_told_after_another_s_lets_nobody_in() -> None:
    second = given(*RINGING, s.answer(A1)).when_observed(s.answer(A2))
    second.recorded_although("R22", "O1", "L6").then("observation-repeated")
    second.with_fields("observation-repeated", thing="offer", number=2)
    assert [party.id for party in second.call.agents] == [A1]
    given(*RINGING).and_observed(s.answer(A1)).when_observed(s.leave()).leaves("ended")


def test_an_offer_that_was_missed_is_told_again_once_nobody_waits() -> None:
    answered = (*RINGING, s.miss_offer(A2), s.answer(A1))
    for story in (answered, (*answered, s.leave())):
        again = given(*story).when_observed(s.offer(A2)).then("observation-repeated")
        again.with_fields("observation-repeated", thing="offer", number=2)
    given(*RINGING, s.miss_offer(A2)).when_observed(s.offer(A2)).then("offered")


def test_who_missed_the_offer_and_answers_after_all_is_in() -> None:
    missed = given(*RINGING, s.miss_offer(A2), s.answer(A1))
    missed.when_observed(s.answer(A2)).then("answered")


def test_a_miss_or_a_refusal_is_of_the_agent_who_is_named_or_acts() -> None:
    given(*RINGING).when(s.miss_offer(A2)).with_fields("offer-missed", offer_number=2, agent=A2)
    given(*RINGING).when(s.miss_offer(agent=A3)).with_fields("offer-missed", offer_number=3)
    given(*RINGING).when(s.decline_offer(A1)).with_fields("offer-declined", offer_number=1)
    given(*RINGING).when(s.miss_offer(A2, agent=A3)).refused_by("O2")
    given(*RINGING).when(s.miss_offer()).refused_by("O2")
    given(*RINGING).when(s.miss_offer(agent=STRANGER)).refused_by("O1")
    given(*s.offered()).when(s.miss_offer()).with_fields("offer-missed", offer_number=1, agent=A1)


def test_the_others_ring_on_after_a_miss() -> None:
    missed = given(*RINGING, s.miss_offer(A1))
    assert [offer.agent for offer in missed.call.open_offers] == [A2, A3]
    missed.when(s.answer(A1)).refused_by("R22")
    missed.when(s.answer(A3)).with_fields("answered", offer_number=3)


def test_a_miss_told_after_the_answer_is_a_miss() -> None:
    late = given(*RINGING, s.answer(A1)).when_observed(s.miss_offer(A2))
    late.recorded_although("R22", "O1").with_fields("offer-missed", offer_number=2, agent=A2)
    late.leaves("connected")


def test_an_offer_told_after_the_answer_waits_for_nobody() -> None:
    late = given(*s.connected()).when_observed(s.offer(A2)).recorded_although("O1").then("offered")
    assert late.call.open_offers == ()
    assert late.call.role_of(A2) == "outsider"


def test_an_answer_by_one_of_them_unnamed_is_of_the_oldest_offer() -> None:
    given(*RINGING).when_observed(s.answer(UNKNOWN)).with_fields("answered", agent=A1)


def test_a_customer_who_gives_up_closes_them_all() -> None:
    gone = given(*RINGING).when(s.abandon())
    gone.then("offer-closed", "offer-closed", "abandoned", "exited", "ended")
    gone.with_fields("abandoned", offer_number=1)
    ended = given(*RINGING).when(s.end_call(SYSTEM))
    ended.then("exited", "offer-closed", "offer-closed", "ended")
    ended.with_fields("offer-closed", offer_number=2, outcome="call_ended")
