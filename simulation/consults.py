"""Holds, consults and conferences of a simulated call."""

from __future__ import annotations

from domain import commands
from domain.vocabulary import CUSTOMER, TargetKind
from simulation.calibration import CONSULT_ENTRY_POINT, QUEUES
from simulation.course import SHORT_WHILE, Course, Steps
from simulation.transfers import transfer


def hold(course: Course) -> Steps:
    """Hold the customer for a while, then go on and end."""
    yield course.by(course.owner, commands.Hold)
    course.wait("hold")
    if course.centre.chance("customer_leaves_on_hold"):
        yield from course.end_held()
    else:
        yield from resume_and_end(course)


def resume_and_end(course: Course) -> Steps:
    """Take the customer off hold, and end; some try to end at once."""
    if course.centre.chance("end_while_held"):
        yield course.by(course.owner, commands.EndCall)
        course.now += SHORT_WHILE
    yield course.by(course.owner, commands.Resume)
    course.wait("after_hold")
    yield from course.end()


def consult(course: Course) -> Steps:
    """Ask somebody for advice; it ends, becomes a conference, or the call is handed over."""
    centre, owner = course.centre, course.owner
    kind, target, party = consulted(course)
    yield course.by(owner, commands.StartConsult, target_kind=kind, target=target)
    course.wait("ring")
    if not centre.chance("consult_answered"):
        if kind is TargetKind.AGENT and centre.chance("consult_declined"):
            yield course.by(party, commands.DeclineConsult)
        else:
            yield course.by(owner, commands.CancelConsult)
        centre.release_agent(party)
        course.now += SHORT_WHILE
        yield from resume_and_end(course)
        return
    yield course.by(party, commands.AnswerConsult)
    course.wait("consult")
    luck = centre.random.random()
    confers = centre.share("conference")
    if luck < confers:
        yield from confer(course, party)
    elif luck < confers + centre.share("consult_transfer"):
        if (yield from transfer(course, party)):
            yield from course.end()
        else:
            yield from end_consult(course, party)
    elif centre.chance("customer_leaves_in_consult"):
        yield course.by(CUSTOMER, commands.Leave)
        yield from assist(course, party)
    else:
        yield from end_consult(course, party)


def consulted(course: Course) -> tuple[TargetKind, str, str]:
    """Whom the owner consults: the kind of target, the target, and the party who is there."""
    centre = course.centre
    if centre.chance("consult_to_dial_number"):
        return TargetKind.DIAL_NUMBER, centre.number(), course.next_external()
    party = centre.take_agent()
    luck = centre.random.random()
    queue = centre.share("consult_to_queue")
    if luck < queue:
        return TargetKind.QUEUE, centre.one_of(QUEUES), party
    if luck < queue + centre.share("consult_to_entry_point"):
        return TargetKind.ENTRY_POINT, CONSULT_ENTRY_POINT, party
    return TargetKind.AGENT, party, party


def end_consult(course: Course, party: str) -> Steps:
    """Either of the two ends the consult, and the owner goes back to the customer."""
    if course.centre.chance("consulted_party_leaves"):
        yield course.by(party, commands.Exit)
    else:
        yield course.by(course.owner, commands.EndConsult)
    course.centre.release_agent(party)
    course.now += SHORT_WHILE
    yield from resume_and_end(course)


def confer(course: Course, member: str) -> Steps:
    """Talk together, with all that is tried in it, until somebody leaves."""
    centre, owner = course.centre, course.owner
    if centre.chance("conference_fails_first"):
        yield course.by_system(commands.FailConference)
        course.now += SHORT_WHILE
    yield course.by(owner, commands.StartConference, member=member)
    if centre.chance("hold_in_conference"):
        course.now += SHORT_WHILE
        yield course.by(owner, commands.Hold)
    if centre.rules.consult_in_conference and centre.chance("further_party"):
        yield from further_party(course)
    course.wait("conference")
    if centre.chance("member_ends_conference"):
        yield course.by(member, commands.EndConference)
        course.now += SHORT_WHILE
    yield from end_of_conference(course, member)


def further_party(course: Course) -> Steps:
    """One more agent is consulted from within the conference, joins it, and leaves it."""
    further = course.centre.take_agent()
    yield course.by(
        course.owner, commands.StartConsult, target_kind=TargetKind.AGENT, target=further
    )
    course.wait("ring")
    yield course.by(further, commands.AnswerConsult)
    course.wait("consult")
    yield course.by(course.owner, commands.StartConference, member=further)
    course.wait("conference")
    yield course.by(further, commands.Exit)
    course.centre.release_agent(further)


def end_of_conference(course: Course, member: str) -> Steps:
    """The owner ends or hands over, the customer leaves, or most often the member exits."""
    centre, owner = course.centre, course.owner
    luck = centre.random.random()
    handed_over = centre.share("conference_transfer")
    ended = handed_over + centre.share("conference_ended_by_owner")
    left = ended + centre.share("conference_left_by_customer")
    owner_left = left + centre.share("conference_left_by_owner")
    if luck < handed_over and (yield from transfer(course, member)):
        yield from course.end()
        return
    if luck < ended:
        if centre.chance("hung_up_by_device"):
            yield course.by_device(owner)
        else:
            yield course.by(owner, commands.EndConference)
        centre.release_agent(member)
        yield from course.wrap_up(owner)
        return
    if luck < left:
        yield course.by(CUSTOMER, commands.Leave)
        yield from assist(course, member)
        return
    if luck < owner_left and centre.rules.owner_may_leave:
        yield course.by(owner, commands.Exit)
        course.beside(owner)
        course.owner = member
        course.wait("after_conference")
        yield from course.end()
        return
    if centre.chance("hung_up_by_device"):
        yield course.by_device(member)
    else:
        yield course.by(member, commands.Exit)
    centre.release_agent(member)
    course.wait("after_conference")
    yield from course.end()


def assist(course: Course, member: str) -> Steps:
    """The customer has left and two agents go on for a while, in wrap-up assist."""
    centre, owner = course.centre, course.owner
    course.wait("after_hold")
    if centre.chance("hold_in_wrap_up_assist"):
        yield course.by(owner, commands.Hold)
        course.now += SHORT_WHILE
    if centre.chance("consulted_party_leaves"):
        yield course.by(owner, commands.EndCall)
    else:
        yield course.by(member, commands.Exit)
    centre.release_agent(member)
    yield from course.wrap_up(owner)
