"""What an event does to a call. Total: replay never refuses and never fails.

Observations may come in any order and break any rule, so nothing here assumes that an event
fits the state it meets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never, cast

from domain.call import Call, OpenConsult, OpenOffer, OpenTransfer, Party, WrapUp, WrapUpStatus
from domain.events import (
    Abandoned,
    ActivityNoted,
    AgentHeld,
    Answered,
    AnyEvent,
    ConferenceEnded,
    ConferenceFailed,
    ConferenceJoined,
    ConferenceStarted,
    ConsultAnswered,
    ConsultCancelled,
    ConsultDeclined,
    ConsultEnded,
    ConsultStarted,
    Corrected,
    Ended,
    Event,
    Exited,
    Held,
    MarkedIncomplete,
    OfferDeclined,
    Offered,
    OfferMissed,
    Received,
    Resumed,
    TransferAccepted,
    TransferDeclined,
    TransferFailed,
    TransferRequested,
    TransferWithdrawn,
    WrapUpApplied,
    WrapUpExtended,
)
from domain.vocabulary import CUSTOMER, PartyKind, Role


def evolve(call: Call, event: Event) -> Call:
    """Return the call after the event."""
    match cast(AnyEvent, event):
        case Received() as received:
            return after(
                call,
                queued=received.queue is not None,
                parties=with_party(
                    call, CUSTOMER, PartyKind.CUSTOMER, Role.CUSTOMER, received.stay_number
                ),
                stays=max(call.stays, received.stay_number),
            )
        case Offered(offer_number=number, agent=agent):
            return after(
                call,
                offer=OpenOffer(number, agent),
                offers=number,
                offered_agents=call.offered_agents | {agent},
            )
        case OfferMissed() | OfferDeclined():
            return after(call, offer=None)
        case Answered(agent=agent, stay_number=stay):
            role = Role.OWNER if call.owner is None else Role.MEMBER
            return after(
                call,
                offer=None,
                parties=with_party(call, agent, PartyKind.AGENT, role, stay),
                stays=max(call.stays, stay),
            )
        case Abandoned():
            return after(call, offer=None)
        case Held(hold_number=number):
            return after(call, hold_number=number, holds=number)
        case Resumed():
            return after(call, hold_number=None)
        case ConsultStarted() as started:
            return after(
                call,
                consult=OpenConsult(started.consult_number, started.target_kind, started.target),
                consults=started.consult_number,
                hold_number=started.hold_number or call.hold_number,
                holds=started.hold_number or call.holds,
            )
        case ConsultAnswered(party=party, party_kind=kind, stay_number=stay):
            return after(
                call,
                consult=call.consult and replace(call.consult, party=party),
                parties=with_party(call, party, kind, Role.CONSULTED, stay),
                stays=max(call.stays, stay),
            )
        case ConsultDeclined() | ConsultCancelled() | ConsultEnded():
            return after(call, consult=None)
        case ConferenceStarted(conference_number=number, party=member):
            return after(
                call,
                conference_number=number,
                conferences=number,
                consult=None,
                hold_number=None,
                parties=with_role(call.parties, member, Role.MEMBER),
            )
        case ConferenceJoined(party=member):
            return after(
                call,
                consult=None,
                parties=with_role(call.parties, member, Role.MEMBER),
            )
        case ConferenceEnded():
            return after(call, conference_number=None)
        case TransferRequested() as requested:
            return after(
                call,
                transfer=OpenTransfer(
                    requested.transfer_number,
                    requested.kind,
                    requested.target_kind,
                    requested.receiver,
                    requested.wrap_up_number,
                ),
                transfers=requested.transfer_number,
                wrap_ups=with_wrap_up(
                    call, requested.wrap_up_number, requested.wrap_up_agent, WrapUpStatus.PENDING
                ),
                wrap_ups_opened=requested.wrap_up_number or call.wrap_ups_opened,
            )
        case TransferAccepted() as accepted:
            return after_acceptance(after(call), accepted)
        case TransferDeclined() | TransferFailed() | TransferWithdrawn() as fallen:
            return after(
                call,
                transfer=None,
                wrap_ups=without_pending(call, fallen.wrap_up_number),
            )
        case Exited() as exited:
            return after_exit(after(call), exited)
        case Ended():
            return after(
                call,
                ended=True,
                parties=(),
                offer=None,
                hold_number=None,
                consult=None,
                conference_number=None,
                transfer=None,
            )
        case WrapUpApplied() as applied:
            return after_reason(after(call), applied)
        case WrapUpExtended() as extended:
            return after_extension(after(call), extended)
        case AgentHeld() | ConferenceFailed() | Corrected() | ActivityNoted() | MarkedIncomplete():
            return after(call)
        case unreachable:
            assert_never(unreachable)


def after(call: Call, **changes: Any) -> Call:
    """Return the call one version on, with these changes."""
    return call.changed(version=call.version + 1, received=True, **changes)


def with_party(
    call: Call, party_id: str, kind: PartyKind, role: Role, stay_number: int
) -> tuple[Party, ...]:
    """Add a party, unless it is in the call already or the call has ended."""
    if call.ended or call.party(party_id) is not None:
        return call.parties
    if party_id == CUSTOMER:
        kind, role = PartyKind.CUSTOMER, Role.CUSTOMER
    return (*call.parties, Party(party_id, kind, role, stay_number))


def with_role(parties: tuple[Party, ...], party_id: str | None, role: Role) -> tuple[Party, ...]:
    """Give one of the parties another role; the customer is always the customer."""
    if party_id is None or party_id == CUSTOMER:
        return parties
    return tuple(replace(party, role=role) if party.id == party_id else party for party in parties)


def with_wrap_up(
    call: Call, number: int | None, agent: str | None, status: WrapUpStatus
) -> tuple[WrapUp, ...]:
    """Open a wrap-up for an agent, in the place of that agent's latest one."""
    if number is None or agent is None:
        return call.wrap_ups
    others = tuple(wrap_up for wrap_up in call.wrap_ups if wrap_up.agent != agent)
    return (*others, WrapUp(number, agent, status))


