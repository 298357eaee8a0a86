"""What an event says, in one sentence for an auditor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, cast

from domain import events
from domain.event import Event
from domain.vocabulary import (
    CUSTOMER,
    SYSTEM,
    UNKNOWN,
    Cause,
    EndedBy,
    ExitReason,
    OfferOutcome,
    Role,
    TargetKind,
    TransferFailure,
    WrapUpMode,
)
from infra.visible import visible

CAUSES = {
    Cause.ENDED_BY_OWNER: "the owner ended it",
    Cause.MEMBER_LEFT: "a member left",
    Cause.OWNER_LEFT: "the owner left",
    Cause.CUSTOMER_LEFT: "the customer left",
    Cause.TRANSFERRED: "the call was transferred",
    Cause.FAILED: "it failed",
}
OFFER_OUTCOMES = {
    OfferOutcome.ANSWERED_ELSEWHERE: "another agent answered first",
    OfferOutcome.ABANDONED: "the customer gave up",
    OfferOutcome.CALL_ENDED: "the call ended",
    OfferOutcome.TRANSFERRED: "the call went to another queue",
}
FAILURES = {
    TransferFailure.RECEIVER_LEFT: "the receiver left",
    TransferFailure.CUSTOMER_LEFT: "the customer left",
    TransferFailure.NO_ANSWER: "nobody answered",
    TransferFailure.UNREACHABLE: "the receiver cannot be reached",
    TransferFailure.UNKNOWN: "the cause is not known",
}
ENDERS = {
    EndedBy.AGENT: "an agent ended it",
    EndedBy.CUSTOMER: "the customer ended it",
    EndedBy.SYSTEM: "the system ended it",
    EndedBy.UNKNOWN: "who ended it is not known",
}


def sentence(event: Event, actor: str, role: str, *, personal: bool = False) -> str:
    """Say what happened, who did it, and what it opened, in one line.

    Personal text (dial numbers, notes, the why of a correction) is left out unless asked for,
    so that a picture can be passed on.
    """
    return visible(words(event, actor, role, personal=personal))


def words(event: Event, actor: str, role: str, *, personal: bool) -> str:
    """The sentence, with other people's text as it is."""
    doer = named(actor)
    match cast(events.AnyEvent, event):
        case events.Received(queue=queue, entry_point=entry_point, channel=channel):
            by = "" if channel == "telephony" else f" by {channel}"
            through = f" through {entry_point}" if entry_point else ""
            waits = f" and waits in queue {queue}" if queue else ""
            return f"the customer's call arrived{by}{through}{waits}"
        case events.Offered(agent=agent, queue=queue):
            return f"queue {queue} offered the call to {agent}" if queue else offered(agent)
        case events.Answered(agent=agent):
            return f"{named(agent)} answered the call"
        case events.OfferMissed(offer_number=number, agent=agent):
            whose = f" to {agent}" if agent else ""
            return f"{f'offer {number}' if number else 'an offer'}{whose} ran out of time"
        case events.OfferDeclined(agent=agent):
            return f"{named(agent) if agent else doer} declined the offer"
        case events.OfferClosed(agent=agent, outcome=outcome):
            return f"the offer to {agent} was closed: {OFFER_OUTCOMES[outcome]}"
        case events.Abandoned():
            return "the customer gave up in the queue"
        case events.Held():
            return f"{doer} put the customer on hold"
        case events.AgentHeld(party=party):
            return f"{doer} put {named(party)} on hold, which no rule allows"
        case events.Resumed():
            return f"{doer} took the customer off hold"
        case events.ConsultStarted(target_kind=kind, target=target) as started:
            asked = goal(kind, started.dial_number if personal else None, target)
            held = "; the customer went on hold" if started.hold_number else ""
            return f"{doer} asked {asked} for a consult{held}"
        case events.ConsultAnswered(party=party):
            return f"{named(party)} answered the consult"
        case events.ConsultDeclined():
            return f"{doer} declined the consult"
        case events.ConsultCancelled():
            return "the consult was cancelled before anybody answered"
        case events.ConsultEnded():
            return "the consult ended"
        case events.ConferenceStarted(members=members):
            return f"{doer} started a conference of {listed(members)}"
        case events.ConferenceJoined(party=party, members=members):
            return f"{named(party)} joined the conference; in it are {listed(members)}"
        case events.ConferenceFailed():
            return "the conference could not be built; the consult stands"
        case events.ConferenceEnded(cause=cause):
            return f"the conference ended: {CAUSES[cause]}"
        case events.TransferRequested(kind=kind, wrap_up_agent=agent) as requested:
            dial_number = requested.dial_number if personal else None
            to = goal(requested.target_kind, dial_number, requested.target)
            return f"{doer} asked for a {kind} transfer to {to}{wrap_up(agent, 'is pending')}"
        case events.TransferAccepted(party=party, wrap_up_agent=agent):
            opened = wrap_up(agent, "is open for good")
            return f"{named(party)} accepted the transfer and owns the call{opened}"
        case events.TransferredToQueue(queue=queue, entry_point=entry_point, wrap_up_agent=agent):
            where = f"queue {queue}" if queue else f"entry point {entry_point}"
            opened = wrap_up(agent, "is open for good")
            return f"the transfer took effect: the call waits in {where}{opened}"
        case events.TransferDeclined(wrap_up_number=number):
            return f"{doer} declined the transfer{voided(number)}"
        case events.TransferFailed(wrap_up_number=number, failure=failure):
            return f"the transfer failed: {FAILURES[failure]}{voided(number)}"
        case events.TransferWithdrawn(wrap_up_number=number):
            return f"the transfer request was withdrawn{voided(number)}"
        case events.Exited() as exited:
            return exit_sentence(exited, role)
        case events.Ended(ended_by=ended_by):
            return f"the call ended: {ENDERS[ended_by]}"
        case events.WrapUpApplied(wrap_up_agent=agent, reason=reason) as applied:
            note = f" (note: {applied.note})" if personal and applied.note else ""
            if applied.mode is WrapUpMode.AUTO_DEFAULT:
                return f"time was out: the default reason {reason} was applied for {agent}{note}"
            until = ", provisional until the transfer is accepted" if applied.provisional else ""
            return f"{named(agent)} gave the wrap-up reason {reason}{until}{note}"
        case events.WrapUpExtended(wrap_up_agent=agent):
            return f"{named(agent)} took more time to wrap up"
        case events.Corrected(corrected_version=version, reason=reason, why=why):
            right = f"; the right reason is {reason}" if reason else ""
            because = f", because: {why}" if personal else ""
            return f"{doer} corrected event {version}{right}{because}"
        case events.ActivityNoted(activity=activity, duration_ms=duration_ms):
            lasting = "" if duration_ms is None else f", lasting {duration_ms / 1000:g} s"
            return f"activity {activity} was noted{lasting}"
        case events.MarkedIncomplete(missing=missing):
            return f"the source's record of the call is cut; missing: {missing}"
        case events.ObservationRepeated() as repeated:
            return repeat_sentence(repeated, personal=personal)
        case unreachable:
            assert_never(unreachable)


