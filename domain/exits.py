"""Who leaves, in which order, and what falls with them (Q1, Q8, Q9, Q14 to Q16, Q19)."""

from __future__ import annotations

from domain.call import Party
from domain.commands import Command, HangUp
from domain.events import (
    Abandoned,
    ConferenceEnded,
    ConsultCancelled,
    ConsultDeclined,
    ConsultEnded,
    Ended,
    Exited,
    TransferDeclined,
    TransferFailed,
    TransferWithdrawn,
)
from domain.pending_events import NO_OPENING, Opening, PendingEvents
from domain.vocabulary import (
    CUSTOMER,
    SYSTEM,
    UNKNOWN,
    Cause,
    EndedBy,
    ExitReason,
    OfferOutcome,
    PartyKind,
    Phase,
    Role,
    TransferFailure,
    Via,
)


def exit_of(
    pending: PendingEvents,
    party: Party,
    initiated_by: str,
    reason: ExitReason,
    conference_number: int | None,
    opening: Opening = NO_OPENING,
    owner_after: str | None = None,
    role: Role | None = None,
) -> None:
    """Add one party's exit, with what was known at that moment."""
    call = pending.call
    is_customer = party.kind is PartyKind.CUSTOMER
    owner = call.owner
    if owner_after is None and owner is not None and owner.id != party.id:
        owner_after = owner.id
    pending.add(
        Exited(
            exit_number=call.exits + 1,
            stay_number=party.stay_number or None,
            party=party.id,
            party_kind=party.kind,
            party_role=role or party.role,
            initiated_by=initiated_by,
            reason=reason,
            stayed=tuple([other.id for other in call.parties if other.id != party.id]),
            owner_after=owner_after,
            conference_number=None if party.role is Role.CONSULTED else conference_number,
            hold_number=call.hold_number if is_customer else None,
            consult_number=pending.consult_number if is_customer else None,
            wrap_up_number=opening.number,
            wrap_up_agent=opening.agent,
        )
    )


def transfer_fails(pending: PendingEvents, failure: TransferFailure) -> None:
    """Fail the open transfer; its pending wrap-up is void."""
    number, wrap_up_number = pending.transfer_numbers
    pending.add(
        TransferFailed(transfer_number=number, wrap_up_number=wrap_up_number, failure=failure)
    )


def transfer_declined(pending: PendingEvents) -> None:
    """Decline the open transfer; its pending wrap-up is void."""
    number, wrap_up_number = pending.transfer_numbers
    pending.add(TransferDeclined(transfer_number=number, wrap_up_number=wrap_up_number))


def transfer_withdrawn(pending: PendingEvents) -> None:
    """Take the open transfer back; its pending wrap-up is void."""
    number, wrap_up_number = pending.transfer_numbers
    pending.add(TransferWithdrawn(transfer_number=number, wrap_up_number=wrap_up_number))


def conference_ends_below_two_agents(pending: PendingEvents, cause: Cause) -> None:
    """End the conference when fewer than two agents, or no customer, are left in it."""
    call = pending.call
    if call.conference_number is None:
        return
    talking = [agent for agent in call.agents if agent.role is not Role.CONSULTED]
    if len(talking) < 2 or call.customer is None:
        pending.add(ConferenceEnded(conference_number=call.conference_number, cause=cause))


