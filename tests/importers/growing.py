"""What every importer of a source that is polled has to keep: a record may grow.

Call `grows` with the stages of a record, earliest first, from the tests of an importer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, permutations
from typing import TypeVar

from domain.commands import Command
from importers.observation import Observation
from tests.importers.recorded import Recorded

Stage = TypeVar("Stage")


def grows(read: Callable[[Stage], Sequence[Observation]], stages: Sequence[Stage]) -> None:
    """Assert that the early stages of a record say nothing that its last one does not.

    What is read of an early record is the beginning of what is read of each later one, with the
    same ids and the same content. From that follows the rest, which is looked at all the same:
    whatever was imported before, and in which order, the call is that of the last stage alone.
    """
    readings = [read(stage) for stage in stages]
    for early, late in pairwise(readings):
        assert list(late[: len(early)]) == list(early)
    alone = Recorded().record(readings[-1])
    orders = permutations(readings) if len(readings) <= 3 else [readings, readings[::-1]]
    for order in orders:
        told = Recorded()
        for reading in order:
            told.record(reading)
        assert by_id(told) == by_id(alone)
        if order[0] is readings[0] or order[0] is readings[-1]:
            assert told.events == alone.events
            assert told.breaks == alone.breaks


def by_id(recorded: Recorded) -> dict[object, Command]:
    """Everything that was recorded, by its command id."""
    return {
        command.command_id: command
        for commands in recorded.commands.values()
        for command in commands
    }
