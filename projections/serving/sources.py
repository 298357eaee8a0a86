"""Where a rebuild reads everything again: from a feed, or over a line from who has one.

The process that has the tables asks for each batch, so that whoever wished for the rebuild needs no
rights of that process, nor it any of theirs: each uses its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any, Final

import pyarrow as pa

from ledger.feed import Feed
from ledger.prefetch import prefetch
from ledger.store.interface import Ends
from projections.anew import Source
from projections.batches import column_of
from projections.blocks import columns_of
from projections.filling import Computed, ComputedPart
from projections.serving.protocol import pack_table, unpack_table

AT_ONCE: Final = 125_000
"""Events in one table: DuckDB reads large ones in less time."""

ASKED: Final = "asked"
HEAD, EVENTS, REFUSALS = "head", "events", "refusals"
HASHES, PART = "hashes", "part"


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
        _, facts = asked(self._line, HEAD)
        return Ends(*facts[HEAD])

    def events(self) -> Iterator[pa.Table]:
        """All events."""
        return self._all(EVENTS)

    def refusals(self) -> Iterator[pa.Table]:
        """All refusals."""
        return self._all(REFUSALS)

    def _all(self, what: str) -> Iterator[pa.Table]:
        while len(table := asked(self._line, what)[0]):
            yield table


class LineComputed:
    """The computed tables of whoever is on the line."""

    def __init__(self, line: Connection[Any, Any]) -> None:
        self._line = line
        _, facts = asked(line, HASHES)
        self.position: int = facts["position"]
        self.hashes: dict[str, str] = facts[HASHES]

    def parts(self) -> Iterator[ComputedPart]:
        """All parts, each with as many messages as it has tables."""
        while facts := asked(self._line, PART)[1]:
            tables = {model: asked(self._line, model)[0] for model in facts.pop("models")}
            yield ComputedPart(tables=tables, **facts)


def asked(line: Connection[Any, Any], what: str) -> tuple[pa.Table, dict[str, Any]]:
    """What who is on the line has of it."""
    line.send_bytes(pack_table(pa.table({}), {ASKED: what}))
    return unpack_table(line.recv_bytes())


class Answering:
    """Gives what is asked for at the other end of a line: of a source, or of computed tables."""

    def __init__(self, source: Source | None, computed: Computed | None) -> None:
        self._source = source
        self._computed = computed
        self._going: dict[str, Iterator[pa.Table]] = {}
        self._parts: Iterator[ComputedPart] | None = None
        self._tables: Mapping[str, pa.Table] = {}

    def answer(self, what: str) -> bytes:
        """The next of it; an empty table at the end."""
        if self._computed is not None:
            return self._of_computed(what, self._computed)
        assert self._source is not None, "nothing is asked for that was not offered"
        if what == HEAD:
            return pack_table(pa.table({}), {HEAD: list(self._source.head())})
        if what not in self._going:
            both = {EVENTS: self._source.events, REFUSALS: self._source.refusals}
            self._going[what] = both[what]()
        return pack_table(next(self._going[what], pa.table({})), {})

    def _of_computed(self, what: str, computed: Computed) -> bytes:
        if what == HASHES:
            facts = {"position": computed.position, HASHES: dict(computed.hashes)}
            return pack_table(pa.table({}), facts)
        if what in self._tables:
            return pack_table(self._tables[what], {})
        self._parts = self._parts or computed.parts()
        part = next(self._parts, None)
        if part is None:
            return pack_table(pa.table({}), {})
        self._tables = part.tables
        facts = part._asdict()
        del facts["tables"]
        return pack_table(pa.table({}), {**facts, "models": list(part.tables)})
