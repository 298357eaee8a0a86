"""The state of one call, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from domain.vocabulary import (
    CUSTOMER,
    SYSTEM,
    UNKNOWN,
    PartyKind,
    Phase,
    Role,
    TargetKind,
    TransferKind,
)


class Party(Struct, frozen=True, gc=False):
    """Somebody who is in the call now."""

    id: str
    kind: PartyKind
    role: Role
    stay_number: int


class OpenOffer(Struct, frozen=True, gc=False):
    """An offer that waits for the agent's answer; several may at once (O2)."""

    number: int
    agent: str


class OpenConsult(Struct, frozen=True, gc=False):
    """The consult under way; `party` is empty until somebody answers it."""

    number: int
    target_kind: TargetKind
    target: str | None
    party: str | None = None


class OpenTransfer(Struct, frozen=True, gc=False):
    """The transfer request that waits for its outcome."""

    number: int
    kind: TransferKind
    target_kind: TargetKind
    receiver: str | None
    """Who must accept, where the request names somebody; otherwise whoever picks up (Q22)."""
    wrap_up_number: int | None


class WrapUpStatus(StrEnum):
    """Where an agent's wrap-up stands (Q3, Q4, Q17)."""

    PENDING = "pending"
    OPEN = "open"
    APPLIED = "applied"
    VOID = "void"


class WrapUp(Struct, frozen=True, gc=False):
    """A wrap-up of one agent; a reason given while it is pending is provisional."""

    number: int
    agent: str
    status: WrapUpStatus
    reason: str | None = None
    applied_version: int | None = None
    extensions: int = 0
    seen_to_open: bool = False
    """An observed reason, or extension, may be told before what opens the wrap-up."""

    @property
    def is_open(self) -> bool:
        return self.status is WrapUpStatus.OPEN or self.status is WrapUpStatus.PENDING

    @property
    def reason_given(self) -> bool:
        return self.reason is not None

    @property
    def waits_for_its_opening(self) -> bool:
        """Whether the reason was told before the wrap-up opened."""
        return self.reason_given and not self.seen_to_open


class ToldFact(Struct, frozen=True, gc=False):
    """Where an observation was told first: the event's version, and what it is about."""

    version: int
    thing: str | None
    number: int | None


class Call(Struct, frozen=True, kw_only=True, gc=False):
    """A call after the events up to `version`; an empty one has not been received yet.

    `parties` are those who are in it now, in the order they came. `wrap_ups` holds each
    agent's latest, because real calls carry more than one (Q4), and earlier ones that were
    given a reason, because a reason can be corrected. The counts give the next number of each
    thing. `facts` and `latest_numbers` are what a repeated observation is known by (L6).
    """

    version: int = 0
    ended: bool = False
    parties: tuple[Party, ...] = ()
    open_offers: tuple[OpenOffer, ...] = ()
    offered_agents: frozenset[str] = frozenset()
    hold_number: int | None = None
    consult: OpenConsult | None = None
    conference_number: int | None = None
    transfer: OpenTransfer | None = None
    customer_left: bool = False
    wrap_ups: tuple[WrapUp, ...] = ()
    stays: int = 0
    offers: int = 0
    holds: int = 0
    consults: int = 0
    conferences: int = 0
    transfers: int = 0
    exits: int = 0
    wrap_ups_opened: int = 0
    queue_entries: int = 1
    queue_transfer_number: int | None = None
    """The transfer that has put the call into the queue in which it still waits (Q24)."""
    facts: Mapping[str, ToldFact] = field(default_factory=dict)
    latest_numbers: Mapping[str, int] = field(default_factory=dict)
    """The latest number of a thing by whom it concerned: `exit agent-1`, `offer agent-2`, …"""

    @property
    def received(self) -> bool:
        """Whether the call has begun: its first event, whichever that is, begins it."""
        return self.version > 0

    def party(self, party_id: str | None) -> Party | None:
        """The party with this id, if it is in the call now."""
        for party in self.parties:
            if party.id == party_id:
                return party
        return None

    @property
    def customer(self) -> Party | None:
        return self.party(CUSTOMER)

    @property
    def owner(self) -> Party | None:
        for party in self.parties:
            if party.role is Role.OWNER:
                return party
        return None

    @property
    def agents(self) -> tuple[Party, ...]:
        """Everybody but the customer, in the order they came."""
        return tuple([party for party in self.parties if party.kind is not PartyKind.CUSTOMER])

    def latest(self, thing: str, whom: str | None) -> int | None:
        """The latest number of a thing that concerned somebody, in the call now or not."""
        return self.latest_numbers.get(f"{thing} {whom}")

    def with_latest(self, thing: str, whom: str | None, number: int | None) -> Mapping[str, int]:
        """The latest numbers with one more; a thing without a number is not remembered."""
        if number is None:
            return self.latest_numbers
        return {**self.latest_numbers, f"{thing} {whom}": number}

    def offer_meant(self, actor: str, agent: str | None = None) -> OpenOffer | None:
        """The open offer that an answer, a refusal or a miss is about; unnamed, the oldest (O2)."""
        whose = agent or actor
        for offer in self.open_offers:
            if offer.agent == whose or whose in (SYSTEM, UNKNOWN):
                return offer
        return None

    def wrap_up(self, agent: str) -> WrapUp | None:
        """The agent's latest wrap-up, open or not."""
        for wrap_up in reversed(self.wrap_ups):
            if wrap_up.agent == agent:
                return wrap_up
        return None

    def wrap_up_meant(self, agent: str) -> WrapUp | None:
        """The agent's latest wrap-up; for an unknown agent the oldest that is open."""
        if agent == UNKNOWN:
            still_open = [wrap_up for wrap_up in self.wrap_ups if wrap_up.is_open]
            if still_open:
                return min(still_open, key=lambda wrap_up: wrap_up.number)
        return self.wrap_up(agent)

    @property
    def phase(self) -> Phase:
        """Where the call stands; a state, never stored, so it cannot disagree with the rest."""
        if self.version == 0:
            return Phase.NOT_RECEIVED
        if self.ended:
            for wrap_up in self.wrap_ups:
                if wrap_up.is_open:
                    return Phase.ENDED
            return Phase.CLOSED
        if self.customer_left:
            return Phase.WRAP_UP_ASSIST
        if self.conference_number is not None:
            return Phase.CONFERENCE
        if self.consult is not None:
            return Phase.CONSULTING if self.consult.party else Phase.CONSULT_ASKED
        if self.hold_number is not None:
            return Phase.HELD
        return Phase.CONNECTED if self.owner else Phase.QUEUED

    def role_of(self, actor: str) -> Role:
        """What the actor is in the call now (R22, Q21)."""
        if actor == SYSTEM:
            return Role.SYSTEM
        if actor == UNKNOWN:
            return Role.UNKNOWN
        party = self.party(actor)
        if party is not None:
            return party.role
        if self.is_invited(actor):
            return Role.INVITED
        if self.wrap_up(actor) is not None:
            return Role.FORMER_OWNER
        return Role.OUTSIDER

    def is_invited(self, actor: str) -> bool:
        """Whether an offer, a consult or a transfer waits for this actor's answer.

        A queue, an entry point or a dial number is answered by whoever picks up (Q22).
        """
        if actor == CUSTOMER:
            return False
        for offer in self.open_offers:
            if offer.agent == actor:
                return True
        if self.consult is not None and self.consult.party is None:
            if self.consult.target_kind is not TargetKind.AGENT:
                return True
            return self.consult.target == actor
        return self.transfer is not None and self.transfer.receiver in (None, actor)
