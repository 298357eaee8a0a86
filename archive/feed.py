"""The archive as a feed: tables are made of it as they are of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from archive.manifest import Kind, read_manifest
from archive.place import Place
from archive.segments import DOCUMENT, Unreadable, content_of, damaged, table_in
from ledger.feed import BATCH_EVENTS, BLOCK_EVENTS, EventBatch, EventBlock, RefusalBatch
from ledger.store.interface import Ends

EVENT_COLUMNS: Final = ("position", "call_position", DOCUMENT)
REFUSAL_COLUMNS: Final = ("refusal_number", DOCUMENT)


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
        for part in self._parts("events", EVENT_COLUMNS, after_position, limit):
            positions, calls = part["position"].to_pylist(), part["call_position"].to_pylist()
            yield EventBatch(positions, calls, documents_of(part))

    def blocks(self, after_position: int, limit: int = BLOCK_EVENTS) -> Iterator[EventBlock]:
        """Yield events after a position, the documents of a block in one piece of memory."""
        for part in self._parts("events", EVENT_COLUMNS, after_position, limit):
            documents, first = documents_of(part), part["position"][0].as_py()
            yield EventBlock(
                range(first, first + len(documents)),
                part["call_position"].to_pylist(),
                list(map(len, documents)),
                b"".join(documents),
            )

    def refusals(self, after_number: int, limit: int = BATCH_EVENTS) -> Iterator[RefusalBatch]:
        """Yield refusals after a number, as `batches` does events."""
        for part in self._parts("refusals", REFUSAL_COLUMNS, after_number, limit):
            yield RefusalBatch(part["refusal_number"].to_pylist(), documents_of(part))

    def _parts(
        self, kind: Kind, columns: Sequence[str], after: int, limit: int
    ) -> Iterator[pa.Table]:
        """What comes after a number, in order, at most `limit` rows of a segment at a time."""
        for segment in self._manifest.segments(kind):
            if segment.last > after:
                content = content_of(self._place, segment.name, segment.sha256)
                try:
                    table = table_in(kind, content, list(columns))
                except Unreadable as error:
                    raise damaged(self._place, f"{segment.name}: {error}") from None
                for begin in range(max(after + 1 - segment.first, 0), len(table), limit):
                    yield table.slice(begin, limit)

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> ArchiveFeed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def documents_of(table: pa.Table) -> list[bytes]:
    """The documents of some rows."""
    documents: list[bytes] = table[DOCUMENT].combine_chunks().view(pa.binary()).to_pylist()
    return documents
