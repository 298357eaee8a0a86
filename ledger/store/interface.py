"""What an event store is, whichever database it is: read by anybody, written in turns.

How to add another one is told in docs/how-to/add-a-store.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infra.errors import LedgerUnavailable

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


class QuarantineEntry(NamedTuple):
    """What is said of something in quarantine where it is listed."""

    number: int
    received_at: str
    origin: str
    reason: str
    size_bytes: int
    state: str


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


CallName = tuple[str, str]
"""A call's source and its id there."""


class StoredOutcome(NamedTuple):
    """The outcome of one command: the place of its events, or the number of its refusal."""

    command_id: bytes
    first_position: int | None
    events: int
    refusal_number: int | None
    fingerprint: int | None = None
    """Of what the command asked; none where a version recorded it that kept none."""


@dataclass(slots=True)
class NewRows:
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
        """The ends of the ledger once these are appended."""
        return Ends(
            self.events[-1][0] if self.events else ends.position,
            self.refusals[-1][0] if self.refusals else ends.refusal_number,
        )


class TurnLost(LedgerUnavailable):
    """The connection was lost and nothing of the turn was written: take another one."""


@dataclass(slots=True)
class Turn:
    """What a writer knows while nobody else can write, and what it appends at the turn's end."""

    ends: Ends
    outcomes: Sequence[StoredOutcome]
    """The outcomes of those of the asked commands that have one."""
    calls: Collection[CallName]
    """Those of the asked calls that have events."""
    written_by_others: Collection[int] | None
    """Call positions that others have appended to since the last turn; None when it is any."""
    rows: NewRows | None = None

    def append(self, rows: NewRows) -> None:
        """Write these in one durable transaction when the turn ends without an error."""
        self.rows = rows


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

    def documents_of(self, source: str, call_id: str, until: int) -> list[bytes]:
        """The documents of one call up to a position, in the order of their versions."""
        rows = self.rows(
            "SELECT document FROM events"
            " WHERE call = (SELECT call FROM calls WHERE source = ? AND call_id = ?)"
            " AND position <= ? ORDER BY version",
            source,
            call_id,
            until,
        )
        return [document for (document,) in rows]

    def events_of_call(self, call: int, until: int) -> list[tuple[int, bytes]]:
        """Position and document of one call's events up to a position, in order.

        The call is named by its own position.
        """
        return self.rows(
            "SELECT position, document FROM events WHERE call = ? AND position <= ?"
            " ORDER BY version",
            call,
            until,
        )

    def calls_after(self, source: str, call_id: str, limit: int) -> list[CallName]:
        """The next calls in the order of their names, at most `limit`."""
        return self.rows(
            "SELECT source, call_id FROM calls WHERE (source, call_id) > (?, ?)"
            " ORDER BY source, call_id LIMIT ?",
            source,
            call_id,
            limit,
        )

    def calls_of_id(self, call_id: str) -> list[tuple[str, int]]:
        """Source and call position of each call of this id, in the order of sources.

        Each source is searched on its own: there are few, and the key of `calls` begins with it.
        """
        found: list[tuple[str, int]] = []
        source: str | None = ""
        while True:
            ((source,),) = self.rows("SELECT min(source) FROM calls WHERE source > ?", source)
            if source is None:
                return found
            rows = self.rows(
                "SELECT call FROM calls WHERE source = ? AND call_id = ?", source, call_id
            )
            found += ((source, call) for (call,) in rows)

    def waiting(self) -> int:
        """How many in quarantine nobody has resolved."""
        ((count,),) = self.rows("SELECT count(*) FROM quarantine WHERE state = 'waiting'")
        return int(count)

    def quarantined_from(self, origin: str) -> int | None:
        """The number of what is in quarantine from this origin, resolved or not; if anything is."""
        ((number,),) = self.rows("SELECT min(number) FROM quarantine WHERE origin = ?", origin)
        return None if number is None else int(number)

    def quarantine_entries(
        self, after_number: int, limit: int, with_resolved: bool
    ) -> list[QuarantineEntry]:
        """What is in quarantine after a number, without its bytes."""
        rows = (
            self.rows(
                "SELECT number, received_at, origin, reason, length(original), state"
                " FROM quarantine WHERE number > ? ORDER BY number LIMIT ?",
                after_number,
                limit,
            )
            if with_resolved
            else self.rows(
                "SELECT number, received_at, origin, reason, length(original), state"
                " FROM quarantine WHERE state = 'waiting' AND number > ? ORDER BY number LIMIT ?",
                after_number,
                limit,
            )
        )
        return list(map(QuarantineEntry._make, rows))

    def quarantined(self, after_number: int, limit: int) -> list[Quarantined]:
        """What is in quarantine, resolved or not, after a number."""
        rows = self.rows(
            "SELECT * FROM quarantine WHERE number > ? ORDER BY number LIMIT ?",
            after_number,
            limit,
        )
        return list(map(Quarantined._make, rows))


class EventStore(StoreReader):
    """A store that can be written: by one process in SQLite, by many in PostgreSQL."""

    @abstractmethod
    def turn(
        self, command_ids: Sequence[bytes] = (), calls: Sequence[CallName] = ()
    ) -> AbstractContextManager[Turn]:
        """Be the only writer for as long as this lasts.

        What was appended is durable, as a whole, when it ends without an error; an error inside
        leaves nothing. A commit whose answer is lost is looked for by its command ids before
        anything is said. Raises `TurnLost` when nothing was written because the connection was
        lost, and `LedgerUnavailable` with a sentence when the store cannot be used.
        """

    @abstractmethod
    def outcomes_of(self, command_ids: Sequence[bytes]) -> list[StoredOutcome]:
        """The outcomes of those of the commands that have one."""

    def documents(self, first_position: int, count: int) -> list[bytes]:
        """The documents of so many events from a position on."""
        rows = self.rows(
            "SELECT document FROM events WHERE position >= ? ORDER BY position LIMIT ?",
            first_position,
            count,
        )
        return [document for (document,) in rows]

    def refusal(self, number: int) -> bytes:
        """The document of one refusal."""
        ((document,),) = self.rows("SELECT document FROM refusals WHERE number = ?", number)
        return bytes(document)

    def events_of(
        self, source: str, call_id: str, after_version: int, last_version: int | None
    ) -> list[tuple[int, bytes, int]]:
        """Version, document and position of the call's events, in order; None reads to its end."""
        return self.rows(
            "SELECT version, document, position FROM events"
            " WHERE call = (SELECT call FROM calls WHERE source = ? AND call_id = ?)"
            " AND version > ? AND version <= ? ORDER BY version",
            source,
            call_id,
            after_version,
            NO_LIMIT if last_version is None else last_version,
        )

    @abstractmethod
    def quarantine(self, received_at: str, unreadable: Sequence[tuple[str, str, bytes]]) -> int:
        """Keep origin, reason and bytes of what could not be read, in one durable transaction.

        Returns the number of the last, which counts from 1.
        """

    @abstractmethod
    def resolve(self, number: int, state: str, at: str, by: str, why: str) -> None:
        """Say how one that waits was resolved; the row and its bytes stay."""
