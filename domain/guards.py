"""The predicates of the rules: each is true when the rule is broken by the command.

They speak only of what the role × phase table cannot say, because it depends on what the
command names: which party, which target, whether a consult, a transfer or a wrap-up is open.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from domain.call import Call
from domain.commands import (
    ApplyDefaultWrapUp,
    Command,
    Correct,
    DeclineOffer,
    MissOffer,
    Offer,
    RequestTransfer,
    StartConference,
    StartConsult,
)
from domain.rule_sets import RuleSet
from domain.vocabulary import SYSTEM, UNKNOWN, Phase, Role, TargetKind

DIAL_NUMBER: Final = re.compile(r"[0-9+#*:]+")


class Question(Struct, frozen=True, gc=False):
    """What a guard is asked: may this command, by this role, in this phase, under these rules?"""

    call: Call
    command: Command
    rules: RuleSet
    role: Role
    phase: Phase


NAMES_A_TARGET: Final = (StartConsult, RequestTransfer)


def no_answered_consult(question: Question) -> bool:
    """R1, C6: there is no consult, or nobody has answered it."""
    consult = question.call.consult
    return consult is None or consult.party is None


def not_the_consulted_party(question: Question) -> bool:
    """R2: the command names a member who is not the one consulted."""
    consult, command = question.call.consult, question.command
    if not isinstance(command, StartConference) or command.member is None or consult is None:
        return False
    return command.member != consult.party


def owner_may_not_leave(question: Question) -> bool:
    """Q6: the owner exits under a rule set that does not hand the call on."""
    return question.role is Role.OWNER and not question.rules.owner_may_leave


def too_many_members(question: Question) -> bool:
    """Q7: customer, owner, members and the consulted party are more than the limit."""
    return len(question.call.parties) > question.rules.members_limit


def not_the_other_member(question: Question) -> bool:
    """R9: the receiver of a conference transfer is not another member, or cannot be told."""
    call, command = question.call, question.command
    if question.phase is not Phase.CONFERENCE or not isinstance(command, RequestTransfer):
        return False
    members = [party.id for party in call.parties if party.role is Role.MEMBER]
    return len(members) != 1 if command.target is None else command.target not in members


def no_transfer_for_the_actor(question: Question) -> bool:
    """R12: no transfer is open, or it is for somebody else."""
    transfer, actor = question.call.transfer, question.command.actor
    return transfer is None or (actor != UNKNOWN and transfer.receiver not in (None, actor))


def consult_under_way(question: Question) -> bool:
    """C1: a consult, a transfer, or a conference that allows no consult is under way."""
    call = question.call
    in_conference = question.phase is Phase.CONFERENCE and not question.rules.consult_in_conference
    return call.consult is not None or call.transfer is not None or in_conference


def target_in_the_call(question: Question) -> bool:
    """C2: the target is no agent, queue, dial number or entry point outside the call."""
    command = question.command
    if not isinstance(command, NAMES_A_TARGET) or command.target is None:
        return False
    if command.target_kind in (TargetKind.QUEUE, TargetKind.ENTRY_POINT):
        return False
    outside = isinstance(command, StartConsult) or question.phase in (Phase.CONNECTED, Phase.HELD)
    return outside and question.call.role_of(command.target) in IN_THE_CALL


IN_THE_CALL: Final = frozenset(
    {Role.CUSTOMER, Role.OWNER, Role.CONSULTED, Role.MEMBER, Role.SYSTEM, Role.UNKNOWN}
)


def not_a_dial_number(question: Question) -> bool:
    """C3: 3 to 18 digits, and only + # * : besides."""
    command = question.command
    if not isinstance(command, NAMES_A_TARGET):
        return False
    if command.target_kind is not TargetKind.DIAL_NUMBER or command.target is None:
        return False
    digits = sum(character in "0123456789" for character in command.target)
    return not (DIAL_NUMBER.fullmatch(command.target) and 3 <= digits <= 18)


def consult_not_asked(question: Question) -> bool:
    """C6: there is no consult that waits for an answer."""
    consult = question.call.consult
    return consult is None or consult.party is not None


def transfer_not_possible(question: Question) -> bool:
    """T1: a request is open already, or it names no receiver, or not the one consulted."""
    call, command = question.call, question.command
    if not isinstance(command, RequestTransfer) or call.transfer is not None:
        return True
    if question.phase is Phase.CONFERENCE:
        return call.consult is not None
    if question.phase is Phase.CONSULTING and call.consult is not None:
        return command.target not in (None, call.consult.party, call.consult.target)
    return command.target is None


def no_open_transfer(question: Question) -> bool:
    """T1: there is no request to withdraw or to fail."""
    return question.call.transfer is None


def offered_before(question: Question) -> bool:
    """O1: this agent has been offered this call already since it entered this queue."""
    command = question.command
    return isinstance(command, Offer) and command.agent in question.call.offered_agents


def agent_named(command: Command) -> str | None:
    """The agent whose offer is declined or missed, where the command names one."""
    return command.agent if isinstance(command, DeclineOffer | MissOffer) else None


def no_open_offer(question: Question) -> bool:
    """O1: there is no such offer to answer, decline or miss."""
    command = question.command
    return question.call.offer_meant(command.actor, agent_named(command)) is None


def not_whose_offer(question: Question) -> bool:
    """O2: of several open offers it names none, or an agent speaks of another's."""
    command, agent = question.command, agent_named(question.command)
    if command.actor in (SYSTEM, UNKNOWN):
        return agent is None and len(question.call.open_offers) > 1
    return agent not in (None, command.actor)


def wrapping_up_agent(question: Question) -> str:
    """Whose wrap-up the command is about."""
    command = question.command
    return command.agent if isinstance(command, ApplyDefaultWrapUp) else command.actor


def wrap_up_not_open(question: Question) -> bool:
    """R21: the agent's wrap-up has not opened, or was closed again with a transfer (Q17)."""
    wrap_up = question.call.wrap_up_meant(wrapping_up_agent(question))
    return wrap_up is None or not (wrap_up.is_open or wrap_up.reason_given)


def reason_given_already(question: Question) -> bool:
    """W5: this agent has given the reason of this wrap-up."""
    wrap_up = question.call.wrap_up_meant(wrapping_up_agent(question))
    return wrap_up is not None and wrap_up.reason_given


def no_extension_left(question: Question) -> bool:
    """W8: the agent has extended this wrap-up as often as the rule set allows."""
    wrap_up = question.call.wrap_up_meant(question.command.actor)
    return wrap_up is not None and wrap_up.extensions >= question.rules.wrap_up_extensions


def wraps_up_by_hand(question: Question) -> bool:
    """W8: an extended wrap-up is not closed by the default reason."""
    wrap_up = question.call.wrap_up_meant(wrapping_up_agent(question))
    return wrap_up is not None and wrap_up.extensions > 0


def nothing_to_correct(question: Question) -> bool:
    """L3: no such event, or a right reason for an event that gave none."""
    call, command = question.call, question.command
    if not isinstance(command, Correct):
        return False
    if command.reason is None:
        return command.corrected_version > call.version
    return all(wrap_up.applied_version != command.corrected_version for wrap_up in call.wrap_ups)
