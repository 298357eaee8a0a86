"""The archive as a feed: tables are made of it as they are of a store."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import pyarrow as pa

from archive.manifest import Kind, read_manifest
from archive.places import Place
from archive.restoring import content_of, damaged
from archive.segments import DOCUMENT, Unreadable, table_in
from ledger.feed import BATCH_EVENTS, BLOCK_EVENTS, EventBatch, EventBlock, RefusalBatch
from ledger.store.interface import Ends


class ArchiveFeed:
    """Reads one segment after the other, each checked against the manifest."""

    def __init__(self, place: Place) -> None:
        """Read the manifest. Raises `LedgerMissing` when there is none."""
        self._place = place
        self._manifest = read_manifest(place)

    def head(self) -> Ends:
        """How far the archive goes."""
        return self._manifest.ends()

    def size_bytes(self) -> int:
        """How much the archive takes."""
        return self._manifest.size_bytes()

    def batches(self, after_position: int, limit: int = BATCH_EVENTS) -> Iterator[EventBatch]:
        """Yield events after a position, at most `limit` a batch."""
        for table in self._tables(
            "events", after_position, ["position", "call_position", DOCUMENT]
        ):
            for begin in range(0, len(table), limit):
                part = table.slice(begin, limit)
                yield EventBatch(
                    part["position"].to_pylist(),
                    part["call_position"].to_pylist(),
                    documents_of(part),
                )

    def blocks(self, after_position: int, limit: int = BLOCK_EVENTS) -> Iterator[EventBlock]:
        """Yield events after a position, the documents of a block in one piece of memory."""
        for table in self._tables(
            "events", after_position, ["position", "call_position", DOCUMENT]
        ):
            for begin in range(0, len(table), limit):
                part = table.slice(begin, limit)
                documents = documents_of(part)
                first = part["position"][0].as_py()
                yield EventBlock(
                    range(first, first + len(documents)),
                    part["call_position"].to_pylist(),
                    list(map(len, documents)),
                    b"".join(documents),
                )

    def refusals(self, after_number: int, limit: int = BATCH_EVENTS) -> Iterator[RefusalBatch]:
        """Yield refusals after a number, as `batches` does events."""
        for table in self._tables("refusals", after_number, ["refusal_number", DOCUMENT]):
            for begin in range(0, len(table), limit):
                part = table.slice(begin, limit)
                yield RefusalBatch(part["refusal_number"].to_pylist(), documents_of(part))

    def _tables(self, kind: Kind, after: int, columns: list[str]) -> Iterator[pa.Table]:
        """What comes after a number, in order, a table of each segment."""
        for segment in self._manifest.segments(kind):
            if segment.last > after:
                content = content_of(self._place, segment.name, segment.sha256)
                try:
                    table = table_in(kind, content, columns)
                except Unreadable as error:
                    raise damaged(self._place, f"{segment.name}: {error}") from None
                yield table.slice(max(after + 1 - segment.first, 0))

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> ArchiveFeed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def documents_of(table: pa.Table) -> list[bytes]:
    """The documents of some rows."""
    documents: list[bytes] = table[DOCUMENT].combine_chunks().view(pa.binary()).to_pylist()
    return documents
