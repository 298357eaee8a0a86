"""The words the domain's tests are written in: who acts, what they ask, and where a call stands.

A1 is the owner, A2 the consulted agent, A3 a further one; `SCENES` has one way into each phase.
"""

from __future__ import annotations

from typing import Any

from domain import commands
from domain.commands import Command
from domain.vocabulary import CUSTOMER, SYSTEM, Phase, TargetKind
from tests.domain.specification import command

A1, A2, A3 = "agent-1", "agent-2", "agent-3"
STRANGER = "agent-9"
NUMBER = "+39*0612"

Story = tuple[Command, ...]


def receive(**fields: Any) -> Command:
    return command(commands.Receive, SYSTEM, **{"queue": "sales", **fields})


def offer(agent: str = A1) -> Command:
    return command(commands.Offer, SYSTEM, agent=agent)


def answer(actor: str = A1) -> Command:
    return command(commands.Answer, actor)


def miss_offer(actor: str = SYSTEM, agent: str | None = None) -> Command:
    return command(commands.MissOffer, actor, agent=agent)


def decline_offer(actor: str = A1, agent: str | None = None) -> Command:
    return command(commands.DeclineOffer, actor, agent=agent)


def abandon(actor: str = CUSTOMER) -> Command:
    return command(commands.Abandon, actor)


def hold(actor: str = A1, party: str = CUSTOMER) -> Command:
    return command(commands.Hold, actor, party=party)


def resume(actor: str = A1) -> Command:
    return command(commands.Resume, actor)


def start_consult(
    actor: str = A1, target: str = A2, kind: TargetKind = TargetKind.AGENT
) -> Command:
    return command(commands.StartConsult, actor, target_kind=kind, target=target)


def answer_consult(actor: str = A2) -> Command:
    return command(commands.AnswerConsult, actor)


def decline_consult(actor: str = A2) -> Command:
    return command(commands.DeclineConsult, actor)


def cancel_consult(actor: str = A1) -> Command:
    return command(commands.CancelConsult, actor)


def end_consult(actor: str = A1) -> Command:
    return command(commands.EndConsult, actor)


def start_conference(actor: str = A1, member: str | None = None) -> Command:
    return command(commands.StartConference, actor, member=member)


def fail_conference() -> Command:
    return command(commands.FailConference, SYSTEM)


def request_transfer(
    actor: str = A1, target: str | None = None, kind: TargetKind | None = None
) -> Command:
    return command(commands.RequestTransfer, actor, target=target, target_kind=kind)


def accept_transfer(actor: str = A2) -> Command:
    return command(commands.AcceptTransfer, actor)


def decline_transfer(actor: str = A2) -> Command:
    return command(commands.DeclineTransfer, actor)


def fail_transfer() -> Command:
    return command(commands.FailTransfer, SYSTEM)


def withdraw_transfer(actor: str = A1) -> Command:
    return command(commands.WithdrawTransfer, actor)


def leave(actor: str = CUSTOMER) -> Command:
    return command(commands.Leave, actor)


def exit_call(actor: str = A2, **fields: Any) -> Command:
    return command(commands.Exit, actor, **fields)


def hang_up(actor: str = A1) -> Command:
    return command(commands.HangUp, actor)


def end_conference(actor: str = A1) -> Command:
    return command(commands.EndConference, actor)


def end_call(actor: str = A1) -> Command:
    return command(commands.EndCall, actor)


def apply_wrap_up(actor: str = A1, reason: str = "sold") -> Command:
    return command(commands.ApplyWrapUp, actor, reason=reason)


def extend_wrap_up(actor: str = A1) -> Command:
    return command(commands.ExtendWrapUp, actor)


def apply_default(agent: str = A1) -> Command:
    return command(commands.ApplyDefaultWrapUp, SYSTEM, agent=agent)


def correct(version: int, reason: str | None = None, actor: str = "auditor") -> Command:
    return command(
        commands.Correct, actor, corrected_version=version, why="typed wrongly", reason=reason
    )


def queued() -> Story:
    return (receive(),)


def offered() -> Story:
    return (*queued(), offer())


def connected() -> Story:
    return (*offered(), answer())


def held() -> Story:
    return (*connected(), hold())


def consult_asked(target: str = A2, kind: TargetKind = TargetKind.AGENT) -> Story:
    return (*connected(), start_consult(target=target, kind=kind))


def consulting() -> Story:
    return (*consult_asked(), answer_consult())


def conference() -> Story:
    return (*consulting(), start_conference())


def conference_of_four() -> Story:
    """Only under `multi-party`: A1, A2, A3 and the customer."""
    return (*conference(), start_consult(target=A3), answer_consult(A3), start_conference())


def wrap_up_assist() -> Story:
    return (*conference(), leave())


def blind_request() -> Story:
    return (*connected(), request_transfer(target=A2, kind=TargetKind.AGENT))


def consult_request() -> Story:
    return (*consulting(), request_transfer())


def conference_request() -> Story:
    return (*conference(), request_transfer(target=A2))


def transferred() -> Story:
    """A2 owns the call; A1 is out, with an open wrap-up."""
    return (*blind_request(), accept_transfer())


def offered_to_three() -> Story:
    """The queue rings A1, A2 and A3 at once (O2)."""
    return (*queued(), offer(A1), offer(A2), offer(A3))


def waiting_again(target: str = "support", kind: TargetKind = TargetKind.QUEUE) -> Story:
    """A1 has transferred the call into a queue, where it waits (Q24)."""
    return (*connected(), request_transfer(target=target, kind=kind))


def ended() -> Story:
    return (*connected(), end_call())


def closed() -> Story:
    return (*ended(), apply_wrap_up())


SCENES: dict[Phase, Story] = {
    Phase.NOT_RECEIVED: (),
    Phase.QUEUED: queued(),
    Phase.CONNECTED: connected(),
    Phase.HELD: held(),
    Phase.CONSULT_ASKED: consult_asked(),
    Phase.CONSULTING: consulting(),
    Phase.CONFERENCE: conference(),
    Phase.WRAP_UP_ASSIST: wrap_up_assist(),
    Phase.ENDED: ended(),
    Phase.CLOSED: closed(),
}
