"""What an event does to a call. Total: replay never refuses and never fails.

Observations may come in any order and break any rule, so nothing here assumes that an event
fits the state it meets.
"""

from __future__ import annotations

from functools import cache
from typing import Final, assert_never, cast

from msgspec.structs import replace

from domain.call import (
    Call,
    OpenConsult,
    OpenOffer,
    OpenTransfer,
    Party,
    ToldFact,
    WrapUpStatus,
)
from domain.event import Event
from domain.events import (
    Answered,
    AnyEvent,
    Exited,
    Offered,
    TransferAccepted,
    TransferredToQueue,
    TransferRequested,
)
from domain.vocabulary import CUSTOMER, PartyKind, Role
from domain.wrap_ups import (
    after_extension,
    after_reason,
    with_final,
    with_wrap_up,
    without_pending,
)


def evolve(call: Call, event: Event) -> Call:
    """Return the call after the event, and remember the fact that it told, if it told one."""
    after = call_after(call, event)
    if event.fact is None:
        return after
    thing, number = thing_of(event)
    told = ToldFact(after.version, thing, number)
    return replace(after, facts={**call.facts, event.fact: told})


def call_after(call: Call, event: Event) -> Call:
    """Return the call after the event.

    Events are told apart by their type's name, because asking for the class costs five times as
    much; and each place names the fields to `replace` itself, because a function in between does.
    """
    happened = cast(AnyEvent, event)
    match happened.type:
        case "call.held.v1":
            return replace(
                call,
                version=call.version + 1,
                hold_number=happened.hold_number,
                holds=happened.hold_number,
            )
        case "call.resumed.v1":
            return replace(call, version=call.version + 1, hold_number=None)
        case "call.received.v1":
            stay = happened.stay_number
            return replace(
                call,
                version=call.version + 1,
                parties=with_party(call, CUSTOMER, PartyKind.CUSTOMER, Role.CUSTOMER, stay),
                stays=max(call.stays, stay),
                latest_numbers=call.with_latest("stay", CUSTOMER, stay),
            )
        case "call.offered.v1":
            return after_offer(call, happened)
        case "call.answered.v1":
            return after_answer(call, happened)
        case "call.offer-missed.v1" | "call.offer-declined.v1" | "call.offer-closed.v1":
            number = happened.offer_number
            return replace(
                call,
                version=call.version + 1,
                open_offers=without_offer(call, number),
                latest_numbers=call.with_latest(happened.type, str(number), number),
            )
        case "call.exited.v1":
            return after_exit(call, happened)
        case "call.ended.v1":
            return replace(
                call,
                version=call.version + 1,
                ended=True,
                parties=(),
                open_offers=(),
                queue_transfer_number=None,
                hold_number=None,
                consult=None,
                conference_number=None,
                transfer=None,
            )
        case "call.wrap-up-applied.v1":
            return after_reason(call, happened)
        case "call.consult-started.v1":
            number = happened.consult_number
            return replace(
                call,
                version=call.version + 1,
                consult=OpenConsult(number, happened.target_kind, happened.target),
                consults=number,
                hold_number=happened.hold_number or call.hold_number,
                holds=happened.hold_number or call.holds,
                latest_numbers=call.with_latest("consult", happened.target, number),
            )
        case "call.consult-answered.v1":
            party, kind, stay = happened.party, happened.party_kind, happened.stay_number
            return replace(
                call,
                version=call.version + 1,
                consult=call.consult and replace(call.consult, party=party),
                parties=with_party(call, party, kind, Role.CONSULTED, stay),
                stays=max(call.stays, stay),
                latest_numbers=call.with_latest("stay", party, stay),
            )
        case "call.consult-declined.v1" | "call.consult-cancelled.v1" | "call.consult-ended.v1":
            return replace(call, version=call.version + 1, consult=None)
        case "call.conference-started.v1":
            return replace(
                call,
                version=call.version + 1,
                conference_number=happened.conference_number,
                conferences=happened.conference_number,
                consult=None,
                hold_number=None,
                parties=with_role(call.parties, happened.party, Role.MEMBER),
            )
        case "call.conference-joined.v1":
            parties = with_role(call.parties, happened.party, Role.MEMBER)
            return replace(call, version=call.version + 1, consult=None, parties=parties)
        case "call.conference-ended.v1":
            return replace(call, version=call.version + 1, conference_number=None)
        case "call.transfer-requested.v1":
            return after_request(call, happened)
        case "call.transfer-accepted.v1":
            return after_acceptance(call, happened)
        case "call.transfer-declined.v1" | "call.transfer-failed.v1" | "call.transfer-withdrawn.v1":
            return replace(
                call,
                version=call.version + 1,
                transfer=None,
                wrap_ups=without_pending(call, happened.wrap_up_number),
                latest_numbers=call.with_latest(happened.type, "", happened.transfer_number),
            )
        case "call.transferred-to-queue.v1":
            return after_return_to_queue(call, happened)
        case "call.abandoned.v1":
            return replace(call, version=call.version + 1, open_offers=())
        case "call.wrap-up-extended.v1":
            return after_extension(call, happened)
        case (
            "call.agent-held.v1"
            | "call.conference-failed.v1"
            | "call.corrected.v1"
            | "call.activity-noted.v1"
            | "call.marked-incomplete.v1"
            | "call.observation-repeated.v1"
        ):
            return replace(call, version=call.version + 1)
        case unreachable:
            assert_never(unreachable)


THINGS: Final = (
    *("hold_number", "exit_number", "transfer_number", "wrap_up_number", "consult_number"),
    *("conference_number", "stay_number", "offer_number"),
)
"""The numbers of what an event can be about; of several, what opens before what is touched."""


