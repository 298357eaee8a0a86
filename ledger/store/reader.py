"""Reading an event store, whichever database it is; without anything of the write side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

NO_LIMIT = 2**62


class Ends(NamedTuple):
    """The last position and the last refusal number of the ledger."""

    position: int
    refusal_number: int


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


class Soundness(NamedTuple):
    """Whether a database finds itself sound, and what it says."""

    is_sound: bool
    says: str


class JoinedRows(NamedTuple):
    """Events next to each other, each column joined into one value by the database."""

    events: int
    first_position: int | None
    last_position: int | None
    call_positions: str | None
    """Numbers with commas between them."""
    sizes_bytes: str | None
    """Of the documents; as the call positions."""
    documents: bytes | None
    """With nothing between them."""


class StoreReader(ABC):
    """Reads the tables, which are the same in every database."""

    JOINED: str
    """How this database joins the calls, the documents' sizes and the documents."""

    @abstractmethod
    def rows(self, query: str, *parameters: object) -> list[Any]:
        """The rows of a query whose parameters are marked by `?`.

        Raises `LedgerUnavailable` with a sentence when that fails.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the store."""

    @abstractmethod
    def size_bytes(self) -> int:
        """How much the store takes on disk."""

    @abstractmethod
    def soundness(self) -> Soundness:
        """What the database itself says about its state."""

    def ends(self) -> Ends:
        """The last position and refusal number, 0 where there is none."""
        ((position, number),) = self.rows(
            "SELECT (SELECT coalesce(max(position), 0) FROM events),"
            " (SELECT coalesce(max(number), 0) FROM refusals)"
        )
        return Ends(position, number)

    def events_after(self, position: int, limit: int) -> list[tuple[int, int, bytes]]:
        """Position, call position and document of the next events, at most `limit`."""
        return self.rows(
            "SELECT position, call, document FROM events WHERE position > ?"
            " ORDER BY position LIMIT ?",
            position,
            limit,
        )

    def joined_events_after(self, position: int, limit: int) -> JoinedRows:
        """As `events_after`: no object is made for each event, which costs more than reading it."""
        (row,) = self.rows(
            f"SELECT count(*), min(position), max(position), {self.JOINED} FROM ("
            "SELECT position, call, document FROM events WHERE position > ?"
            " ORDER BY position LIMIT ?) AS page",
            position,
            limit,
        )
        return JoinedRows(*row)

    def refusals_after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        """Number and document of the next refusals, at most `limit`."""
        return self.rows(
            "SELECT number, document FROM refusals WHERE number > ? ORDER BY number LIMIT ?",
            number,
            limit,
        )

    def documents_of(self, source: str, call_id: str) -> list[bytes]:
        """The documents of one call in the order of their versions; none when it is unknown."""
        rows = self.rows(
            "SELECT document FROM events"
            " WHERE call = (SELECT call FROM calls WHERE source = ? AND call_id = ?)"
            " ORDER BY version",
            source,
            call_id,
        )
        return [document for (document,) in rows]

    def waiting(self) -> int:
        """How many in quarantine nobody has resolved."""
        ((count,),) = self.rows("SELECT count(*) FROM quarantine WHERE state = 'waiting'")
        return int(count)

    def has_quarantined(self, origin: str) -> bool:
        """Whether something of this origin is in quarantine, resolved or not."""
        return bool(self.rows("SELECT 1 FROM quarantine WHERE origin = ? LIMIT 1", origin))

    def quarantined(self, after_number: int, limit: int) -> list[Quarantined]:
        """What is in quarantine, resolved or not, after a number."""
        rows = self.rows(
            "SELECT * FROM quarantine WHERE number > ? ORDER BY number LIMIT ?",
            after_number,
            limit,
        )
        return list(map(Quarantined._make, rows))
