"""What a command comes to: recorded, or refused. Both are final and survive a restart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from domain.commands import Command


class Request(NamedTuple):
    """A command, and the door it comes through."""

    command: Command
    observed: bool = False
    """An observation: it has already happened, so it is recorded whatever rules it broke."""


class Recorded(Struct, frozen=True, gc=False):
    """The command's events are in the ledger, on disk."""

    position: int
    """The position of the last of its events; they are next to each other."""
    version: int
    """The call's version after them."""
    documents: tuple[bytes, ...]
    """The events in order, as the bytes that were stored."""
    repeated: bool = False
    """Whether this is the first outcome of a command that was sent again."""


class RefusedOutcome(Struct, frozen=True, gc=False):
    """The command is not in the ledger, but the refusal is, as evidence."""

    number: int
    """The refusal's own number, which counts from 1 in the ledger."""
    rule: str
    sentence: str
    repeated: bool = False


class Misdirected(Struct, frozen=True, gc=False):
    """The command's call belongs to another ledger: nothing of it is kept in this one.

    It is no refusal by the rules, and its id has no outcome here: once the call belongs to this
    ledger, the same command is decided.
    """

    ledger: str | None
    """The ledger that the call belongs to; none where it belongs to none."""
    sentence: str
    repeated: bool = False
    """Never: each time that it comes it is looked at anew."""


KeptOutcome = Recorded | RefusedOutcome
"""What is kept under a command's id."""

Outcome = KeptOutcome | Misdirected


class OutcomeCounts:
    """What became of many commands, counted."""

    def __init__(self) -> None:
        self.recorded = self.refused = self.repeated = self.misdirected = self.events = 0

    def take(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.repeated:
            self.repeated += 1
        elif isinstance(outcome, Recorded):
            self.recorded += 1
            self.events += len(outcome.documents)
        elif isinstance(outcome, Misdirected):
            self.misdirected += 1
        else:
            self.refused += 1

    def take_all(self, outcomes: Iterable[Outcome]) -> None:
        """Count them all."""
        for outcome in outcomes:
            self.take(outcome)

    def sentence(self) -> str:
        """The counts in words."""
        again = f" {self.repeated:,} were known already." if self.repeated else ""
        others = f" {self.misdirected:,} belong to other ledgers." if self.misdirected else ""
        return (
            f"{self.recorded:,} commands recorded as {self.events:,} events, "
            f"{self.refused:,} refused by the rules.{again}{others}"
        )
