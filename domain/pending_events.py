"""Events that are decided and not recorded yet, and the call as each of them leaves it."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from domain.call import Call, OpenOffer, WrapUpStatus
from domain.event import Event
from domain.events import OfferClosed
from domain.evolve import evolve
from domain.vocabulary import OfferOutcome, PartyKind


class Opening(NamedTuple):
    """The wrap-up that an event opens: its number and its agent, or neither."""

    number: int | None
    agent: str | None


NO_OPENING = Opening(None, None)


class PendingEvents:
    """Collects events; `call` is always the state after the last of them.

    The first event of an observation carries the fact that was observed.
    """

    __slots__ = ("_fact", "call", "events")

    def __init__(self, call: Call, fact: str | None = None) -> None:
        self.call = call
        self.events: list[Event] = []
        self._fact = fact

    def add(self, event: Event) -> None:
        """Append the event and move the call on."""
        if self._fact is not None:
            event = replace(event, fact=self._fact)
            self._fact = None
        self.events.append(event)
        self.call = evolve(self.call, event)

    def close_offers(self, outcome: OfferOutcome, but: OpenOffer | None = None) -> None:
        """Close the open offers with what became of the call, one of them excepted (O2)."""
        for offer in self.call.open_offers:
            if offer != but:
                self.add(OfferClosed(offer_number=offer.number, agent=offer.agent, outcome=outcome))

    @property
    def oldest_offer(self) -> OpenOffer | None:
        return self.call.open_offers[0] if self.call.open_offers else None

    @property
    def queue_entry_number(self) -> int | None:
        """In which queue entry the call is; nothing is said of the first (Q24)."""
        return self.call.queue_entries if self.call.queue_entries > 1 else None

    @property
    def consult_number(self) -> int | None:
        return self.call.consult.number if self.call.consult else None

    def stay_number(self, party_id: str) -> int:
        """The stay of somebody who comes in: a new one, unless that party is in already."""
        party = self.call.party(party_id)
        return party.stay_number if party else self.call.stays + 1

    @property
    def transfer_numbers(self) -> tuple[int | None, int | None]:
        """The open transfer's own number, and that of the wrap-up it holds pending."""
        transfer = self.call.transfer
        return (transfer.number, transfer.wrap_up_number) if transfer else (None, None)

    def opening_for_owner(self) -> Opening:
        """The wrap-up to open for the owner, unless one is open or the owner is external (Q22).

        The customer's exit has opened it for good (R18): nothing after that opens another. One
        whose reason was told before it opened is that one.
        """
        owner = self.call.owner
        if owner is None or owner.kind is not PartyKind.AGENT or self.call.customer_left:
            return NO_OPENING
        wrap_up = self.call.wrap_up(owner.id)
        if wrap_up is not None and wrap_up.is_open:
            return NO_OPENING
        if wrap_up is not None and wrap_up.waits_for_its_opening:
            return Opening(wrap_up.number, owner.id)
        return Opening(self.call.wrap_ups_opened + 1, owner.id)

    def wrap_up_of(self, agent: str) -> tuple[int, str]:
        """The number and agent of the wrap-up this agent means; a void one is never meant."""
        wrap_up = self.call.wrap_up_meant(agent)
        if wrap_up is not None and wrap_up.status is not WrapUpStatus.VOID:
            return wrap_up.number, wrap_up.agent
        return self.call.wrap_ups_opened + 1, agent
