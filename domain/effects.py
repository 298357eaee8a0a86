"""What a command makes happen, once it is allowed or has happened anyway.

Total, like `evolve`: an observation may meet any state, so nothing here asks whether it is
allowed. Offers, transfers and exits are in `offers.py`, `transfers.py` and `exits.py`.
"""

from __future__ import annotations

from typing import assert_never, cast

from domain import commands, events, exits, offers, transfers
from domain.call import WrapUpStatus
from domain.pending_events import PendingEvents
from domain.rule_sets import RuleSet
from domain.vocabulary import (
    CUSTOMER,
    UNKNOWN,
    PartyKind,
    TargetKind,
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
            pending.add(
                events.Offered(
                    offer_number=call.offers + 1,
                    agent=asked.agent,
                    queue=asked.queue,
                    queue_entry_number=pending.queue_entry_number,
                )
            )
        case "call.answer.v1":
            offers.answer(pending, asked.actor)
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
            exits.consult_declined(pending, command)
        case "call.cancel-consult.v1":
            exits.consult_cancelled(pending, command)
        case "call.end-consult.v1":
            exits.consult_ends(pending, command)
        case "call.start-conference.v1":
            start_conference(pending, asked.member)
        case "call.fail-conference.v1":
            pending.add(events.ConferenceFailed(consult_number=pending.consult_number))
        case "call.request-transfer.v1":
            transfers.request_transfer(pending, asked)
        case "call.accept-transfer.v1":
            transfers.accept_transfer(pending, asked.actor)
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
            offer = offers.offer_told_of(call, asked.actor, asked.agent)
            pending.add(events.OfferMissed(offer_number=offer.number, agent=offer.agent))
        case "call.decline-offer.v1":
            offer = offers.offer_told_of(call, asked.actor, asked.agent)
            pending.add(events.OfferDeclined(offer_number=offer.number, agent=offer.agent))
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


def start_consult(pending: PendingEvents, command: commands.StartConsult) -> None:
    """Ask for the consult; the customer goes on hold unless held already or in conference (C5).

    A further consult, which only an observation can bring, takes the place of the one under way.
    """
    exits.consult_is_over(pending)
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
    members = tuple(party.id for party in call.parties)
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