def customer_leaves(pending: PendingEvents, command: Command) -> None:
    """The customer is gone: the owner's wrap-up opens, two agents can go on (R18, R19, Q1)."""
    call = pending.call
    customer = call.customer or Party(CUSTOMER, PartyKind.CUSTOMER, Role.CUSTOMER, 0)
    initiator = CUSTOMER if command.actor in (CUSTOMER, UNKNOWN) else command.actor
    waited = call.stays <= 1 or call.queue_transfer_number is not None
    if call.phase is Phase.QUEUED and waited:
        offer = pending.oldest_offer
        pending.close_offers(OfferOutcome.ABANDONED, but=offer)
        pending.add(
            Abandoned(
                offer_number=offer.number if offer else None,
                queue_entry_number=pending.queue_entry_number,
            )
        )
    if call.transfer is not None:
        transfer_fails(pending, TransferFailure.CUSTOMER_LEFT)
    if call.consult is not None and call.consult.party is None:
        pending.add(ConsultCancelled(consult_number=call.consult.number))
    conference_number = pending.call.conference_number
    opening = pending.opening_for_owner()
    exit_of(pending, customer, initiator, ExitReason.CUSTOMER_LEFT, conference_number, opening)
    conference_ends_below_two_agents(pending, Cause.CUSTOMER_LEFT)
    last_agent_leaves(pending, CUSTOMER, EndedBy.CUSTOMER)


def last_agent_leaves(pending: PendingEvents, initiated_by: str, ended_by: EndedBy) -> None:
    """Once the customer has left, the call is over when at most one agent is left (Q1)."""
    call = pending.call
    if not call.customer_left or len(call.agents) > 1 or call.ended:
        return
    for agent in call.agents:
        exit_of(pending, agent, initiated_by, ExitReason.DROPPED_BY_END, call.conference_number)
    call_ends(pending, ended_by)


def call_ends(pending: PendingEvents, ended_by: EndedBy) -> None:
    """The call is over, and so is every offer of it."""
    offer = pending.oldest_offer
    pending.close_offers(OfferOutcome.CALL_ENDED, but=offer)
    pending.add(Ended(ended_by=ended_by, offer_number=offer.number if offer else None))


def party_leaves(pending: PendingEvents, command: Command, party_id: str) -> None:
    """One party but the customer leaves and the others go on (R13, Q6, Q12, Q14)."""
    call = pending.call
    if party_id == CUSTOMER:
        customer_leaves(pending, command)
        return
    party = call.party(party_id) or Party(party_id, PartyKind.AGENT, Role.UNKNOWN, 0)
    is_owner = party.role is Role.OWNER
    if call.transfer is not None and (is_owner or call.transfer.receiver == party_id):
        if is_owner:
            transfer_withdrawn(pending)
        else:
            transfer_fails(pending, TransferFailure.RECEIVER_LEFT)
    if call.consult is not None:
        if call.consult.party == party_id:
            pending.add(ConsultEnded(consult_number=call.consult.number))
        elif is_owner:
            consult_ends(pending, command)
    opening, owner_after = NO_OPENING, None
    if is_owner:
        opening = pending.opening_for_owner()
        heirs = [other for other in pending.call.agents if other.id != party_id]
        heirs.sort(key=lambda heir: heir.kind is not PartyKind.AGENT)
        owner_after = heirs[0].id if heirs else None
    reason = ExitReason.HUNG_UP if hung_up(command) else ExitReason.EXITED
    number = pending.call.conference_number
    exit_of(pending, party, command.actor, reason, number, opening, owner_after)
    cause = Cause.OWNER_LEFT if is_owner else Cause.MEMBER_LEFT
    conference_ends_below_two_agents(pending, cause)
    last_agent_leaves(pending, command.actor, EndedBy.AGENT)


def device_hangs_up(pending: PendingEvents, command: Command) -> None:
    """The owner's device ends the call for all (R17); any other's is that party's exit (Q12)."""
    owner = pending.call.owner
    if owner is not None and owner.id == command.actor != CUSTOMER:
        everybody_leaves(pending, command)
    else:
        party_leaves(pending, command, command.actor)


def hung_up(command: Command) -> bool:
    """Whether the command was a device hanging up, by its name or by what it came through."""
    return isinstance(command, HangUp) or command.via is Via.DEVICE