@cache
def numbers_of(event_class: type[Event]) -> tuple[str, ...]:
    """The numbers that events of a class have, what they are about first."""
    return tuple(name for name in THINGS if name in event_class.__struct_fields__)


def thing_of(event: Event) -> tuple[str | None, int | None]:
    """What the event is about, and its number: `hold`, 1."""
    for name in numbers_of(type(event)):
        number = getattr(event, name)
        if number is not None:
            return name.removesuffix("_number"), number
    return None, None


def after_offer(call: Call, offered: Offered) -> Call:
    """Let the agent be offered the call; once somebody owns it, or it is over, nobody waits."""
    offer = OpenOffer(offered.offer_number, offered.agent)
    waits = call.owner is None and not call.ended
    return replace(
        call,
        version=call.version + 1,
        open_offers=(*call.open_offers, offer) if waits else call.open_offers,
        offers=offered.offer_number,
        offered_agents=call.offered_agents | {offered.agent},
        latest_numbers=call.with_latest("offer", offered.agent, offered.offer_number),
    )


def without_offer(call: Call, number: int | None) -> tuple[OpenOffer, ...]:
    """The open offers but this one."""
    return tuple([offer for offer in call.open_offers if offer.number != number])


def after_answer(call: Call, answered: Answered) -> Call:
    """Let the agent in, who owns the call if nobody does; no other offer is open after it (O2)."""
    agent, stay = answered.agent, answered.stay_number
    role = Role.OWNER if call.owner is None else Role.MEMBER
    latest = call.with_latest("stay", agent, stay)
    if answered.transfer_number is not None:
        latest = {**latest, f"acceptance {agent}": answered.transfer_number}
    return replace(
        call,
        version=call.version + 1,
        open_offers=(),
        queue_transfer_number=None,
        parties=with_party(call, agent, PartyKind.AGENT, role, stay),
        stays=max(call.stays, stay),
        latest_numbers=latest,
    )


def after_return_to_queue(call: Call, transferred: TransferredToQueue) -> Call:
    """Let the call wait again: a new queue entry, in which everybody may be offered it (Q24)."""
    number = transferred.transfer_number
    return replace(
        call,
        version=call.version + 1,
        transfer=None,
        hold_number=None,
        consult=None,
        open_offers=(),
        offered_agents=frozenset(),
        queue_entries=transferred.queue_entry_number,
        queue_transfer_number=None if call.ended or call.customer_left else number,
        wrap_ups=with_final(call, transferred.wrap_up_number, transferred.wrap_up_agent),
        wrap_ups_opened=max(call.wrap_ups_opened, transferred.wrap_up_number or 0),
        transfers=max(call.transfers, number),
    )


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


def after_request(call: Call, requested: TransferRequested) -> Call:
    """Open the transfer, and the owner's wrap-up as pending (R10, Q3)."""
    number = requested.wrap_up_number
    return replace(
        call,
        version=call.version + 1,
        transfer=OpenTransfer(
            requested.transfer_number,
            requested.kind,
            requested.target_kind,
            requested.receiver,
            number,
        ),
        transfers=requested.transfer_number,
        wrap_ups=with_wrap_up(call, number, requested.wrap_up_agent, WrapUpStatus.PENDING),
        wrap_ups_opened=max(call.wrap_ups_opened, number or 0),
        latest_numbers=call.with_latest(
            "transfer", target_of(requested), requested.transfer_number
        ),
    )


def target_of(requested: TransferRequested) -> str:
    """Whom or what a transfer was asked to."""
    return f"{requested.target_kind} {requested.target or requested.dial_number}"


def after_acceptance(call: Call, accepted: TransferAccepted) -> Call:
    """Hand the call over: the receiver owns it, the former owner's wrap-up is final (T2)."""
    parties = tuple(
        replace(party, role=Role.FORMER_OWNER) if party.role is Role.OWNER else party
        for party in call.parties
    )
    stay, party = accepted.stay_number, accepted.party
    latest = call.with_latest("acceptance", party, accepted.transfer_number)
    if stay is not None:
        latest = {**latest, f"stay {party}": stay}
        parties = with_party(
            replace(call, parties=parties),
            accepted.party,
            accepted.party_kind,
            Role.OWNER,
            stay,
        )
    return replace(
        call,
        version=call.version + 1,
        transfer=None,
        hold_number=None,
        consult=None,
        parties=with_role(parties, accepted.party, Role.OWNER),
        stays=stay or call.stays,
        wrap_ups=with_final(call, accepted.wrap_up_number, accepted.wrap_up_agent),
        wrap_ups_opened=max(call.wrap_ups_opened, accepted.wrap_up_number or 0),
        transfers=max(call.transfers, accepted.transfer_number or 0),
        latest_numbers=latest,
    )


def after_exit(call: Call, exited: Exited) -> Call:
    """Take one party out; the owner afterwards is the one the event names."""
    parties = tuple([party for party in call.parties if party.id != exited.party])
    is_customer = exited.party == CUSTOMER
    return replace(
        call,
        version=call.version + 1,
        parties=with_role(parties, exited.owner_after, Role.OWNER),
        exits=exited.exit_number,
        customer_left=is_customer or call.customer_left,
        hold_number=None if is_customer else call.hold_number,
        consult=None if is_customer else call.consult,
        wrap_ups=with_wrap_up(call, exited.wrap_up_number, exited.wrap_up_agent, WrapUpStatus.OPEN),
        wrap_ups_opened=max(call.wrap_ups_opened, exited.wrap_up_number or 0),
        latest_numbers=call.with_latest("exit", exited.party, exited.exit_number),
    )
