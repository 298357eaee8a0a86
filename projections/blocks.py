"""Blocks of events as columns: what the feed has in one piece of memory stays where it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ledger.feed import EventBlock
from projections.batches import column_of


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Recorded events in order, as Arrow has them."""

    positions: range
    call_positions: pa.ChunkedArray
    documents: pa.ChunkedArray


def columns_of(blocks: Iterable[EventBlock], limit: int) -> Iterator[EventColumns]:
    """Put blocks together until there are at least `limit` events, and again until the end."""
    gathered: list[EventBlock] = []
    count = 0
    for block in blocks:
        gathered.append(block)
        count += len(block.positions)
        if count >= limit:
            yield together(gathered)
            gathered, count = [], 0
    if gathered:
        yield together(gathered)


def together(blocks: Sequence[EventBlock]) -> EventColumns:
    """Blocks that follow each other as columns of one chunk a block."""
    return EventColumns(
        range(blocks[0].positions.start, blocks[-1].positions.stop),
        pa.chunked_array([pa.array(one.call_positions, pa.int64()) for one in blocks]),
        pa.chunked_array(
            [column_of(one.documents, one.sizes_bytes, len(one.positions)) for one in blocks]
        ),
    )
