"""Observations that report again what is known, or what is so already: they change nothing (L6).

The very same fact is known by its fingerprint, at whatever place it is told again. A report of
the same at another time, such as a hold of a customer who is on hold, is known by the state of
the call. No command is judged here: the rules refuse those.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never, cast

from domain.call import Call
from domain.commands import (
    AnyCommand,
    ApplyWrapUp,
    Command,
    NoteActivity,
    Receive,
    RequestTransfer,
    StartConference,
    StartConsult,
)
from domain.events import ObservationRepeated
from domain.vocabulary import CUSTOMER, SYSTEM, UNKNOWN, TargetKind


class Repeat(NamedTuple):
    """What is reported again, its number, and the event that told it first, where it is known."""

    thing: str
    number: int | None = None
    version: int | None = None


def repeat_of(call: Call, command: Command, fact: str, breaks_a_rule: bool) -> Repeat | None:
    """What the observation repeats; nothing where it says something new.

    What is so already breaks a rule; so nothing is looked for where none is broken. Of a note
    there may be several alike: no rule and no figure speaks of it.
    """
    told = call.facts.get(fact)
    if told is not None and not isinstance(command, NoteActivity):
        return Repeat(told.thing or "", told.number, told.version)
    return so_already(call, command) if breaks_a_rule else None


def repeated(command: Command, repeat: Repeat) -> ObservationRepeated:
    """The event that records a repeat, with the free text that it brings."""
    return ObservationRepeated(
        action=command.action,
        repeated_version=repeat.version,
        thing=repeat.thing or None,
        number=repeat.number,
        customer=command.customer if isinstance(command, Receive) else None,
        note=command.note if isinstance(command, ApplyWrapUp) else None,
    )


def numbered(thing: str, number: int | None) -> Repeat | None:
    """A repeat of the thing, if it has a number: what never was cannot be repeated."""
    return None if number is None else Repeat(thing, number)


def so_already(call: Call, command: Command) -> Repeat | None:
    """What the command would bring about, where it is so already."""
    asked, actor = cast(AnyCommand, command), command.actor
    match asked.type:
        case "call.receive.v1":
            return numbered("stay", call.latest("stay", CUSTOMER))
        case "call.offer.v1":
            return offered_already(call, asked.agent)
        case "call.answer.v1":
            return answered_already(call, actor)
        case "call.miss-offer.v1" | "call.decline-offer.v1":
            return lost_already(call, actor, asked.agent, asked.action)
        case "call.hold.v1":
            return numbered("hold", call.hold_number) if asked.party == CUSTOMER else None
        case "call.resume.v1":
            return numbered("hold", call.holds or None) if call.hold_number is None else None
        case "call.start-consult.v1":
            return consulted_already(call, asked)
        case "call.answer-consult.v1":
            return consult_answered_already(call, actor)
        case "call.decline-consult.v1":
            return consult_declined_already(call, actor)
        case "call.cancel-consult.v1" | "call.end-consult.v1":
            return numbered("consult", call.consults or None) if call.consult is None else None
        case "call.start-conference.v1":
            return conferring_already(call, asked)
        case "call.request-transfer.v1":
            return requested_already(call, asked)
        case "call.accept-transfer.v1":
            return accepted_already(call, actor)
        case "call.decline-transfer.v1":
            return without_request(call, "call.transfer-declined.v1")
        case "call.fail-transfer.v1":
            return without_request(call, "call.transfer-failed.v1")
        case "call.withdraw-transfer.v1":
            return without_request(call, "call.transfer-withdrawn.v1")
        case "call.abandon.v1" | "call.leave.v1":
            return numbered("exit", call.latest("exit", CUSTOMER)) if call.customer_left else None
        case "call.exit.v1" | "call.hang-up.v1":
            return left_already(call, actor)
        case "call.end-conference.v1" | "call.end-call.v1":
            return Repeat("end") if call.ended else None
        case "call.apply-wrap-up.v1":
            return wrapped_up_already(call, actor, asked.reason)
        case "call.apply-default-wrap-up.v1":
            return default_too_late(call, asked.agent)
        case (
            "call.extend-wrap-up.v1"
            | "call.fail-conference.v1"
            | "call.correct.v1"
            | "call.note-activity.v1"
            | "call.mark-incomplete.v1"
        ):
            return None
        case unreachable:
            assert_never(unreachable)


def offered_already(call: Call, agent: str) -> Repeat | None:
    """The agent's offer is open, or the agent had one in this queue entry and nobody waits."""
    is_open = any(offer.agent == agent for offer in call.open_offers)
    waits = call.owner is None and not call.ended
    is_over = agent in call.offered_agents and (not waits or call.party(agent) is not None)
    return numbered("offer", call.latest("offer", agent)) if is_open or is_over else None


def answered_already(call: Call, actor: str) -> Repeat | None:
    """The agent is in the call, or was and has no offer to come back by; or another was first."""
    offer = call.offer_meant(actor)
    if offer is not None:
        party = call.party(offer.agent)
        return numbered("stay", party.stay_number if party else None)
    owner = call.owner
    party = call.party(actor) or (owner if actor == UNKNOWN else None)
    if party is not None:
        return numbered("stay", party.stay_number)
    if owner is not None or call.ended:
        stay = call.latest("stay", actor)
        return numbered("stay", stay) or answered_elsewhere(call, actor)
    return None


def answered_elsewhere(call: Call, actor: str) -> Repeat | None:
    """Another's answer has closed this agent's offer, and the first one wins (O2)."""
    number = call.latest("offer", actor)
    closed = call.latest("call.offer-closed.v1", str(number))
    return numbered("offer", closed) if actor in call.offered_agents else None


