"""What the observation door makes of observations, in memory, as the ledger does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from domain.call import Call
from domain.commands import Command
from domain.decide import observe
from domain.event import Event
from domain.events import TransferAccepted
from domain.rule_sets import SEED
from importers.observation import Observation, Unreadable

SAMPLES = Path(__file__).parent / "samples"
WITH_TIMES = SAMPLES / "with_times.json"
WITHOUT_TIMES = SAMPLES / "without_times.json"
PARTLY_UNREADABLE = SAMPLES / "partly_unreadable.json"


class Recorded:
    """Calls, events and rule breaks after recording; a command id that is known adds nothing."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = defaultdict(Call)
        self.commands: dict[str, list[Command]] = defaultdict(list)
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.breaks: list[tuple[str, str, str]] = []
        self.unreadable: list[Unreadable] = []
        self.known: set[object] = set()

    def record(self, observations: Iterable[Observation]) -> Recorded:
        for observation in observations:
            if isinstance(observation, Unreadable):
                self.unreadable.append(observation)
            elif observation.command_id not in self.known:
                self.known.add(observation.command_id)
                self.record_one(observation)
        return self

    def record_one(self, command: Command) -> None:
        outcome = observe(self.calls[command.call_id], command, SEED)
        self.calls[command.call_id] = outcome.call
        self.commands[command.call_id].append(command)
        self.events[command.call_id] += outcome.events
        self.breaks += [(command.call_id, command.action, rule) for rule in outcome.rules_broken]

    def count(self, event_class: type[Event]) -> Counter[str]:
        """How many events of a class each call has, for the calls that have any."""
        return Counter(
            call_id
            for call_id, events in self.events.items()
            for event in events
            if isinstance(event, event_class)
        )

    def count_asked(self, command_class: type[Command]) -> Counter[str]:
        """How many observations of a class each call has, for the calls that have any."""
        return Counter(
            call_id
            for call_id, commands in self.commands.items()
            for command in commands
            if isinstance(command, command_class)
        )

    def kinds_of_transfer(self) -> Counter[str]:
        return Counter(
            event.kind.value
            for events in self.events.values()
            for event in events
            if isinstance(event, TransferAccepted)
        )

    def told(self, call_id: str) -> list[str]:
        """The types of a call's events, without their prefix and version."""
        return [
            event.type.removeprefix("call.").removesuffix(".v1") for event in self.events[call_id]
        ]
