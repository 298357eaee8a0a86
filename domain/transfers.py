"""How a call changes hands: by request and acceptance, or into a queue at once (T1, Q3, Q24)."""

from __future__ import annotations

from domain import exits
from domain.commands import RequestTransfer
from domain.events import ConsultCancelled, TransferAccepted, TransferredToQueue, TransferRequested
from domain.offers import answer
from domain.pending_events import PendingEvents
from domain.vocabulary import (
    UNKNOWN,
    EndedBy,
    OfferOutcome,
    PartyKind,
    Phase,
    TargetKind,
    TransferKind,
)


def request_transfer(pending: PendingEvents, command: RequestTransfer) -> None:
    """Request the transfer, whose kind follows from the phase; the owner's wrap-up is pending.

    A conference goes to a member, whatever the request calls it; one that is observed to go to a
    queue is received by whoever picks up.

    A further request, which only an observation can bring, takes the place of the open one.
    """
    if pending.call.transfer is not None:
        exits.transfer_withdrawn(pending)
    call = pending.call
    kind, target_kind = TransferKind.BLIND, command.target_kind or TargetKind.AGENT
    target: str | None = command.target
    receiver = target if target_kind is TargetKind.AGENT else None
    if call.conference_number is not None:
        kind = TransferKind.CONFERENCE
        others = [party.id for party in call.agents if party is not call.owner]
        receiver = target or (others[0] if others else None)
        target = receiver
        party = call.party(receiver)
        if party is not None:
            is_external = party.kind is PartyKind.EXTERNAL
            target_kind = TargetKind.DIAL_NUMBER if is_external else TargetKind.AGENT
        elif target_kind is not TargetKind.AGENT:
            receiver = None
    elif call.consult is not None and call.consult.party is not None:
        kind = TransferKind.CONSULT
        receiver = call.consult.party
        target_kind = call.consult.target_kind
        target = call.consult.target or receiver
    is_number = target_kind is TargetKind.DIAL_NUMBER and call.party(target) is None
    opening = pending.opening_for_owner()
    pending.add(
        TransferRequested(
            transfer_number=call.transfers + 1,
            kind=kind,
            target_kind=target_kind,
            target=None if is_number else target,
            dial_number=target if is_number else None,
            receiver=None if is_number else receiver,
            wrap_up_number=opening.number,
            wrap_up_agent=opening.agent,
            consult_number=pending.consult_number,
            conference_number=call.conference_number,
        )
    )
    if kind is TransferKind.BLIND and target_kind in (TargetKind.QUEUE, TargetKind.ENTRY_POINT):
        return_to_queue(pending, target_kind, target)


def return_to_queue(pending: PendingEvents, target_kind: TargetKind, target: str | None) -> None:
    """The transfer has taken effect: the owner leaves, and the call waits again (Q24)."""
    call = pending.call
    transfer, owner, consult = call.transfer, call.owner, call.consult
    wrap_up_number = transfer.wrap_up_number if transfer else None
    if consult is not None and consult.party is None:
        pending.add(ConsultCancelled(consult_number=consult.number))
    pending.close_offers(OfferOutcome.TRANSFERRED)
    pending.add(
        TransferredToQueue(
            transfer_number=transfer.number if transfer else call.transfers,
            queue_entry_number=call.queue_entries + 1,
            queue=target if target_kind is TargetKind.QUEUE else None,
            entry_point=target if target_kind is TargetKind.ENTRY_POINT else None,
            hold_number=call.hold_number,
            wrap_up_number=wrap_up_number,
            wrap_up_agent=owner.id if owner and wrap_up_number else None,
        )
    )
    if owner is not None:
        exits.former_owner_leaves(pending, owner)
        exits.last_agent_leaves(pending, owner.id, EndedBy.AGENT)


def accept_transfer(pending: PendingEvents, receiver: str) -> None:
    """Hand the call over, then let the former owner go (T2, R11).

    Of a call that waits in the queue it was transferred to, an acceptance is the answer (Q24).
    """
    call = pending.call
    if call.transfer is None and call.queue_transfer_number is not None:
        answer(pending, receiver)
        return
    transfer, owner = call.transfer, call.owner
    if receiver == UNKNOWN and transfer is not None:
        receiver = transfer.receiver or receiver
    known = call.party(receiver)
    if transfer is not None:
        kind = transfer.kind
        number = transfer.wrap_up_number
        agent = owner.id if owner and number else None
        is_external = transfer.target_kind is TargetKind.DIAL_NUMBER
    else:
        kinds = {
            Phase.CONFERENCE: TransferKind.CONFERENCE,
            Phase.CONSULTING: TransferKind.CONSULT,
        }
        kind = kinds.get(call.phase, TransferKind.BLIND)
        opening = pending.opening_for_owner()
        number, agent = opening.number, opening.agent
        is_external = False
    if known is not None:
        is_external = known.kind is PartyKind.EXTERNAL
    pending.add(
        TransferAccepted(
            transfer_number=transfer.number if transfer else call.transfers + 1,
            kind=kind,
            party=receiver,
            party_kind=PartyKind.EXTERNAL if is_external else PartyKind.AGENT,
            stay_number=None if known else call.stays + 1,
            hold_number=call.hold_number,
            consult_number=pending.consult_number,
            wrap_up_number=number,
            wrap_up_agent=agent,
        )
    )
    if owner is not None and owner.id != receiver:
        exits.former_owner_leaves(pending, owner)
