"""What a command makes happen, once it is allowed or has happened anyway.

Total, like `evolve`: an observation may meet any state, so nothing here asks whether it is
allowed. Exits are in `exits.py`.
"""

from __future__ import annotations

from typing import assert_never, cast

from domain import commands, events, exits
from domain.call import WrapUpStatus
from domain.pending_events import PendingEvents
from domain.rule_sets import RuleSet
from domain.vocabulary import (
    CUSTOMER,
    UNKNOWN,
    PartyKind,
    Phase,
    TargetKind,
    TransferKind,
    WrapUpMode,
)


def happen(pending: PendingEvents, command: commands.Command, rules: RuleSet) -> None:
    """Add every event that the command makes happen, in order."""
    call = pending.call
    asked = cast(commands.AnyCommand, command)
    match asked.type:
        case "call.hold.v1":
            if asked.party == CUSTOMER:
                pending.add(events.Held(hold_number=call.hold_number or call.holds + 1))
            else:
                pending.add(events.AgentHeld(party=asked.party))
        case "call.resume.v1":
            pending.add(events.Resumed(hold_number=call.hold_number))
        case "call.receive.v1":
            pending.add(
                events.Received(
                    stay_number=pending.stay_number(CUSTOMER),
                    customer=asked.customer,
                    queue=asked.queue,
                    entry_point=asked.entry_point,
                    channel=asked.channel,
                )
            )
        case "call.offer.v1":
            number = call.offers + 1
            pending.add(events.Offered(offer_number=number, agent=asked.agent, queue=asked.queue))
        case "call.answer.v1":
            answer(pending, asked.actor)
        case "call.abandon.v1" | "call.leave.v1":
            exits.customer_leaves(pending, command)
        case "call.apply-wrap-up.v1":
            apply_reason(pending, asked.actor, asked.reason, WrapUpMode.BY_AGENT, asked.note)
        case "call.apply-default-wrap-up.v1":
            reason = rules.default_reason
            apply_reason(pending, asked.agent, reason, WrapUpMode.AUTO_DEFAULT, None)
        case "call.extend-wrap-up.v1":
            number, agent = pending.wrap_up_of(asked.actor)
            pending.add(events.WrapUpExtended(wrap_up_number=number, wrap_up_agent=agent))
        case "call.start-consult.v1":
            start_consult(pending, asked)
        case "call.answer-consult.v1":
            answer_consult(pending, asked.actor)
        case "call.decline-consult.v1":
            pending.add(events.ConsultDeclined(consult_number=pending.consult_number))
        case "call.cancel-consult.v1":
            pending.add(events.ConsultCancelled(consult_number=pending.consult_number))
        case "call.end-consult.v1":
            exits.consult_ends(pending, command)
        case "call.start-conference.v1":
            start_conference(pending, asked.member)
        case "call.fail-conference.v1":
            pending.add(events.ConferenceFailed(consult_number=pending.consult_number))
        case "call.request-transfer.v1":
            request_transfer(pending, asked)
        case "call.accept-transfer.v1":
            accept_transfer(pending, asked.actor)
        case "call.decline-transfer.v1":
            exits.transfer_declined(pending)
        case "call.fail-transfer.v1":
            exits.transfer_fails(pending, asked.failure)
        case "call.withdraw-transfer.v1":
            exits.transfer_withdrawn(pending)
        case "call.exit.v1":
            exits.party_leaves(pending, command, asked.actor)
        case "call.hang-up.v1":
            exits.device_hangs_up(pending, command)
        case "call.end-conference.v1" | "call.end-call.v1":
            exits.everybody_leaves(pending, command)
        case "call.miss-offer.v1":
            pending.add(events.OfferMissed(offer_number=pending.offer_number))
        case "call.decline-offer.v1":
            pending.add(events.OfferDeclined(offer_number=pending.offer_number))
        case "call.correct.v1":
            correct_event(pending, asked)
        case "call.note-activity.v1":
            pending.add(
                events.ActivityNoted(activity=asked.activity, duration_ms=asked.duration_ms)
            )
        case "call.mark-incomplete.v1":
            pending.add(events.MarkedIncomplete(missing=asked.missing))
        case unreachable:
            assert_never(unreachable)


