"""How a simulated call finds an agent, or does not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from domain import commands
from domain.vocabulary import CUSTOMER
from simulation.centre import Step
from simulation.course import SHORT_WHILE, Course, Steps

OFFERS_LIMIT: Final = 6
RING_ALL: Final = 3
"""How many agents are rung at once, where the queue rings several."""


def find_owner(course: Course) -> Generator[Step, None, bool]:
    """Offer the call until somebody answers; returns whether anybody has."""
    centre = course.centre
    course.now += SHORT_WHILE
    if centre.chance("queue_wait"):
        course.wait("queue_wait")
    asked: list[str] = []
    while len(asked) < OFFERS_LIMIT and not course.owner:
        rung = [centre.take_agent() for _ in range(RING_ALL if centre.chance("ring_all") else 1)]
        for agent in rung:
            yield course.by_system(commands.Offer, agent=agent, queue=course.queue)
        course.wait("ring")
        if centre.chance("offer_not_answered"):
            asked += rung
            for agent in rung:
                yield from not_answered(course, agent)
            course.now += SHORT_WHILE
        else:
            # The first answer wins: the others' offers are answered elsewhere (O2).
            course.owner = centre.one_of(tuple(rung))
            asked += [agent for agent in rung if agent != course.owner]
            yield course.by(course.owner, commands.Answer)
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
    yield course.by_system(commands.MissOffer, agent=agent)
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
