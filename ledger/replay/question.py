"""What is asked of a replay, and what comes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.rule_sets import RuleSet
from ledger.replay.judging import Difference
from ledger.replay.reading import Taken
from ledger.store.interface import NO_LIMIT

AskedCall = tuple[str | None, str]
"""A call's source, where it is named, and its id there."""

AFTER_ALL_TIMES = "~"
"""Text that sorts after every time."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is replayed."""

    rules: RuleSet
    against: RuleSet | None = None
    """None is what was recorded."""
    begin: int | str | None = None
    """From this position on, or what was recorded at this time or later, as documents write it."""
    end: int | str | None = None
    """Up to this position, or what was recorded before this time."""
    call: AskedCall | None = None
    """Only this call."""
    at_most: int = 1_000
    """So many differences are kept; all are counted."""


class Bounds(NamedTuple):
    """Which commands are judged; a refusal has no position, and is judged by its time."""

    first_position: int = 1
    last_position: int = NO_LIMIT
    since: str = ""
    """Recorded at this time or later."""
    until: str = AFTER_ALL_TIMES
    """Recorded before this time."""
    refused_since: str = ""
    refused_until: str = AFTER_ALL_TIMES

    def has(self, taken: Taken) -> bool:
        """Whether a command is judged."""
        recorded_at = taken.kept.recordedat
        if taken.position is None:
            return self.refused_since <= recorded_at < self.refused_until
        return (
            self.first_position <= taken.position <= self.last_position
            and self.since <= recorded_at < self.until
        )


EVERYTHING = Bounds()

Group = tuple[str, str, str, str, str, str, str]
"""State, change, before, after, role, phase and action."""


@dataclass(slots=True)
class Answer:
    """What came of it."""

    judged: int = 0
    differing: int = 0
    observed: int = 0
    not_rebuilt: int = 0
    """Commands that cannot be told from their events, and are taken as they were."""
    calls_differing: int = 0
    recorded_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Commands judged, by name and hash of the rule set that recorded them."""
    groups: Counter[Group] = field(default_factory=Counter)
    calls: Counter[Group] = field(default_factory=Counter)
    """How many calls are behind a group."""
    differences: list[Difference] = field(default_factory=list)

    def add(self, part: Answer, at_most: int) -> None:
        """Take the answer of the next part."""
        self.judged += part.judged
        self.differing += part.differing
        self.observed += part.observed
        self.not_rebuilt += part.not_rebuilt
        self.calls_differing += part.calls_differing
        self.recorded_by.update(part.recorded_by)
        self.groups.update(part.groups)
        self.calls.update(part.calls)
        self.differences += part.differences[: at_most - len(self.differences)]

    def add_differences(self, of_call: list[Difference], at_most: int) -> None:
        """Take the differences of one call."""
        if of_call:
            groups = Counter(one[:7] for one in of_call)
            self.groups.update(groups)
            self.calls.update(groups.keys())
            self.calls_differing += 1
            self.differences += of_call[: max(at_most - len(self.differences), 0)]
