"""One call on its way through the simulated day, and how every call ends."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, Final

from domain import commands
from domain.commands import Command
from domain.vocabulary import CUSTOMER, SYSTEM, Via
from simulation.calibration import QUEUES, REASONS
from simulation.centre import Centre, Step

Steps = Iterator[Step]

SHORT_WHILE: Final = 1_200_000
"""Microseconds between two steps that somebody takes one right after the other."""


class Course:
    """Where one call stands: `now` is in microseconds since the start, and only grows."""

    def __init__(self, centre: Centre, call_id: str, arrival: int) -> None:
        self.centre = centre
        self.call_id = call_id
        self.now = arrival
        self.owner = ""
        self.queue = centre.one_of(QUEUES)
        self.externals = 0

    def by(self, actor: str, command_class: type[Command], **own: Any) -> Step:
        """A step at this moment, by an agent at the desktop or by somebody with a telephone."""
        via = Via.DESKTOP if actor.startswith("agent-") else Via.DEVICE
        return Step(self.now, command_class, self.call_id, actor, via, own)

    def by_device(self, actor: str) -> Step:
        """A telephone is hung up at this moment."""
        return Step(self.now, commands.HangUp, self.call_id, actor, Via.DEVICE, {})

    def by_system(self, command_class: type[Command], **own: Any) -> Step:
        """A step of the telephone system at this moment."""
        return Step(self.now, command_class, self.call_id, SYSTEM, Via.SYSTEM, own)

    def wait(self, name: str) -> None:
        """Let as much time pass as this usually takes."""
        self.now += self.centre.lasting(name)

    def next_external(self) -> str:
        """A party at a dial number."""
        self.externals += 1
        return f"external-{self.externals}"

    def end(self) -> Steps:
        """The call ends while connected, by either side, and the owner wraps up."""
        luck, centre = self.centre.random.random(), self.centre
        by_customer = centre.share("ended_by_customer")
        if luck < by_customer:
            yield self.by(CUSTOMER, commands.Leave)
        elif luck < by_customer + centre.share("ended_by_system"):
            yield self.by_system(commands.EndCall)
        elif centre.chance("hung_up_by_device") or not self.owner.startswith("agent-"):
            yield self.by_device(self.owner)
        else:
            yield self.by(self.owner, commands.EndCall)
        yield from self.wrap_up(self.owner)

    def end_held(self) -> Steps:
        """The customer leaves while on hold."""
        yield self.by(CUSTOMER, commands.Leave)
        yield from self.wrap_up(self.owner)

    def wrap_up(self, agent: str) -> Steps:
        """The agent gives a reason, or time runs out, or it is forgotten; then is idle again."""
        centre = self.centre
        if agent.startswith("agent-") and centre.chance("wrapped_up"):
            self.wait("wrap_up")
            if centre.chance("reason_by_default"):
                yield self.by_system(commands.ApplyDefaultWrapUp, agent=agent)
            else:
                if centre.chance("wrap_up_extended"):
                    yield self.by(agent, commands.ExtendWrapUp)
                    self.wait("wrap_up")
                yield self.by(agent, commands.ApplyWrapUp, reason=centre.one_of(REASONS))
            if centre.chance("reason_given_twice"):
                self.now += SHORT_WHILE
                yield self.by(agent, commands.ApplyWrapUp, reason=centre.one_of(REASONS))
        centre.release_agent(agent)

    def beside(self, agent: str) -> None:
        """Let the agent wrap up while the call goes on with others."""
        self.centre.beside.append(copy(self).wrap_up(agent))