def consult_is_over(pending: PendingEvents) -> None:
    """Close the consult under way, if there is one: asked, it is cancelled; answered, it ends."""
    consult = pending.call.consult
    if consult is not None and consult.party is None:
        pending.add(ConsultCancelled(consult_number=consult.number))
    elif consult is not None:
        pending.add(ConsultEnded(consult_number=consult.number))


def consult_ends(pending: PendingEvents, command: Command) -> None:
    """The owner ends the consult: asked, it is cancelled; answered, its party is dropped."""
    call = pending.call
    consult = call.consult
    if consult is not None and consult.party is None:
        pending.add(ConsultCancelled(consult_number=consult.number))
        return
    if call.transfer is not None and consult is not None and call.conference_number is None:
        transfer_withdrawn(pending)
    pending.add(ConsultEnded(consult_number=consult.number if consult else None))
    party = pending.call.party(consult.party) if consult else None
    if party is not None:
        exit_of(pending, party, command.actor, ExitReason.DROPPED_BY_OWNER, None)


def consult_cancelled(pending: PendingEvents, command: Command) -> None:
    """The owner cancels it; where an observation says so after its answer, it has ended (C6)."""
    consult = pending.call.consult
    if consult is not None and consult.party is not None:
        consult_ends(pending, command)
    else:
        pending.add(ConsultCancelled(consult_number=pending.consult_number))


def consult_declined(pending: PendingEvents, command: Command) -> None:
    """Who was asked declines; where an observation says so after its answer, it has left (C6)."""
    consult = pending.call.consult
    if consult is not None and consult.party is not None:
        party_leaves(pending, command, consult.party)
    else:
        pending.add(ConsultDeclined(consult_number=pending.consult_number))


def former_owner_leaves(pending: PendingEvents, owner: Party) -> None:
    """The transfer is accepted: the former owner is out, as owner, by its own request."""
    exit_of(
        pending,
        owner,
        owner.id,
        ExitReason.TRANSFERRED,
        pending.call.conference_number,
        role=Role.OWNER,
    )
    conference_ends_below_two_agents(pending, Cause.TRANSFERRED)


def everybody_leaves(pending: PendingEvents, command: Command) -> None:
    """The call ends for all (R16, R17, Q16): who ends it exits first, the others are dropped."""
    call, actor = pending.call, command.actor
    ended_by, cause, own, dropped = ending(command)
    if call.transfer is not None:
        if actor == SYSTEM:
            transfer_fails(pending, TransferFailure.UNKNOWN)
        else:
            transfer_withdrawn(pending)
    consult_is_over(pending)
    conference_number = pending.call.conference_number
    if conference_number is not None:
        pending.add(ConferenceEnded(conference_number=conference_number, cause=cause))
    opening_for_owner = pending.opening_for_owner()
    for party in sorted(pending.call.parties, key=lambda party: party.id != actor):
        opening = opening_for_owner if party.role is Role.OWNER else NO_OPENING
        reason = own if party.id == actor else dropped
        exit_of(pending, party, actor, reason, conference_number, opening)
    call_ends(pending, ended_by)


def ending(command: Command) -> tuple[EndedBy, Cause, ExitReason, ExitReason]:
    """Who ended it, why a conference ends, and the reasons of the ender's and the others' exits."""
    match command.actor:
        case "system":
            return EndedBy.SYSTEM, Cause.FAILED, ExitReason.FAILED, ExitReason.FAILED
        case "unknown":
            return EndedBy.UNKNOWN, Cause.ENDED_BY_OWNER, ExitReason.UNKNOWN, ExitReason.UNKNOWN
        case "customer":
            reason = ExitReason.DROPPED_BY_END
            return EndedBy.CUSTOMER, Cause.CUSTOMER_LEFT, ExitReason.CUSTOMER_LEFT, reason
        case _:
            reason = ExitReason.HUNG_UP if hung_up(command) else ExitReason.EXITED
            return EndedBy.AGENT, Cause.ENDED_BY_OWNER, reason, ExitReason.DROPPED_BY_END