def without_pending(call: Call, number: int | None) -> tuple[WrapUp, ...]:
    """Void a wrap-up, and with it a provisional reason (Q17)."""
    return tuple(
        replace(wrap_up, status=WrapUpStatus.VOID, reason_given=False)
        if wrap_up.number == number
        else wrap_up
        for wrap_up in call.wrap_ups
    )


def after_acceptance(call: Call, accepted: TransferAccepted) -> Call:
    """Hand the call over: the receiver owns it, the former owner's wrap-up is final (T2)."""
    if call.wrap_up(accepted.wrap_up_agent or "") is None or accepted.wrap_up_number is None:
        wrap_ups = with_wrap_up(
            call, accepted.wrap_up_number, accepted.wrap_up_agent, WrapUpStatus.OPEN
        )
    else:
        wrap_ups = tuple(
            replace(
                wrap_up,
                status=WrapUpStatus.APPLIED if wrap_up.reason_given else WrapUpStatus.OPEN,
            )
            if wrap_up.number == accepted.wrap_up_number
            else wrap_up
            for wrap_up in call.wrap_ups
        )
    parties = tuple(
        replace(party, role=Role.FORMER_OWNER) if party.role is Role.OWNER else party
        for party in call.parties
    )
    stay = accepted.stay_number
    if stay is not None:
        call = call.changed(stays=stay)
        parties = with_party(
            call.changed(parties=parties), accepted.party, accepted.party_kind, Role.OWNER, stay
        )
    return call.changed(
        transfer=None,
        hold_number=None,
        consult=None,
        parties=with_role(parties, accepted.party, Role.OWNER),
        wrap_ups=wrap_ups,
        wrap_ups_opened=max(call.wrap_ups_opened, accepted.wrap_up_number or 0),
        transfers=max(call.transfers, accepted.transfer_number or 0),
    )


def after_exit(call: Call, exited: Exited) -> Call:
    """Take one party out; the owner afterwards is the one the event names."""
    parties = tuple(party for party in call.parties if party.id != exited.party)
    parties = with_role(parties, exited.owner_after, Role.OWNER)
    if exited.party != CUSTOMER:
        return call.changed(
            parties=parties,
            exits=exited.exit_number,
            wrap_ups=with_wrap_up(
                call, exited.wrap_up_number, exited.wrap_up_agent, WrapUpStatus.OPEN
            ),
            wrap_ups_opened=exited.wrap_up_number or call.wrap_ups_opened,
        )
    return call.changed(
        parties=parties,
        exits=exited.exit_number,
        customer_left=True,
        hold_number=None,
        consult=None,
        wrap_ups=with_wrap_up(call, exited.wrap_up_number, exited.wrap_up_agent, WrapUpStatus.OPEN),
        wrap_ups_opened=exited.wrap_up_number or call.wrap_ups_opened,
    )


def after_reason(call: Call, applied: WrapUpApplied) -> Call:
    """Note that the reason was given; a provisional one does not close the wrap-up (Q3)."""
    status = WrapUpStatus.PENDING if applied.provisional else WrapUpStatus.APPLIED
    known = call.wrap_up(applied.wrap_up_agent)
    if known is None or known.number != applied.wrap_up_number:
        known = WrapUp(applied.wrap_up_number, applied.wrap_up_agent, status)
    wrap_up = replace(
        known,
        status=status,
        reason_given=True,
        applied_version=call.version,
    )
    others = tuple(other for other in call.wrap_ups if other.agent != applied.wrap_up_agent)
    return call.changed(
        wrap_ups=(*others, wrap_up),
        wrap_ups_opened=max(call.wrap_ups_opened, applied.wrap_up_number),
    )


def after_extension(call: Call, extended: WrapUpExtended) -> Call:
    """Count the extension; one that is reported of a wrap-up never seen to open opens it."""
    number, agent = extended.wrap_up_number, extended.wrap_up_agent
    known = call.wrap_up(agent)
    if known is None or known.number != number:
        known = WrapUp(number, agent, WrapUpStatus.OPEN)
    others = tuple(other for other in call.wrap_ups if other.agent != agent)
    return call.changed(
        wrap_ups=(*others, replace(known, extensions=known.extensions + 1)),
        wrap_ups_opened=max(call.wrap_ups_opened, number),
    )
