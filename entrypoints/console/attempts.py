"""What somebody asked for in vain, in whole sentences."""

from __future__ import annotations

from typing import Final

from entrypoints.console.words import N_, Words

ATTEMPTS: Final = {
    "abandon": N_("%(who)s tried to give up in the queue."),
    "accept-transfer": N_("%(who)s tried to accept a transfer."),
    "answer": N_("%(who)s tried to answer the call."),
    "answer-consult": N_("%(who)s tried to answer a consult."),
    "apply-default-wrap-up": N_("%(who)s tried to apply the default wrap-up reason."),
    "apply-wrap-up": N_("%(who)s tried to apply a wrap-up reason."),
    "cancel-consult": N_("%(who)s tried to cancel a consult."),
    "correct": N_("%(who)s tried to correct an event."),
    "decline-consult": N_("%(who)s tried to decline a consult."),
    "decline-offer": N_("%(who)s tried to decline an offer."),
    "decline-transfer": N_("%(who)s tried to decline a transfer."),
    "end-call": N_("%(who)s tried to end the call."),
    "end-conference": N_("%(who)s tried to end the conference."),
    "end-consult": N_("%(who)s tried to end a consult."),
    "exit": N_("%(who)s tried to exit."),
    "extend-wrap-up": N_("%(who)s tried to take more time to wrap up."),
    "fail-conference": N_("%(who)s tried to report a conference that failed."),
    "fail-transfer": N_("%(who)s tried to report a transfer that failed."),
    "hang-up": N_("%(who)s tried to hang up."),
    "hold": N_("%(who)s tried to put somebody on hold."),
    "leave": N_("%(who)s tried to leave the call."),
    "mark-incomplete": N_("%(who)s tried to mark the record as incomplete."),
    "miss-offer": N_("%(who)s tried to report an offer that ran out of time."),
    "note-activity": N_("%(who)s tried to note an activity."),
    "offer": N_("%(who)s tried to offer the call."),
    "receive": N_("%(who)s tried to report the call's arrival."),
    "request-transfer": N_("%(who)s tried to transfer the call."),
    "resume": N_("%(who)s tried to take somebody off hold."),
    "start-conference": N_("%(who)s tried to start a conference."),
    "start-consult": N_("%(who)s tried to start a consult."),
    "withdraw-transfer": N_("%(who)s tried to withdraw a transfer."),
}


def attempt(words: Words, actor: str, command: str) -> str:
    """Who asked for what; a command of a later version by its own name."""
    action = command.removeprefix("call.").rpartition(".v")[0]
    who = words.subject(actor)
    if action in ATTEMPTS:
        return words.say(ATTEMPTS[action], who=who)
    return words.say("%(who)s asked for %(command)s.", who=who, command=command)
