"""How a simulated call changes hands."""

from __future__ import annotations

from collections.abc import Generator

from domain import commands
from domain.vocabulary import TargetKind, TransferFailure
from simulation.calibration import QUEUES, REASONS
from simulation.centre import Step
from simulation.course import SHORT_WHILE, Course, Steps
from simulation.offers import find_owner, give_up


def transfer(course: Course, receiver: str) -> Generator[Step, None, bool]:
    """Request a transfer to a party who is in the call already; returns whether it succeeds."""
    yield course.by(course.owner, commands.RequestTransfer)
    return (yield from outcome(course, receiver))


def transfer_blindly(course: Course) -> Steps:
    """Hand over without a consult, to a queue, an agent or a dial number; then the call ends."""
    centre = course.centre
    if centre.chance("transfer_to_queue"):
        yield from return_to_queue(course)
        return
    if centre.chance("transfer_to_dial_number"):
        receiver = course.next_external()
        kind, target = TargetKind.DIAL_NUMBER, centre.number()
    else:
        receiver = target = centre.take_agent()
        kind = TargetKind.AGENT
    yield course.by(course.owner, commands.RequestTransfer, target_kind=kind, target=target)
    if not (yield from outcome(course, receiver)):
        centre.release_agent(receiver)
        course.wait("after_hold")
    yield from course.end()


def return_to_queue(course: Course) -> Steps:
    """The owner leaves at once and wraps up, and the call waits for another agent (Q24)."""
    former_owner, course.queue = course.owner, course.centre.one_of(QUEUES)
    yield course.by(
        former_owner,
        commands.RequestTransfer,
        target_kind=TargetKind.QUEUE,
        target=course.queue,
    )
    course.beside(former_owner)
    course.owner = ""
    if course.centre.chance("abandoned_after_transfer"):
        yield from give_up(course)
    elif (yield from find_owner(course)):
        course.wait("talk")
        yield from course.end()


def outcome(course: Course, receiver: str) -> Generator[Step, None, bool]:
    """Accepted, declined, withdrawn or failed; returns whether the receiver owns the call now."""
    centre, owner = course.centre, course.owner
    course.now += SHORT_WHILE // 4
    gives_reason = centre.chance("reason_given_while_pending")
    if gives_reason:
        yield course.by(owner, commands.ApplyWrapUp, reason=centre.one_of(REASONS))
    course.wait("transfer")
    luck = centre.random.random()
    declined = centre.share("transfer_declined")
    failed = declined + centre.share("transfer_failed")
    withdrawn = failed + centre.share("transfer_withdrawn")
    if luck < declined:
        yield course.by(receiver, commands.DeclineTransfer)
    elif luck < failed:
        yield course.by_system(commands.FailTransfer, failure=TransferFailure.NO_ANSWER)
    elif luck < withdrawn:
        yield course.by(owner, commands.WithdrawTransfer)
    else:
        yield course.by(receiver, commands.AcceptTransfer)
        if gives_reason:
            centre.release_agent(owner)
        else:
            course.beside(owner)
        course.owner = receiver
        course.wait("talk")
        return True
    course.now += SHORT_WHILE
    return False
