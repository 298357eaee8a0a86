"""What an event does to a call. Total: replay never refuses and never fails.

Observations may come in any order and break any rule, so nothing here assumes that an event
fits the state it meets.
"""

from __future__ import annotations

from typing import assert_never, cast

from msgspec.structs import replace

from domain.call import Call, OpenConsult, OpenOffer, OpenTransfer, Party, WrapUp, WrapUpStatus
from domain.events import (
    AnyEvent,
    Event,
    Exited,
    TransferAccepted,
    TransferRequested,
    WrapUpApplied,
    WrapUpExtended,
)
from domain.vocabulary import CUSTOMER, PartyKind, Role


def evolve(call: Call, event: Event) -> Call:
    """Return the call after the event.

    Events are told apart by their type's name: asking for the class costs five times as much.
    """
    happened = cast(AnyEvent, event)
    match happened.type:
        case "call.held.v1":
            return call.one_version_on(hold_number=happened.hold_number, holds=happened.hold_number)
        case "call.resumed.v1":
            return call.one_version_on(hold_number=None)
        case "call.received.v1":
            stay = happened.stay_number
            return call.one_version_on(
                parties=with_party(call, CUSTOMER, PartyKind.CUSTOMER, Role.CUSTOMER, stay),
                stays=max(call.stays, stay),
            )
        case "call.offered.v1":
            return call.one_version_on(
                offer=OpenOffer(happened.offer_number, happened.agent),
                offers=happened.offer_number,
                offered_agents=call.offered_agents | {happened.agent},
            )
        case "call.answered.v1":
            agent, stay = happened.agent, happened.stay_number
            role = Role.OWNER if call.owner is None else Role.MEMBER
            return call.one_version_on(
                offer=None,
                parties=with_party(call, agent, PartyKind.AGENT, role, stay),
                stays=max(call.stays, stay),
            )
        case "call.exited.v1":
            return after_exit(call, happened)
        case "call.ended.v1":
            return call.one_version_on(
                ended=True,
                parties=(),
                offer=None,
                hold_number=None,
                consult=None,
                conference_number=None,
                transfer=None,
            )
        case "call.wrap-up-applied.v1":
            return after_reason(call, happened)
        case "call.consult-started.v1":
            number = happened.consult_number
            return call.one_version_on(
                consult=OpenConsult(number, happened.target_kind, happened.target),
                consults=number,
                hold_number=happened.hold_number or call.hold_number,
                holds=happened.hold_number or call.holds,
            )
        case "call.consult-answered.v1":
            party, kind, stay = happened.party, happened.party_kind, happened.stay_number
            return call.one_version_on(
                consult=call.consult and replace(call.consult, party=party),
                parties=with_party(call, party, kind, Role.CONSULTED, stay),
                stays=max(call.stays, stay),
            )
        case "call.consult-declined.v1" | "call.consult-cancelled.v1" | "call.consult-ended.v1":
            return call.one_version_on(consult=None)
        case "call.conference-started.v1":
            return call.one_version_on(
                conference_number=happened.conference_number,
                conferences=happened.conference_number,
                consult=None,
                hold_number=None,
                parties=with_role(call.parties, happened.party, Role.MEMBER),
            )
        case "call.conference-joined.v1":
            parties = with_role(call.parties, happened.party, Role.MEMBER)
            return call.one_version_on(consult=None, parties=parties)
        case "call.conference-ended.v1":
            return call.one_version_on(conference_number=None)
        case "call.transfer-requested.v1":
            return after_request(call, happened)
        case "call.transfer-accepted.v1":
            return after_acceptance(call, happened)
        case "call.transfer-declined.v1" | "call.transfer-failed.v1" | "call.transfer-withdrawn.v1":
            wrap_ups = without_pending(call, happened.wrap_up_number)
            return call.one_version_on(transfer=None, wrap_ups=wrap_ups)
        case "call.offer-missed.v1" | "call.offer-declined.v1" | "call.abandoned.v1":
            return call.one_version_on(offer=None)
        case "call.wrap-up-extended.v1":
            return after_extension(call, happened)
        case (
            "call.agent-held.v1"
            | "call.conference-failed.v1"
            | "call.corrected.v1"
            | "call.activity-noted.v1"
            | "call.marked-incomplete.v1"
        ):
            return call.one_version_on()
        case unreachable:
            assert_never(unreachable)


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
    for place, party in enumerate(parties):
        if party.id == party_id and party.role is not role and party_id != CUSTOMER:
            return (*parties[:place], replace(party, role=role), *parties[place + 1 :])
    return parties


def with_wrap_up(
    call: Call, number: int | None, agent: str | None, status: WrapUpStatus
) -> tuple[WrapUp, ...]:
    """Open a wrap-up for an agent, in the place of that agent's latest one."""
    if number is None or agent is None:
        return call.wrap_ups
    return with_latest(call, WrapUp(number, agent, status))


