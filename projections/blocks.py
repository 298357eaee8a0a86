"""Blocks of events as columns: what the feed has in one piece of memory stays where it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from projections.batches import column_of


class Block(Protocol):
    """Recorded events in order, their documents in one piece of memory."""

    @property
    def positions(self) -> range: ...
    @property
    def call_positions(self) -> Sequence[int]: ...
    @property
    def sizes_bytes(self) -> Sequence[int]: ...
    @property
    def documents(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Recorded events in order, as Arrow has them."""

    positions: range
    call_positions: pa.ChunkedArray
    documents: pa.ChunkedArray


def columns_of(blocks: Iterable[Block], limit: int) -> Iterator[EventColumns]:
    """Put blocks together until there are at least `limit` events, and again until the end."""
    gathered: list[Block] = []
    count = 0
    for block in blocks:
        gathered.append(block)
        count += len(block.positions)
        if count >= limit:
            yield together(gathered)
            gathered, count = [], 0
    if gathered:
        yield together(gathered)


def together(blocks: Sequence[Block]) -> EventColumns:
    """Blocks that follow each other as columns of one chunk a block."""
    return EventColumns(
        range(blocks[0].positions.start, blocks[-1].positions.stop),
        pa.chunked_array([pa.array(one.call_positions, pa.int64()) for one in blocks]),
        pa.chunked_array(
            [column_of(one.documents, one.sizes_bytes, len(one.positions)) for one in blocks]
        ),
    )
