"""What the ledger asks of an event store, whichever database it is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.store.reader import Ends, StoreReader


class StoredOutcome(NamedTuple):
    """The outcome of one command: the place of its events, or the number of its refusal."""

    command_id: bytes
    first_position: int | None
    events: int
    refusal_number: int | None
    fingerprint: int | None = None
    """Of what the command asked; none where a version recorded it that kept none."""


CallName = tuple[str, str]
"""A call's source and its id there."""


class Turn(NamedTuple):
    """What a writer knows when nobody else can write."""

    ends: Ends
    outcomes: Sequence[StoredOutcome]
    """The outcomes of those of the group's commands that have one."""
    calls: Collection[CallName]
    """Those of the calls that were asked for that have events."""
    written_by_others: Collection[int] | None
    """Call positions that others have appended to since the last turn; None when it is any."""


@dataclass(slots=True)
class Group:
    """What one transaction appends: rows in the order in which they were decided."""

    calls: list[tuple[str, str, int]] = field(default_factory=list)
    """Source, call id and call position of the calls that begin here."""
    events: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    """Position, call position, version and document."""
    refusals: list[tuple[int, bytes]] = field(default_factory=list)
    """Number and document."""
    outcomes: list[tuple[bytes, int | None, int, int | None, int | None]] = field(
        default_factory=list
    )
    """The fields of `StoredOutcome`, as a plain tuple because there is one for every command."""

    def __bool__(self) -> bool:
        return bool(self.events or self.refusals or self.outcomes)

    def ends_after(self, ends: Ends) -> Ends:
        """The ends of the ledger once the group is appended."""
        return Ends(
            self.events[-1][0] if self.events else ends.position,
            self.refusals[-1][0] if self.refusals else ends.refusal_number,
        )


Decide = Callable[[Turn], Group]
"""Decides a group against the ledger as it is in this turn."""


class CallRecorder(StoreReader):
    """What group commit, replay and repeated commands need of a store.

    Appending goes by `Group`, because positions, refusals and outcomes must be durable in the
    same transaction.
    """

    @abstractmethod
    def write(
        self, command_ids: Sequence[bytes], calls: Sequence[CallName], decide: Decide
    ) -> None:
        """Decide a group while nobody else writes, and append it in one durable transaction.

        The turn tells which of the commands have an outcome, and which of the calls have events.

        After a lost connection `decide` may be called again, with what is there then: the group
        of its last call is in the ledger when this returns, as a whole. Raises
        `LedgerUnavailable` with a sentence when that fails, and whatever `decide` raises.
        """

    @abstractmethod
    def events_of(
        self, source: str, call_id: str, after_version: int, last_version: int | None
    ) -> list[tuple[int, bytes, int]]:
        """Version, document and position of the call's events, in order; None reads to its end."""

    @abstractmethod
    def outcomes_of(self, command_ids: Sequence[bytes]) -> list[StoredOutcome]:
        """The outcomes of those of the commands that have one."""

    @abstractmethod
    def documents(self, first_position: int, count: int) -> list[bytes]:
        """The documents of so many events from a position on."""

    @abstractmethod
    def refusal(self, number: int) -> bytes:
        """The document of one refusal."""

    @abstractmethod
    def quarantine(self, received_at: str, unreadable: Sequence[tuple[str, str, bytes]]) -> int:
        """Keep origin, reason and bytes of what could not be read, in one durable transaction.

        Returns the number of the last, which counts from 1.
        """

    @abstractmethod
    def resolve(self, number: int, state: str, at: str, by: str, why: str) -> None:
        """Say how one that waits was resolved; the row and its bytes stay."""
