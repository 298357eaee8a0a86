"""What was recorded, in order, from a position on: the store as a feed for followers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

import orjson

from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.store.interface import Ends, Soundness
from ledger.store.opening import store_to_read

BATCH_EVENTS = 100_000
"""Events in one batch: DuckDB parses large batches four times as fast as small ones."""

LAST_POSITION = 2**63 - 1
"""The largest that a store can have."""

BLOCK_EVENTS = 5_000
"""Events in one block: so much still is in the processor's cache when it is joined."""


class FeedBroken(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Positions are missing in the feed; what follows them must not be read as complete."""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events next to each other: the columns belong together row by row."""

    positions: Sequence[int]
    call_positions: Sequence[int]
    documents: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class EventBlock:
    """Events next to each other, their documents in one piece of memory."""

    positions: range
    call_positions: Sequence[int]
    sizes_bytes: Sequence[int]
    """How much of `documents` each event has."""
    documents: bytes


@dataclass(frozen=True, slots=True)
class RefusalBatch:
    """Refusals next to each other."""

    numbers: Sequence[int]
    documents: Sequence[bytes]


class Feed(Protocol):
    """What was recorded, in order, from a position on."""

    def head(self) -> Ends:
        """The last position and refusal number, 0 where there is none."""
        ...

    def batches(self, after_position: int, limit: int) -> Iterable[EventBatch]:
        """Events after a position, at most `limit` a batch, until there are no more now."""
        ...

    def blocks(self, after_position: int, limit: int = ...) -> Iterable[EventBlock]:
        """As `batches`, for those who need no object for each event: some thousands a block."""
        ...

    def refusals(self, after_number: int, limit: int) -> Iterable[RefusalBatch]:
        """Refusals after a number, as `batches` does events."""
        ...


class StoreFeed:
    """Reads the event store beside its writers, in this or another process.

    Each batch is a read of its own, so a slow follower holds nothing up.
    """

    def __init__(self, folder: LedgerFolder | Path) -> None:
        """Open the folder's store to read it.

        Raises `LedgerMissing` when there is none and `LedgerUnavailable` when it cannot be read.
        """
        self._store = store_to_read(LedgerFolder.of(folder))

    def head(self) -> Ends:
        """How far the ledger is now."""
        return self._store.ends()

    def size_bytes(self) -> int:
        """How much the store takes on disk."""
        return self._store.size_bytes()

    def soundness(self) -> Soundness:
        """What the database itself says about its state."""
        return self._store.soundness()

    def batches(
        self, after_position: int, limit: int = BATCH_EVENTS, with_gaps: bool = False
    ) -> Iterator[EventBatch]:
        """Yield events after a position, at most `limit` a batch, until there are no more now.

        Raises `FeedBroken` where positions are not next to each other, unless they are only
        looked at `with_gaps`.
        """
        while rows := self._store.events_after(after_position, limit):
            positions, call_positions, documents = zip(*rows, strict=True)
            if not with_gaps:
                check_next("position", after_position, positions)
            yield EventBatch(positions, call_positions, documents)
            after_position = positions[-1]

    def blocks(self, after_position: int, limit: int = BLOCK_EVENTS) -> Iterator[EventBlock]:
        """Yield events after a position as `batches` does, a third of its time for each.

        Raises `FeedBroken` where positions are not next to each other.
        """
        while (joined := self._store.joined_events_after(after_position, limit)).events:
            positions = range(after_position + 1, after_position + 1 + joined.events)
            if (joined.first_position, joined.last_position) != (positions[0], positions[-1]):
                # Reading them one by one tells which is missing.
                next(self.batches(after_position, limit))
                continue
            sizes_bytes = numbers_in(joined.sizes_bytes)
            documents = joined.documents or b""
            if sum(sizes_bytes) != len(documents):
                raise FeedBroken(
                    f"The documents from position {positions[0]} to {positions[-1]} are not of"
                    " the size that the event store says: restore it from its last backup."
                )
            yield EventBlock(positions, numbers_in(joined.call_positions), sizes_bytes, documents)
            after_position = positions[-1]

    def refusals(
        self, after_number: int, limit: int = BATCH_EVENTS, with_gaps: bool = False
    ) -> Iterator[RefusalBatch]:
        """Yield refusals after a number, as `batches` does events."""
        while rows := self._store.refusals_after(after_number, limit):
            numbers, documents = zip(*rows, strict=True)
            if not with_gaps:
                check_next("refusal", after_number, numbers)
            yield RefusalBatch(numbers, documents)
            after_number = numbers[-1]

    def calls(self) -> Iterator[tuple[str, str]]:
        """The source and id of every call, read part by part."""
        last = ("", "")
        while some := self._store.calls_after(*last, BLOCK_EVENTS):
            yield from some
            last = some[-1]

    def documents_of(self, source: str, call_id: str, until: int = LAST_POSITION) -> list[bytes]:
        """The documents of one call up to a position, in the order of their versions.

        None when it is unknown.
        """
        return self._store.documents_of(source, call_id, until)

    def events_of_call(self, call_position: int, until: int = LAST_POSITION) -> EventBatch:
        """The events of the call that began at a position, up to another one, in order."""
        rows = self._store.events_of_call(call_position, until)
        positions, documents = [one for one, _ in rows], [one for _, one in rows]
        return EventBatch(positions, [call_position] * len(rows), documents)

    def calls_of_id(self, call_id: str) -> list[tuple[str, int]]:
        """Source and call position of each call of this id, in the order of sources."""
        return self._store.calls_of_id(call_id)

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> StoreFeed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def numbers_in(joined: str | None) -> list[int]:
    """The numbers of a text that has commas between them."""
    found: list[int] = orjson.loads(f"[{joined or ''}]")
    return found


def check_next(what: str, after: int, numbers: Sequence[int]) -> None:
    """Stop loudly when the numbers, which are ascending, do not follow without a gap."""
    if numbers[0] == after + 1 and numbers[-1] == after + len(numbers):
        return
    missing = next(
        expected for expected, number in enumerate(numbers, after + 1) if number != expected
    )
    raise FeedBroken(
        f"The ledger has no {what} {missing} though later ones are there: "
        "restore the event store from its last backup."
    )
