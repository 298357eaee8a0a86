"""What the calls of a simulated day share: chance, durations, agents and what goes on beside."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from domain.commands import Command
from domain.rule_sets import RuleSet
from domain.vocabulary import Via
from simulation.calibration import ASSUMED, SECONDS, SHARES, TRIED

GRID_POINTS: Final = 4096

CHANCES: Final[Mapping[str, float]] = {
    **{name: count / of for name, (count, of) in SHARES.items()},
    **ASSUMED,
    **TRIED,
}


class Step(NamedTuple):
    """A command to be made: when, in microseconds since the start, which, by whom, of whom."""

    microseconds: int
    command_class: type[Command]
    call_id: str
    actor: str
    via: Via
    own: dict[str, Any]


def grid_of(points: tuple[float, ...]) -> list[int]:
    """Microseconds at even steps between the least, the deciles and the greatest."""
    grid: list[int] = []
    for step in range(GRID_POINTS):
        decile, part = divmod(step * (len(points) - 1) / GRID_POINTS, 1)
        low, high = points[int(decile)], points[int(decile) + 1]
        grid.append(int((low + (high - low) * part) * 1_000_000))
    return grid


GRIDS: Final = {name: grid_of(points) for name, points in SECONDS.items()}


class Centre:
    """One seeded contact centre. An agent is in one call at a time; more come when all are busy."""

    def __init__(self, seed: int, rules: RuleSet) -> None:
        self.random = Random(seed)  # noqa: S311 - a simulation must be repeatable
        self.rules = rules
        self.idle: deque[str] = deque()
        self.agents = 0
        self.beside: list[Iterator[Step]] = []
        """Courses begun since the last step, such as a former owner's wrap-up."""

    def share(self, name: str) -> float:
        """How often it happens, from 0 to 1."""
        return CHANCES[name]

    def chance(self, name: str) -> bool:
        """Whether it happens this time."""
        return self.random.random() < CHANCES[name]

    def lasting(self, name: str) -> int:
        """A duration in microseconds."""
        return GRIDS[name][int(self.random.random() * GRID_POINTS)]

    def one_of(self, names: tuple[str, ...]) -> str:
        """Any one of the names."""
        return names[int(self.random.random() * len(names))]

    def take_agent(self) -> str:
        """The agent who has been idle longest, or one more."""
        if self.idle:
            return self.idle.popleft()
        self.agents += 1
        return f"agent-{self.agents}"

    def release_agent(self, agent: str) -> None:
        """The agent is idle again; parties at a dial number are nobody's agents."""
        if agent.startswith("agent-"):
            self.idle.append(agent)

    def number(self) -> str:
        """A telephone number in a range that is kept for fiction."""
        return f"+1555{self.random.randrange(100, 10_000_000):07d}"
