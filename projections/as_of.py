"""An earlier moment: what the ledger knew at a position, and what had happened by a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

CORRECTED: Final = "call.corrected.v1"
TIMES: Final = ("recorded_by", "happened_by")


@dataclass(frozen=True, slots=True)
class AsOf:
    """Which events and refusals count."""

    position: int
    """Events up to this position: what the ledger knew."""
    recorded_by: datetime | None = None
    """Refusals recorded by this time, UTC: they have no position. None is all of them."""
    happened_by: datetime | None = None
    """Only what had happened by this time, UTC; None is all that was known."""
    with_corrections: bool = True
    """Whether corrections count that were known by then."""

    def as_json(self) -> dict[str, Any]:
        """Its fields in plain values; times in ISO 8601."""
        facts = asdict(self)
        return {**facts, **{name: facts[name] and facts[name].isoformat() for name in TIMES}}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> AsOf:
        """Read what `as_json` made. Raises `KeyError`, `TypeError` and `ValueError`."""
        recorded_by, happened_by = (
            facts[name] and datetime.fromisoformat(facts[name]) for name in TIMES
        )
        with_corrections = bool(facts["with_corrections"])
        return cls(int(facts["position"]), recorded_by, happened_by, with_corrections)

    @property
    def is_known(self) -> str:
        """The condition for what has a position to have been known, in SQL."""
        return f"position <= {self.position}"

    @property
    def conditions(self) -> list[str]:
        """All that has to hold for an event of the table to count, in SQL."""
        conditions = [self.is_known]
        if self.happened_by is not None:
            conditions.append(f"occurred_at <= {literal(self.happened_by)}")
        if not self.with_corrections:
            conditions.append(f"type <> '{CORRECTED}'")
        return conditions

    @property
    def counts(self) -> str:
        """The condition for an event of the table to count, in SQL."""
        return " and ".join(self.conditions)

    def counts_of(self, refusals: str) -> str:
        """The condition for a refusal of this table to count, in SQL.

        Those are known that came before the first one recorded later: a clock that was put back
        does not let a refusal in that had not come yet.
        """
        conditions = ["true"]
        if self.recorded_by is not None:
            later = (
                f"select min(refusal_number) from {refusals}"
                f" where recorded_at > {literal(self.recorded_by)}"
            )
            conditions.append(f"coalesce(refusal_number < ({later}), true)")
        if self.happened_by is not None:
            conditions.append(f"refused_at <= {literal(self.happened_by)}")
        return " and ".join(conditions)


def literal(moment: datetime) -> str:
    """A moment in SQL."""
    return f"timestamp '{moment.isoformat(sep=' ')}'"