def answer(pending: PendingEvents, actor: str) -> None:
    """Let the agent in; an unnamed one is whom the call was offered to."""
    offer = pending.call.offer
    agent = offer.agent if actor == UNKNOWN and offer else actor
    pending.add(
        events.Answered(
            offer_number=pending.offer_number, stay_number=pending.stay_number(agent), agent=agent
        )
    )


def start_consult(pending: PendingEvents, command: commands.StartConsult) -> None:
    """Ask for the consult; the customer goes on hold unless held already or in conference (C5)."""
    call = pending.call
    stays_off_hold = call.hold_number is not None or call.conference_number is not None
    is_number = command.target_kind is TargetKind.DIAL_NUMBER
    pending.add(
        events.ConsultStarted(
            consult_number=call.consults + 1,
            hold_number=None if stays_off_hold else call.holds + 1,
            target_kind=command.target_kind,
            target=None if is_number else command.target,
            dial_number=command.target if is_number else None,
        )
    )


def answer_consult(pending: PendingEvents, party: str) -> None:
    """Let the consulted party in; reached at a dial number it is external (Q22)."""
    consult = pending.call.consult
    if party == UNKNOWN and consult is not None and consult.target_kind is TargetKind.AGENT:
        party = consult.target or party
    is_external = consult is not None and consult.target_kind is TargetKind.DIAL_NUMBER
    pending.add(
        events.ConsultAnswered(
            consult_number=pending.consult_number,
            stay_number=pending.stay_number(party),
            party=party,
            party_kind=PartyKind.EXTERNAL if is_external else PartyKind.AGENT,
        )
    )


def start_conference(pending: PendingEvents, member: str | None) -> None:
    """Join the consulted party, ending consult and hold (R4, R5); or add it to the one there is.

    Without a consult, an observation's word for who joined is taken.
    """
    call = pending.call
    party = call.consult.party if call.consult else member
    if call.owner is not None and call.owner.id == party:
        party = None
    members = tuple(one.id for one in call.parties)
    if call.conference_number is not None and party is not None:
        pending.add(
            events.ConferenceJoined(
                conference_number=call.conference_number,
                consult_number=pending.consult_number,
                party=party,
                members=members,
            )
        )
        return
    pending.add(
        events.ConferenceStarted(
            conference_number=call.conferences + 1,
            consult_number=pending.consult_number,
            hold_number=call.hold_number,
            party=party,
            members=members,
        )
    )


def request_transfer(pending: PendingEvents, command: commands.RequestTransfer) -> None:
    """Request the transfer, whose kind follows from the phase; the owner's wrap-up is pending.

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
    elif call.consult is not None and call.consult.party is not None:
        kind = TransferKind.CONSULT
        receiver = call.consult.party
        target_kind = call.consult.target_kind
        target = call.consult.target or receiver
    is_number = target_kind is TargetKind.DIAL_NUMBER and call.party(target) is None
    opening = pending.opening_for_owner()
    pending.add(
        events.TransferRequested(
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


def accept_transfer(pending: PendingEvents, receiver: str) -> None:
    """Hand the call over, then let the former owner go (T2, R11)."""
    call = pending.call
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
        events.TransferAccepted(
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


def apply_reason(
    pending: PendingEvents, agent: str, reason: str, mode: WrapUpMode, note: str | None
) -> None:
    """Give the reason; while the transfer is pending it is provisional (Q3)."""
    number, agent = pending.wrap_up_of(agent)
    wrap_up = pending.call.wrap_up(agent)
    provisional = wrap_up is not None and wrap_up.status is WrapUpStatus.PENDING
    pending.add(
        events.WrapUpApplied(
            wrap_up_number=number,
            wrap_up_agent=agent,
            reason=reason,
            mode=mode,
            provisional=provisional,
            note=note,
        )
    )


def correct_event(pending: PendingEvents, command: commands.Correct) -> None:
    """Refer to the wrong event, with the wrap-up it belongs to when the reason is corrected."""
    numbers = [
        wrap_up.number
        for wrap_up in pending.call.wrap_ups
        if command.reason is not None and wrap_up.applied_version == command.corrected_version
    ]
    pending.add(
        events.Corrected(
            corrected_version=command.corrected_version,
            why=command.why,
            reason=command.reason,
            wrap_up_number=numbers[0] if numbers else None,
        )
    )
