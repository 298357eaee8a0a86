"""The options that ask for an earlier moment, in its two senses, and what an answer says of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from entrypoints.ui.period import until

if TYPE_CHECKING:
    from projections.as_of import AsOf
    from projections.serving.read_side import Answering

KnownAt = Annotated[
    str | None,
    typer.Option(
        metavar="POSITION|TIME",
        help="As the ledger knew it: up to this position, or what was recorded by this time.",
    ),
]
HappenedBy = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only what had happened by this time, as far as is known."),
]
WithoutCorrections = Annotated[
    bool,
    typer.Option("--without-corrections", help="As it was first reported, without corrections."),
]
LONGEST_POSITION = 18
"""Digits of a position: as many as fit into 64 bits, whatever they are."""

JUST_BEFORE = timedelta(microseconds=1)


class AskedMoment(NamedTuple):
    """A moment as it is asked for; a day counts to its end."""

    known_at: str | None = None
    happened_by: str | None = None
    without_corrections: bool = False
    time_zone: str = "UTC"

    @property
    def is_now(self) -> bool:
        """Whether no earlier moment is asked for."""
        return not (self.known_at or self.happened_by or self.without_corrections)

    def looked_up(self, reader: Answering) -> AsOf | None:
        """The moment in the ledger; nothing when none is asked for. Raises as `moment` does."""
        if self.is_now:
            return None
        from projections.serving.moment import moment

        return moment(
            reader,
            position_or_time(self.known_at, self.time_zone),
            last_moment(self.happened_by, self.time_zone),
            not self.without_corrections,
        )

    def looked_up_in(self, ledgers: Mapping[str, Answering]) -> dict[str, AsOf] | None:
        """The moment in each of several ledgers; nothing when none is asked for.

        Raises `BadParameter` for a position, and as `moment` does.
        """
        if isinstance(position_or_time(self.known_at, self.time_zone), int):
            raise typer.BadParameter(
                "A position is one ledger's own: name a time, which all of them have."
            )
        found = {name: self.looked_up(reader) for name, reader in ledgers.items()}
        return {name: as_of for name, as_of in found.items() if as_of is not None} or None


def position_or_time(text: str | None, time_zone: str) -> int | datetime | None:
    """A number is a position, and anything else a day or a time."""
    position = position_in(text)
    return last_moment(text, time_zone) if position is None else position


def position_in(text: str | None) -> int | None:
    """The position that digits name; nothing for another text."""
    if text is None or not (text.isascii() and text.isdecimal()):
        return None
    if len(text) > LONGEST_POSITION:
        raise typer.BadParameter(f"A position has at most {LONGEST_POSITION} digits.")
    return int(text)


def last_moment(text: str | None, time_zone: str) -> datetime | None:
    """The time itself, or the last moment of the day, in UTC."""
    after = until(text, time_zone)
    is_day = text is not None and len(text) == len("2026-01-31")
    return after - JUST_BEFORE if after is not None and is_day else after


def notes_of(about: dict[str, Any]) -> list[str]:
    """The notes below an answer, of several ledgers one each; none where it is of now."""
    of_each = [
        f"Ledger {ledger['ledger']}: {moment_in_words(ledger['as_of'])}"
        for ledger in about.get("ledgers", [])
        if "as_of" in ledger
    ]
    return [moment_in_words(about["as_of"])] if "as_of" in about else of_each


def moment_in_words(facts: dict[str, Any]) -> str:
    """What an answer says of its moment, for people; `facts` are those of `facts_of`."""
    known = facts["known_at"]
    recorded = f", recorded at {known['recorded_at']}" if known["recorded_at"] else ""
    parts = [f"As the ledger knew it at position {known['position']:,}{recorded}"]
    if facts["happened_by"]:
        parts.append(f"what had happened by {facts['happened_by']}")
    if not facts["with_corrections"]:
        parts.append("without corrections")
    if facts["rule_set"]:
        parts.append(f"with rule set {facts['rule_set']} in force")
    return ", ".join(parts) + "."
