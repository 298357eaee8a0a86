"""Offers of a queue: which one a report is about, and what an answer makes of all (O1, O2)."""

from __future__ import annotations

from typing import NamedTuple

from domain.call import Call
from domain.events import Answered, OfferClosed
from domain.pending_events import PendingEvents
from domain.vocabulary import SYSTEM, UNKNOWN, OfferOutcome


class OfferTold(NamedTuple):
    """An offer that a report is about, as far as it can be told."""

    number: int | None
    agent: str | None


def offer_told_of(call: Call, actor: str, agent: str | None) -> OfferTold:
    """The open offer that is meant, or the latest of the agent named (O2)."""
    offer = call.offer_meant(actor, agent)
    if offer is not None:
        return OfferTold(offer.number, offer.agent)
    whose = agent or actor
    number = call.latest("offer", whose)
    return OfferTold(number, None if whose in (SYSTEM, UNKNOWN) else whose)


def answer(pending: PendingEvents, actor: str) -> None:
    """Let the agent in; an unnamed one is whom the call was offered to first.

    Whoever answers a call that waits after a transfer to the queue has received it (Q24).
    """
    call = pending.call
    offer = call.offer_meant(actor)
    agent = offer.agent if actor == UNKNOWN and offer else actor
    waits = call.owner is None
    others = [open_offer for open_offer in call.open_offers if open_offer != offer]
    pending.add(
        Answered(
            offer_number=offer.number if offer else None,
            stay_number=pending.stay_number(agent),
            agent=agent,
            queue_entry_number=pending.queue_entry_number if waits else None,
            transfer_number=call.queue_transfer_number if waits else None,
        )
    )
    for other in others:
        pending.add(
            OfferClosed(
                offer_number=other.number,
                agent=other.agent,
                outcome=OfferOutcome.ANSWERED_ELSEWHERE,
            )
        )
