"""Where a rebuild reads everything again: from a feed, or over a line from who has one.

The process that has the tables asks for each batch, so that whoever wished for the rebuild needs no
rights of that process, nor it any of theirs: each uses its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Final

import pyarrow as pa

from ledger.feed import Feed
from ledger.prefetch import prefetch
from ledger.store.interface import Ends
from projections.anew import Source
from projections.batches import column_of
from projections.blocks import columns_of
from projections.serving.protocol import pack_table, unpack_table

AT_ONCE: Final = 125_000
"""Events in one table: DuckDB reads large ones in less time."""

ASKED: Final = "asked"
HEAD, EVENTS, REFUSALS = "head", "events", "refusals"


class FeedSource:
    """A feed as a source, under a name that tells what it is."""

    def __init__(self, feed: Feed, name: str) -> None:
        self._feed = feed
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def head(self) -> Ends:
        """How far the feed is."""
        return self._feed.head()

    def events(self) -> Iterator[pa.Table]:
        """All events, read ahead."""
        for some in prefetch(columns_of(self._feed.blocks(0), AT_ONCE)):
            positions = pa.arange(some.positions.start, some.positions.stop)
            yield pa.table(
                {
                    "position": positions,
                    "call_position": some.call_positions,
                    "document": some.documents,
                }
            )

    def refusals(self) -> Iterator[pa.Table]:
        """All refusals, read ahead."""
        for some in prefetch(self._feed.refusals(0, AT_ONCE)):
            documents = column_of(
                b"".join(some.documents), map(len, some.documents), len(some.documents)
            )
            yield pa.table(
                {"refusal_number": pa.array(some.numbers, pa.int64()), "document": documents}
            )


class LineSource:
    """The source of whoever is on the line."""

    def __init__(self, line: Connection[Any, Any], name: str) -> None:
        self._line = line
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def head(self) -> Ends:
        """How far it is."""
        _, facts = self._ask(HEAD)
        return Ends(*facts[HEAD])

    def events(self) -> Iterator[pa.Table]:
        """All events."""
        return self._all(EVENTS)

    def refusals(self) -> Iterator[pa.Table]:
        """All refusals."""
        return self._all(REFUSALS)

    def _all(self, what: str) -> Iterator[pa.Table]:
        while len(table := self._ask(what)[0]):
            yield table

    def _ask(self, what: str) -> tuple[pa.Table, dict[str, Any]]:
        self._line.send_bytes(pack_table(pa.table({}), {ASKED: what}))
        return unpack_table(self._line.recv_bytes())


class Answering:
    """Gives what a `LineSource` at the other end of a line asks for."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._going: dict[str, Iterator[pa.Table]] = {}

    def answer(self, asked: str) -> bytes:
        """The next of it; an empty table at the end."""
        if asked == HEAD:
            return pack_table(pa.table({}), {HEAD: list(self._source.head())})
        if asked not in self._going:
            both = {EVENTS: self._source.events, REFUSALS: self._source.refusals}
            self._going[asked] = both[asked]()
        return pack_table(next(self._going[asked], pa.table({})), {})