def repeat_sentence(repeated: events.ObservationRepeated, *, personal: bool) -> str:
    """Say what was reported again, and which event told it first."""
    thing = (repeated.thing or "").replace("_", "-")
    of = f" of {thing} {repeated.number}" if repeated.number else ""
    first = f", told by event {repeated.repeated_version}" if repeated.repeated_version else ""
    note = f" (note: {repeated.note})" if personal and repeated.note else ""
    return f"{repeated.action}{of} was reported again{first}: nothing changed{note}"


def exit_sentence(exited: events.Exited, role: str) -> str:
    """Say who left what, why, who stayed, and whose wrap-up it opened.

    Where the customer has left, another agent's leaving ends the call (Q1), as no owner's end does.
    """
    party, causer = named(exited.party), named(exited.initiated_by)
    place = "the conference" if exited.conference_number else "the call"
    where = " while on hold" if exited.hold_number else ""
    left = {
        ExitReason.EXITED: f"exited {place}",
        ExitReason.HUNG_UP: "hung up",
        ExitReason.DROPPED_BY_END: f"was dropped when {causer} ended the call",
        ExitReason.DROPPED_BY_OWNER: f"was dropped by {causer}",
        ExitReason.TRANSFERRED: "handed the call over and left",
        ExitReason.CUSTOMER_LEFT: f"left {place}{where}",
        ExitReason.FAILED: "lost the connection",
        ExitReason.UNKNOWN: f"left {place}, it is not known why",
    }[exited.reason]
    if exited.reason is ExitReason.DROPPED_BY_END and role != Role.OWNER:
        left = f"was let go: {causer} had left"
    stayed = f"; {listed(exited.stayed)} stayed" if exited.stayed else ""
    return f"{party} {left}{stayed}{wrap_up(exited.wrap_up_agent, 'opened')}"


def offered(agent: str) -> str:
    """An offer that names no queue."""
    return f"the call was offered to {agent}"


def goal(kind: TargetKind, dial_number: str | None, target: str | None) -> str:
    """Whom a consult or a transfer is meant for."""
    if dial_number or not target:
        of_kind = str(kind).replace("_", " ")
        article = "an" if of_kind[0] in "aeiou" else "a"
        return f"dial number {dial_number}" if dial_number else f"{article} {of_kind}"
    return target if kind is TargetKind.AGENT else f"{str(kind).replace('_', ' ')} {target}"


def wrap_up(agent: str | None, status: str) -> str:
    """What becomes of the agent's wrap-up, if the event touches one."""
    return f"; {named(agent)}'s wrap-up {status}" if agent else ""


def voided(wrap_up_number: int | None) -> str:
    """The pending wrap-up is closed again (Q3, Q17)."""
    return "; the pending wrap-up is void" if wrap_up_number else ""


def named(party: str) -> str:
    """A party as a sentence names it."""
    names = {CUSTOMER: "the customer", SYSTEM: "the system", UNKNOWN: "somebody unknown"}
    return names.get(party, party)


def listed(parties: Sequence[str]) -> str:
    """Names joined by commas and a last "and"."""
    names = [named(party) for party in parties]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
