"""What became of many commands, counted."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.outcomes import Outcome, Recorded


class Tally:
    """What became of the commands so far."""

    def __init__(self) -> None:
        self.recorded = self.refused = self.repeated = self.events = 0

    def take(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.repeated:
            self.repeated += 1
        elif isinstance(outcome, Recorded):
            self.recorded += 1
            self.events += len(outcome.documents)
        else:
            self.refused += 1

    def take_all(self, outcomes: Iterable[Outcome]) -> None:
        """Count them all."""
        for outcome in outcomes:
            self.take(outcome)

    def sentence(self) -> str:
        """The counts in words."""
        again = f" {self.repeated:,} were known already." if self.repeated else ""
        return (
            f"{self.recorded:,} commands recorded as {self.events:,} events, "
            f"{self.refused:,} refused by the rules.{again}"
        )
