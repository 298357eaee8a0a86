"""What an event says, in whole sentences of the reader's language; personal text included.

Whatever a sentence of one language would have to inflect, like a name after a preposition, is a
sentence of its own: so each can be translated as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never, cast

from domain import events
from domain.vocabulary import (
    CUSTOMER,
    Cause,
    EndedBy,
    ExitReason,
    OfferOutcome,
    Role,
    TargetKind,
    TransferFailure,
    TransferKind,
    WrapUpMode,
)
from entrypoints.console.words import N_, Words
from entrypoints.timeline.history import Entry

OFFERS = {
    OfferOutcome.ANSWERED_ELSEWHERE: N_("Another agent answered first: the offer fell."),
    OfferOutcome.ABANDONED: N_("The customer gave up: the offer fell."),
    OfferOutcome.CALL_ENDED: N_("The call ended: the offer fell."),
    OfferOutcome.TRANSFERRED: N_("The call went to another queue: the offer fell."),
}
CONFERENCE_ENDS = {
    Cause.ENDED_BY_OWNER: N_("The conference ended: the owner ended it."),
    Cause.MEMBER_LEFT: N_("The conference ended: a member left."),
    Cause.OWNER_LEFT: N_("The conference ended: the owner left."),
    Cause.CUSTOMER_LEFT: N_("The conference ended: the customer left."),
    Cause.TRANSFERRED: N_("The conference ended: the call was transferred."),
    Cause.FAILED: N_("The conference ended: it failed."),
}
FAILURES = {
    TransferFailure.RECEIVER_LEFT: N_("The transfer failed: the receiver left."),
    TransferFailure.CUSTOMER_LEFT: N_("The transfer failed: the customer left."),
    TransferFailure.NO_ANSWER: N_("The transfer failed: nobody answered."),
    TransferFailure.UNREACHABLE: N_("The transfer failed: the receiver cannot be reached."),
    TransferFailure.UNKNOWN: N_("The transfer failed: it is not known why."),
}
ENDS = {
    EndedBy.AGENT: N_("The call ended: an agent ended it."),
    EndedBy.CUSTOMER: N_("The call ended: the customer ended it."),
    EndedBy.SYSTEM: N_("The call ended: the system ended it."),
    EndedBy.UNKNOWN: N_("The call ended: who ended it is not known."),
}
TRANSFERS = {
    TransferKind.BLIND: N_("%(who)s asked for a blind transfer."),
    TransferKind.CONSULT: N_("%(who)s asked for a consult transfer."),
    TransferKind.CONFERENCE: N_("%(who)s asked for a conference transfer."),
}
TARGETS = {
    TargetKind.AGENT: N_("It goes to agent %(target)s."),
    TargetKind.QUEUE: N_("It goes to queue %(target)s."),
    TargetKind.DIAL_NUMBER: N_("It goes to dial number %(target)s."),
    TargetKind.ENTRY_POINT: N_("It goes to entry point %(target)s."),
}
EXITS = {
    ExitReason.EXITED: N_("%(who)s exited the call."),
    ExitReason.HUNG_UP: N_("%(who)s hung up."),
    ExitReason.DROPPED_BY_END: N_("%(causer)s ended the call, and %(party)s was dropped."),
    ExitReason.DROPPED_BY_OWNER: N_("%(causer)s dropped %(party)s."),
    ExitReason.TRANSFERRED: N_("%(who)s handed the call over and left."),
    ExitReason.CUSTOMER_LEFT: N_("%(who)s left the call."),
    ExitReason.FAILED: N_("%(who)s lost the connection."),
    ExitReason.UNKNOWN: N_("%(who)s left, it is not known why."),
}


def event_text(words: Words, entry: Entry) -> str:
    """The sentences of an event, one after the other."""
    return " ".join(sentences(words, entry))


def sentences(words: Words, entry: Entry) -> Iterator[str]:
    """What happened, and then what it opened or closed."""
    say, who = words.say, words.subject(entry.actor)
    match cast(events.AnyEvent, entry.event):
        case events.Received() as received:
            yield from arrival(words, received)
        case events.Offered(agent=agent, queue=queue):
            if queue:
                yield say(
                    "Queue %(queue)s offered the call to %(agent)s.", queue=queue, agent=agent
                )
            else:
                yield say("The call was offered to %(agent)s.", agent=agent)
        case events.Answered(agent=agent):
            yield say("%(who)s answered the call.", who=words.subject(agent))
        case events.OfferMissed(agent=agent):
            if agent:
                yield say("The offer to %(agent)s ran out of time.", agent=agent)
            else:
                yield say("An offer ran out of time.")
        case events.OfferDeclined(agent=agent):
            yield say("%(who)s declined the offer.", who=words.subject(agent or entry.actor))
        case events.OfferClosed(agent=agent, outcome=outcome):
            yield say(OFFERS[outcome])
            yield say("It was made to %(agent)s.", agent=agent)
        case events.Abandoned():
            yield say("The customer gave up in the queue.")
        case events.Held():
            yield say("%(who)s put the customer on hold.", who=who)
        case events.AgentHeld(party=party):
            yield say(
                "%(who)s put %(party)s on hold, which no rule allows.",
                who=who,
                party=words.party(party),
            )
        case events.Resumed():
            yield say("%(who)s took the customer off hold.", who=who)
        case events.ConsultStarted() as started:
            yield say("%(who)s asked for a consult.", who=who)
            yield from goal(words, started.target_kind, started.dial_number or started.target)
            if started.hold_number:
                yield say("The customer went on hold.")
        case events.ConsultAnswered(party=party):
            yield say("%(who)s answered the consult.", who=words.subject(party))
        case events.ConsultDeclined():
            yield say("%(who)s declined the consult.", who=who)
        case events.ConsultCancelled():
            yield say("The consult was cancelled before anybody answered.")
        case events.ConsultEnded():
            yield say("The consult ended.")
        case events.ConferenceStarted(members=members):
            yield say("%(who)s started a conference.", who=who)
            yield say("Its members are %(members)s.", members=words.parties(members))
        case events.ConferenceJoined(party=party, members=members):
            yield say("%(who)s joined the conference.", who=words.subject(party))
            yield say("Its members are %(members)s.", members=words.parties(members))
        case events.ConferenceFailed():
            yield say("The conference could not be built; the consult stands.")
        case events.ConferenceEnded(cause=cause):
            yield say(CONFERENCE_ENDS[cause])
        case events.TransferRequested() as asked:
            yield say(TRANSFERS[asked.kind], who=who)
            yield from goal(words, asked.target_kind, asked.dial_number or asked.target)
            if asked.wrap_up_agent:
                yield say("The wrap-up of %(agent)s is pending.", agent=asked.wrap_up_agent)
        case events.TransferAccepted(party=party, wrap_up_agent=agent):
            yield say("%(who)s accepted the transfer and owns the call.", who=words.subject(party))
            yield from opened_for_good(words, agent)
        case events.TransferredToQueue() as queued:
            yield say("The transfer took effect: the call waits again.")
            kind = TargetKind.QUEUE if queued.queue else TargetKind.ENTRY_POINT
            yield from goal(words, kind, queued.queue or queued.entry_point)
            yield from opened_for_good(words, queued.wrap_up_agent)
        case events.TransferDeclined(wrap_up_number=number):
            yield say("%(who)s declined the transfer.", who=who)
            yield from voided(words, number)
        case events.TransferFailed(wrap_up_number=number, failure=failure):
            yield say(FAILURES[failure])
            yield from voided(words, number)
        case events.TransferWithdrawn(wrap_up_number=number):
            yield say("The transfer request was withdrawn.")
            yield from voided(words, number)
        case events.Exited() as exited:
            yield from leaving(words, exited, entry.role)
        case events.Ended(ended_by=ended_by):
            yield say(ENDS[ended_by])
        case events.WrapUpApplied() as applied:
            yield from wrapped_up(words, applied)
        case events.WrapUpExtended(wrap_up_agent=agent):
            yield say("%(who)s took more time to wrap up.", who=words.subject(agent))
        case events.Corrected(corrected_version=version, why=why):
            yield say("%(who)s corrected event %(version)s.", who=who, version=version)
            yield say("Why: %(why)s", why=why)
        case events.ActivityNoted(activity=activity, duration_ms=duration_ms):
            yield say("Activity %(activity)s was noted.", activity=activity)
            if duration_ms is not None:
                yield say("It lasted %(time)s.", time=words.duration(duration_ms / 1000))
        case events.MarkedIncomplete(missing=missing):
            yield say("The source's record of the call is cut; missing: %(what)s", what=missing)
        case events.ObservationRepeated() as repeated:
            yield from told_again(words, repeated)
        case unreachable:
            assert_never(unreachable)


def arrival(words: Words, received: events.Received) -> Iterator[str]:
    """How the call came, and whose it is."""
    if received.queue:
        yield words.say(
            "The customer's call arrived and waits in queue %(queue)s.", queue=received.queue
        )
    else:
        yield words.say("The customer's call arrived.")
    if received.entry_point:
        yield words.say("It came by entry point %(entry_point)s.", entry_point=received.entry_point)
    if received.channel != "telephony":
        yield words.say("Its channel is %(channel)s.", channel=received.channel)
    if received.customer:
        yield words.say("The customer is %(customer)s.", customer=received.customer)


def goal(words: Words, kind: TargetKind, target: str | None) -> Iterator[str]:
    """Whom a consult or a transfer is meant for, where that is known."""
    if target:
        yield words.say(TARGETS[kind], target=target)


def opened_for_good(words: Words, agent: str | None) -> Iterator[str]:
    """A transfer leaves the wrap-up of whoever gave it."""
    if agent:
        yield words.say("The wrap-up of %(agent)s is open for good.", agent=agent)


def voided(words: Words, wrap_up_number: int | None) -> Iterator[str]:
    """The pending wrap-up is closed again (Q3, Q17)."""
    if wrap_up_number:
        yield words.say("The pending wrap-up is void.")


def leaving(words: Words, exited: events.Exited, role: str) -> Iterator[str]:
    """Who left, who stayed, and whose wrap-up it opened; the role is that of who caused it.

    Where the customer has left, another agent's leaving ends the call (Q1), as no owner's end does.
    """
    message = EXITS[exited.reason]
    if exited.reason is ExitReason.DROPPED_BY_END and exited.initiated_by == CUSTOMER:
        message = N_("%(who)s was let go: the customer had left.")
    elif exited.reason is ExitReason.DROPPED_BY_END and role != Role.OWNER:
        message = N_("%(who)s was let go: %(causer)s had left.")
    elif exited.reason is ExitReason.EXITED and exited.conference_number:
        message = N_("%(who)s exited the conference.")
    elif exited.reason is ExitReason.CUSTOMER_LEFT and exited.conference_number:
        message = N_("%(who)s left the conference.")
    yield words.say(
        message,
        who=words.subject(exited.party),
        party=words.party(exited.party),
        causer=words.subject(exited.initiated_by),
    )
    if exited.hold_number:
        yield words.say("The customer was on hold at that moment.")
    if exited.stayed:
        yield words.say("Still in the call: %(parties)s.", parties=words.parties(exited.stayed))
    if exited.wrap_up_agent:
        yield words.say("The wrap-up of %(agent)s opened.", agent=exited.wrap_up_agent)


def wrapped_up(words: Words, applied: events.WrapUpApplied) -> Iterator[str]:
    """Which reason was given, or applied when the time was out."""
    agent, reason = applied.wrap_up_agent, applied.reason
    if applied.mode is WrapUpMode.AUTO_DEFAULT:
        yield words.say(
            "Time was out: the default reason %(reason)s was applied for %(agent)s.",
            reason=reason,
            agent=agent,
        )
    else:
        yield words.say(
            "%(who)s gave the wrap-up reason %(reason)s.", who=words.subject(agent), reason=reason
        )
    if applied.provisional:
        yield words.say("It is provisional until the transfer is accepted.")
    if applied.note:
        yield words.say("Note: %(note)s", note=applied.note)


def told_again(words: Words, repeated: events.ObservationRepeated) -> Iterator[str]:
    """What was reported again, and which event told it first."""
    yield words.say("%(action)s was reported again: nothing changed.", action=repeated.action)
    if repeated.repeated_version:
        yield words.say("Event %(version)s told it first.", version=repeated.repeated_version)
    if repeated.customer:
        yield words.say("The customer is %(customer)s.", customer=repeated.customer)
    if repeated.note:
        yield words.say("Note: %(note)s", note=repeated.note)