def lost_already(call: Call, actor: str, agent: str | None, action: str) -> Repeat | None:
    """The offer was missed, or declined, before."""
    if call.offer_meant(actor, agent) is not None:
        return None
    whose = agent or actor
    number = call.offers or None if whose in (SYSTEM, UNKNOWN) else call.latest("offer", whose)
    event_type = "call.offer-missed.v1" if action == "miss-offer" else "call.offer-declined.v1"
    return numbered("offer", call.latest(event_type, str(number)))


def consulted_already(call: Call, asked: StartConsult) -> Repeat | None:
    """A consult to that target is under way, or the agent has come in by one."""
    consult, is_number = call.consult, asked.target_kind is TargetKind.DIAL_NUMBER
    target = None if is_number else asked.target
    if consult is not None and (consult.target_kind, consult.target) == (asked.target_kind, target):
        return numbered("consult", consult.number)
    if asked.target_kind is TargetKind.AGENT and call.party(asked.target) is not None:
        return numbered("consult", call.latest("consult", asked.target))
    return None


def consult_answered_already(call: Call, actor: str) -> Repeat | None:
    """The party is in the call, or was and no consult waits for an answer."""
    consult = call.consult
    party = call.party(actor)
    if party is not None:
        return numbered("stay", party.stay_number)
    if consult is not None and consult.party is None:
        return None
    if actor == UNKNOWN:
        return numbered("consult", call.consults or None)
    stay = numbered("stay", call.latest("stay", actor))
    return stay or consult_over_already(call, actor)


def consult_over_already(call: Call, actor: str) -> Repeat | None:
    """The consult is over, and nobody comes in by it; in a conference it may be one untold."""
    is_alone = call.consult is None and call.conference_number is None
    number = call.latest("consult", actor) or (call.consults if is_alone else 0)
    return numbered("consult", number or None)


def consult_declined_already(call: Call, actor: str) -> Repeat | None:
    """No consult is under way, or another has answered it."""
    consult = call.consult
    if consult is None:
        return numbered("consult", call.consults or None)
    is_anothers = consult.party is not None and actor not in (consult.party, UNKNOWN)
    return Repeat("consult", consult.number) if is_anothers else None


def conferring_already(call: Call, asked: StartConference) -> Repeat | None:
    """The conference is on, or was and nobody is there to begin another with."""
    consult, owner = call.consult, call.owner
    if consult is not None and consult.party is not None:
        return None
    member = None if owner is not None and owner.id == asked.member else asked.member
    if call.conference_number is not None:
        is_in = member is None or call.party(member) is not None
        return numbered("conference", call.conference_number) if is_in else None
    alone = all(party is owner for party in call.agents)
    gone = member is None or call.latest("stay", member) is not None
    return numbered("conference", call.conferences or None) if alone and gone else None


def requested_already(call: Call, asked: RequestTransfer) -> Repeat | None:
    """The request is open, or the call has been handed over to that target."""
    transfer, owner, target = call.transfer, call.owner, asked.target
    kind = asked.target_kind or TargetKind.AGENT
    known = call.latest("transfer", f"{kind} {target}")
    open_number = transfer.number if transfer is not None else call.queue_transfer_number
    if open_number is not None and (target is None or known == open_number):
        return Repeat("transfer", open_number)
    if transfer is not None:
        return Repeat("transfer", transfer.number) if target == transfer.receiver else None
    if owner is not None and owner.id == target and kind is TargetKind.AGENT:
        return Repeat("transfer", call.latest("acceptance", target))
    by_owner = asked.actor == UNKNOWN or (owner is not None and owner.id == asked.actor)
    return None if by_owner else numbered("transfer", known)


def accepted_already(call: Call, actor: str) -> Repeat | None:
    """The call is the receiver's, or was and nobody has asked for another transfer."""
    transfer, owner = call.transfer, call.owner
    receiver = transfer.receiver if transfer is not None and actor == UNKNOWN else actor
    if owner is not None and owner.id == receiver:
        return Repeat("transfer", call.latest("acceptance", receiver))
    if transfer is not None or call.queue_transfer_number is not None:
        return None
    if actor == UNKNOWN:
        return numbered("transfer", call.transfers or None)
    return numbered("transfer", call.latest("acceptance", actor))


def without_request(call: Call, event_type: str) -> Repeat | None:
    """No request is open, and the latest with this outcome has had it before."""
    return None if call.transfer is not None else numbered("transfer", call.latest(event_type, ""))


def left_already(call: Call, actor: str) -> Repeat | None:
    """The party has left; of parties unnamed there may be several, while the call goes on."""
    if call.party(actor) is not None:
        return None
    if actor == UNKNOWN:
        return numbered("exit", call.exits or None) if call.ended else None
    return numbered("exit", call.latest("exit", actor))


def default_too_late(call: Call, agent: str) -> Repeat | None:
    """A reason was given for this wrap-up, and a default is none of the agent's choice (W7)."""
    wrap_up = call.wrap_up_meant(agent)
    if wrap_up is None or not wrap_up.reason_given:
        return None
    return Repeat("wrap_up", wrap_up.number)


def wrapped_up_already(call: Call, agent: str, reason: str) -> Repeat | None:
    """The reason was given for this wrap-up."""
    wrap_up = call.wrap_up_meant(agent)
    if wrap_up is None or wrap_up.reason != reason:
        return None
    return Repeat("wrap_up", wrap_up.number)
