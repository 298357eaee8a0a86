"""What the ledger asks of an event store, whichever database it is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eventsourcing.persistence import ApplicationRecorder


class StoredOutcome(NamedTuple):
    """The outcome of one command: the place of its events, or the number of its refusal."""

    command_id: bytes
    first_position: int | None
    events: int
    refusal_number: int | None


class Quarantined(NamedTuple):
    """What could not be read, as it came; it is kept when it is resolved, too."""

    number: int
    received_at: str
    origin: str
    """Where it came from: a file and line, a topic and offset."""
    reason: str
    original: bytes
    state: str
    """waiting, retried or discarded."""
    resolved_at: str | None = None
    resolved_by: str | None = None
    why: str | None = None


@dataclass(slots=True)
class Group:
    """What one transaction appends: rows in the order in which they were decided."""

    calls: list[tuple[str, str, int]] = field(default_factory=list)
    """Source, call id and call position of the calls that begin here."""
    events: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    """Position, call position, version and document."""
    refusals: list[tuple[int, bytes]] = field(default_factory=list)
    """Number and document."""
    outcomes: list[tuple[bytes, int | None, int, int | None]] = field(default_factory=list)
    """The fields of `StoredOutcome`, as a plain tuple because there is one for every command."""


class CallRecorder(ApplicationRecorder):
    """The library's recorder, and beside it what group commit and repeated commands need.

    The calls of the library that take `StoredEvent`s serve reading; appending goes by `Group`,
    because positions, refusals and outcomes must be durable in the same transaction.
    """

    @abstractmethod
    def append(self, group: Group) -> None:
        """Write the whole group in one durable transaction, or nothing of it.

        Raises `LedgerUnavailable` with a sentence when that fails.
        """

    @abstractmethod
    def outcomes_of(self, command_ids: Sequence[bytes]) -> list[StoredOutcome]:
        """The outcomes of those of the commands that have one."""

    @abstractmethod
    def known_calls(self, names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of the calls, by source and call id, that have events."""

    @abstractmethod
    def documents(self, first_position: int, count: int) -> list[bytes]:
        """The documents of so many events from a position on."""

    @abstractmethod
    def refusal(self, number: int) -> bytes:
        """The document of one refusal."""

    @abstractmethod
    def last_refusal_number(self) -> int:
        """The number of the latest refusal, or 0."""

    @abstractmethod
    def quarantine(self, received_at: str, unreadable: Sequence[tuple[str, str, bytes]]) -> int:
        """Keep origin, reason and bytes of what could not be read, in one durable transaction.

        Returns the number of the last, which counts from 1.
        """

    @abstractmethod
    def quarantined(self, after_number: int, limit: int) -> list[Quarantined]:
        """What is in quarantine, resolved or not, after a number and in their order."""

    @abstractmethod
    def resolve(self, number: int, state: str, at: str, by: str, why: str) -> None:
        """Say how one that waits was resolved; the row and its bytes stay."""

    @abstractmethod
    def close(self) -> None:
        """Close the store."""
