"""What a replay reads: what was recorded, by call. A store has it, and so has an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import chain, islice
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from infra.errors import WRONG_USAGE, LedgerError
from infra.folder import LedgerFolder
from ledger.feed import check_next
from ledger.replay.kept import recorded_event
from ledger.store.interface import CallName, Ends, StoreReader
from ledger.store.opening import store_to_read

Row = tuple[int, int, bytes]
"""Call position, position and document of an event."""

FirstEvent = tuple[int, str]
"""The position of a command's first event, and the command's id."""

LOOKED_UP_AT_ONCE: Final = 500
"""Command ids or calls in one query: SQLite bounds the parameters of a statement."""
REFUSALS_AT_ONCE: Final = 10_000

EVENTS: Final = "SELECT call, position, document FROM events"
NAMED: Final = (
    # CROSS JOIN keeps the order: for `IN (VALUES …)` SQLite scans all calls.
    "WITH asked (source, call_id) AS (VALUES {})"
    " SELECT calls.source, calls.call_id, calls.call FROM asked CROSS JOIN calls"
    " WHERE calls.source = asked.source AND calls.call_id = asked.call_id"
)

One = TypeVar("One")


class NoSuchPosition(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The ledger has no event at this position."""

    exit_code = WRONG_USAGE


class Events(NamedTuple):
    """Events, by call and version, and what tells the commands of some of them."""

    rows: Sequence[Row]
    fingerprints: Callable[[Sequence[FirstEvent]], Mapping[int, int | None]]
    """The fingerprints of commands by the position of their first event, where they were kept."""


class History(Protocol):
    """What was recorded, by call."""

    @property
    def part_events(self) -> int:
        """Calls that begin within so many positions are one process's part at a time."""
        ...

    @property
    def read_events(self) -> int:
        """Calls that begin within so many positions are well read at a time."""
        ...

    def head(self) -> Ends:
        """The last position and refusal number, 0 where there is none."""
        ...

    def events_between(self, first_call: int, last_call: int, last: int) -> Events:
        """Up to a position, the events of the calls at these positions."""
        ...

    def events_of(self, calls: Sequence[int], last: int) -> Events:
        """The same of some calls, at most as many as are looked up at once."""
        ...

    def calls_touched(self, first: int, last: int) -> list[int]:
        """The calls that began before a position and have events between this one and the last."""
        ...

    def calls_named(self, names: Sequence[CallName]) -> dict[CallName, int]:
        """The positions of those of the calls that have events."""
        ...

    def sources_of(self, call_id: str) -> list[str]:
        """The sources that have a call of this id with events."""
        ...

    def refusals(self) -> Iterable[tuple[int, bytes]]:
        """Number and document of every refusal, in order."""
        ...

    def recorded_at(self, position: int) -> str:
        """When the event at a position was recorded. Raises `NoSuchPosition`."""
        ...


OpenHistory = Callable[[], AbstractContextManager[History]]
"""Opens it, in this process or another one."""


@contextmanager
def store_history(folder: LedgerFolder) -> Iterator[StoreHistory]:
    """The ledger's store. Raises as `store_to_read` does."""
    with closing(store_to_read(folder)) as store:
        yield StoreHistory(store)


class StoreHistory:
    """Reads an event store beside its writers."""

    part_events = 10_000
    read_events = 200
    """What is made of so many stays in the processor's cache."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store

    def head(self) -> Ends:
        """How far the ledger is now."""
        return self._store.ends()

    def events_between(self, first_call: int, last_call: int, last: int) -> Events:
        """Events of calls next to each other."""
        query = f"{EVENTS} WHERE call >= ? AND call <= ? AND position <= ? ORDER BY call, version"
        return Events(self._store.rows(query, first_call, last_call, last), self._fingerprints)

    def events_of(self, calls: Sequence[int], last: int) -> Events:
        """Events of some calls."""
        marks = ", ".join("?" * len(calls))
        query = f"{EVENTS} WHERE call IN ({marks}) AND position <= ? ORDER BY call, version"
        return Events(self._store.rows(query, *calls, last), self._fingerprints)

    def calls_touched(self, first: int, last: int) -> list[int]:
        """Older calls that have events between two positions."""
        rows = self._store.rows(
            "SELECT DISTINCT call FROM events WHERE position >= ? AND position <= ? AND call < ?"
            " ORDER BY call",
            first,
            last,
            first,
        )
        return [call for (call,) in rows]

    def calls_named(self, names: Sequence[CallName]) -> dict[CallName, int]:
        """The calls of these names."""
        found: dict[CallName, int] = {}
        for some in in_parts(names):
            query = NAMED.format(", ".join(["(?, ?)"] * len(some)))
            for source, call_id, call in self._store.rows(query, *chain.from_iterable(some)):
                found[source, call_id] = call
        return found

    def sources_of(self, call_id: str) -> list[str]:
        """The sources that have a call of this id."""
        return [source for source, _ in self._store.calls_of_id(call_id)]

    def _fingerprints(self, wanted: Sequence[FirstEvent]) -> dict[int, int | None]:
        """The fingerprints that the commands' outcomes have."""
        found: dict[bytes, int | None] = {}
        ids = [id_bytes(command_id) for _, command_id in wanted]
        for some in in_parts(ids):
            marks = ", ".join("?" * len(some))
            query = f"SELECT command_id, fingerprint FROM outcomes WHERE command_id IN ({marks})"
            found.update(self._store.rows(query, *some))
        positions = (position for position, _ in wanted)
        return dict(zip(positions, map(found.get, ids), strict=True))

    def refusals(self) -> Iterator[tuple[int, bytes]]:
        """Every refusal."""
        after = 0
        while rows := self._store.refusals_after(after, REFUSALS_AT_ONCE):
            check_next("refusal", after, [number for number, _ in rows])
            yield from rows
            after = rows[-1][0]

    def recorded_at(self, position: int) -> str:
        """When an event was recorded."""
        rows = self._store.rows("SELECT document FROM events WHERE position = ?", position)
        if not rows:
            raise no_such_position(position, self.head().position)
        return recorded_event(position, rows[0][0])[1].recordedat


def no_such_position(position: int, head: int) -> NoSuchPosition:
    """The error for a position that is not there."""
    return NoSuchPosition(
        f"There is no event at position {position:,}: the ledger goes from 1 to {head:,}. "
        "Name one of these, or a time."
    )


def id_bytes(command_id: str) -> bytes:
    """A command's id as stores keep it."""
    return bytes.fromhex(command_id.replace("-", ""))


def in_parts(wanted: Iterable[One]) -> Iterator[list[One]]:
    """So many at once."""
    left: Iterator[Any] = iter(wanted)
    while some := list(islice(left, LOOKED_UP_AT_ONCE)):
        yield some
