"""How a simulated call finds an agent, or does not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from domain import commands
from domain.vocabulary import CUSTOMER
from simulation.centre import Step
from simulation.course import SHORT_WHILE, Course, Steps

OFFERS_LIMIT: Final = 6


def find_owner(course: Course) -> Generator[Step, None, bool]:
    """Offer the call until somebody answers; returns whether anybody has."""
    centre = course.centre
    course.now += SHORT_WHILE
    if centre.chance("queue_wait"):
        course.wait("queue_wait")
    asked: list[str] = []
    while len(asked) < OFFERS_LIMIT and not course.owner:
        agent = centre.take_agent()
        yield course.by_system(commands.Offer, agent=agent, queue=course.queue)
        course.wait("ring")
        if centre.chance("offer_not_answered"):
            asked.append(agent)
            yield from not_answered(course, agent)
            course.now += SHORT_WHILE
        else:
            course.owner = agent
            yield course.by(agent, commands.Answer)
    # Whoever was asked in vain is idle only now: nobody is offered the same call again (O1).
    for agent in asked:
        centre.release_agent(agent)
    if not course.owner:
        yield course.by(CUSTOMER, commands.Abandon)
    return bool(course.owner)


def not_answered(course: Course, agent: str) -> Steps:
    """The agent declines, or lets it ring; some answer too late."""
    if course.centre.chance("offer_declined"):
        yield course.by(agent, commands.DeclineOffer)
        return
    yield course.by_system(commands.MissOffer)
    if course.centre.chance("answer_after_missing"):
        course.now += SHORT_WHILE // 2
        yield course.by(agent, commands.Answer)


def give_up(course: Course) -> Steps:
    """The customer leaves the queue, perhaps while somebody's telephone rings."""
    centre = course.centre
    leaves_at = course.now + centre.lasting("patience")
    course.wait("queue_wait")
    agent = ""
    if course.now < leaves_at:
        agent = centre.take_agent()
        yield course.by_system(commands.Offer, agent=agent, queue=course.queue)
        course.wait("ring")
        if course.now + SHORT_WHILE < leaves_at:
            yield from not_answered(course, agent)
    course.now = leaves_at
    yield course.by(CUSTOMER, commands.Abandon)
    centre.release_agent(agent)


def turn_away(course: Course) -> Steps:
    """The system ends the call before anybody answers, for example after too long a wait."""
    course.wait("patience")
    yield course.by_system(commands.EndCall)