def without_pending(call: Call, number: int | None) -> tuple[WrapUp, ...]:
    """Void a wrap-up, and with it a provisional reason (Q17)."""
    return tuple(
        replace(wrap_up, status=WrapUpStatus.VOID, reason_given=False)
        if wrap_up.number == number
        else wrap_up
        for wrap_up in call.wrap_ups
    )


def after_request(call: Call, requested: TransferRequested) -> Call:
    """Open the transfer, and the owner's wrap-up as pending (R10, Q3)."""
    number = requested.wrap_up_number
    return call.one_version_on(
        transfer=OpenTransfer(
            requested.transfer_number,
            requested.kind,
            requested.target_kind,
            requested.receiver,
            number,
        ),
        transfers=requested.transfer_number,
        wrap_ups=with_wrap_up(call, number, requested.wrap_up_agent, WrapUpStatus.PENDING),
        wrap_ups_opened=number or call.wrap_ups_opened,
    )


def after_acceptance(call: Call, accepted: TransferAccepted) -> Call:
    """Hand the call over: the receiver owns it, the former owner's wrap-up is final (T2)."""
    parties = tuple(
        replace(party, role=Role.FORMER_OWNER) if party.role is Role.OWNER else party
        for party in call.parties
    )
    stay = accepted.stay_number
    if stay is not None:
        parties = with_party(
            replace(call, parties=parties),
            accepted.party,
            accepted.party_kind,
            Role.OWNER,
            stay,
        )
    return call.one_version_on(
        transfer=None,
        hold_number=None,
        consult=None,
        parties=with_role(parties, accepted.party, Role.OWNER),
        stays=stay or call.stays,
        wrap_ups=with_final(call, accepted.wrap_up_number, accepted.wrap_up_agent),
        wrap_ups_opened=max(call.wrap_ups_opened, accepted.wrap_up_number or 0),
        transfers=max(call.transfers, accepted.transfer_number or 0),
    )


def with_final(call: Call, number: int | None, agent: str | None) -> tuple[WrapUp, ...]:
    """Make a pending wrap-up final, and its provisional reason with it; or open a new one (Q3)."""
    if all(wrap_up.number != number for wrap_up in call.wrap_ups):
        return with_wrap_up(call, number, agent, WrapUpStatus.OPEN)
    return tuple(
        replace(wrap_up, status=WrapUpStatus.APPLIED if wrap_up.reason_given else WrapUpStatus.OPEN)
        if wrap_up.number == number
        else wrap_up
        for wrap_up in call.wrap_ups
    )


def after_exit(call: Call, exited: Exited) -> Call:
    """Take one party out; the owner afterwards is the one the event names."""
    parties = tuple([party for party in call.parties if party.id != exited.party])
    is_customer = exited.party == CUSTOMER
    return call.one_version_on(
        parties=with_role(parties, exited.owner_after, Role.OWNER),
        exits=exited.exit_number,
        customer_left=is_customer or call.customer_left,
        hold_number=None if is_customer else call.hold_number,
        consult=None if is_customer else call.consult,
        wrap_ups=with_wrap_up(call, exited.wrap_up_number, exited.wrap_up_agent, WrapUpStatus.OPEN),
        wrap_ups_opened=exited.wrap_up_number or call.wrap_ups_opened,
    )


def after_reason(call: Call, applied: WrapUpApplied) -> Call:
    """Note that the reason was given; a provisional one does not close the wrap-up (Q3)."""
    number, agent = applied.wrap_up_number, applied.wrap_up_agent
    known = wrap_up_numbered(call, number, agent)
    given = replace(
        known,
        status=WrapUpStatus.PENDING if applied.provisional else WrapUpStatus.APPLIED,
        reason_given=True,
        applied_version=call.version + 1,
    )
    return call.one_version_on(
        wrap_ups=with_latest(call, given),
        wrap_ups_opened=max(call.wrap_ups_opened, number),
    )


def after_extension(call: Call, extended: WrapUpExtended) -> Call:
    """Count the extension; one that is reported of a wrap-up never seen to open opens it."""
    number, agent = extended.wrap_up_number, extended.wrap_up_agent
    known = wrap_up_numbered(call, number, agent)
    return call.one_version_on(
        wrap_ups=with_latest(call, replace(known, extensions=known.extensions + 1)),
        wrap_ups_opened=max(call.wrap_ups_opened, number),
    )


def wrap_up_numbered(call: Call, number: int, agent: str) -> WrapUp:
    """The agent's wrap-up of this number, opened where it was never seen to open."""
    known = call.wrap_up(agent)
    if known is None or known.number != number:
        return WrapUp(number, agent, WrapUpStatus.OPEN)
    return known


def with_latest(call: Call, latest: WrapUp) -> tuple[WrapUp, ...]:
    """Put an agent's latest wrap-up last; earlier ones stay where a reason can be corrected."""
    others = [
        wrap_up
        for wrap_up in call.wrap_ups
        if wrap_up.number != latest.number
        and (wrap_up.agent != latest.agent or wrap_up.applied_version is not None)
    ]
    return (*others, latest)
