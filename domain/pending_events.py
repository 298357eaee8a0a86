"""Events that are decided and not recorded yet, and the call as each of them leaves it."""

from __future__ import annotations

from typing import NamedTuple

from domain.call import Call, WrapUpStatus
from domain.events import Event
from domain.evolve import evolve
from domain.vocabulary import PartyKind


class Opening(NamedTuple):
    """The wrap-up that an event opens: its number and its agent, or neither."""

    number: int | None
    agent: str | None


NO_OPENING = Opening(None, None)


class PendingEvents:
    """Collects events; `call` is always the state after the last of them."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        """Append the event and move the call on."""
        self.events.append(event)
        self.call = evolve(self.call, event)

    @property
    def offer_number(self) -> int | None:
        return self.call.offer.number if self.call.offer else None

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

        The customer's exit has opened it for good (R18): nothing after that opens another.
        """
        owner = self.call.owner
        if owner is None or owner.kind is not PartyKind.AGENT or self.call.customer_left:
            return NO_OPENING
        wrap_up = self.call.wrap_up(owner.id)
        if wrap_up is not None and wrap_up.is_open:
            return NO_OPENING
        return Opening(self.call.wrap_ups_opened + 1, owner.id)

    def wrap_up_of(self, agent: str) -> tuple[int, str]:
        """The number and agent of the wrap-up this agent means; a void one is never meant."""
        wrap_up = self.call.wrap_up_meant(agent)
        if wrap_up is not None and wrap_up.status is not WrapUpStatus.VOID:
            return wrap_up.number, wrap_up.agent
        return self.call.wrap_ups_opened + 1, agent
