"""An archive made, verified, given back and made tables of, beside what the bare libraries need.

python -m bench.archive [--events 1000000] [--keep]

The floors are of the same events in the same run: their documents written as one column of Parquet
by pyarrow, read again, and read from SQLite.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from archive.creation import create
from archive.feed import ArchiveFeed
from archive.folder import FolderPlace
from archive.restoring import restore
from archive.verification import verify
from bench.figures import Figure, keep, machine, table
from bench.full_store import fill_sqlite
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.store.opening import store_to_read
from projections.serving.server import owning

SHARE_OF_SQLITE = 1 / 5


def nothing_moved(_: int, __: int | None) -> None:
    """Nobody looks."""


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(size: int) -> list[Figure]:
    """Every figure of archives."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        folder = Path(name)
        ledger, place = LedgerFolder(folder / "ledger"), FolderPlace(folder / "archive")
        events = fill_sqlite(ledger.sqlite_file, size)
        figures = bare(ledger, folder / "bare.parquet", events)
        with closing(store_to_read(ledger)) as store:
            seconds = seconds_of(lambda: create(store, place, nothing_moved))
            figures.append(Figure("made", events / seconds, "events/s"))
            beside = seconds_of(lambda: list(verify(place, store, nothing_moved)))
        archived_bytes = sum(one.stat().st_size for one in place.path.iterdir())
        stored_bytes = ledger.sqlite_file.stat().st_size
        seconds = seconds_of(lambda: list(verify(place, None, nothing_moved)))
        figures += [
            Figure("bytes of the archive", archived_bytes / events, "an event"),
            Figure("bytes of SQLite", stored_bytes / events, "an event"),
            Figure(
                "the archive's bytes, of SQLite's",
                archived_bytes / stored_bytes,
                "×",
                SHARE_OF_SQLITE,
                at_most=True,
            ),
            Figure("verified", events / seconds, "events/s"),
            Figure("verified beside its store", events / beside, "events/s"),
        ]
        restored = LedgerFolder(folder / "restored")
        seconds = seconds_of(lambda: restore(place, restored, nothing_moved))
        figures.append(Figure("restored and compared", events / seconds, "events/s"))
        seconds = seconds_of(lambda: read_all(ArchiveFeed(place)))
        figures.append(Figure("read as a feed", events / seconds, "events/s"))
        analysis = folder / "analysis"
        analysis.mkdir()
        with owning(analysis, lambda: ArchiveFeed(place)) as owner:
            seconds = seconds_of(owner.bring_up)
        figures.append(Figure("tables with all models", events / seconds, "events/s"))
        return figures


def bare(ledger: LedgerFolder, path: Path, events: int) -> list[Figure]:
    """What reading the store takes, and the documents alone in Parquet."""
    with StoreFeed(ledger) as feed:
        seconds = seconds_of(lambda: read_all(feed))
        documents = pa.chunked_array(
            [pa.array(batch.documents, pa.binary()) for batch in feed.batches(0)]
        )
    alone = pa.table({"document": documents})
    written = seconds_of(lambda: pq.write_table(alone, path, compression="zstd"))
    read = seconds_of(lambda: pq.read_table(path))
    return [
        Figure("floor: SQLite read as a feed", events / seconds, "events/s"),
        Figure("floor: documents written by pyarrow", events / written, "events/s"),
        Figure("floor: documents read by pyarrow", events / read, "events/s"),
        Figure("floor: their bytes, by position", path.stat().st_size / events, "an event"),
    ]


def read_all(feed: StoreFeed | ArchiveFeed) -> None:
    """Read every block."""
    for _ in feed.blocks(0):
        pass


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    text = f"Measured {where}; {asked.events:,} events.\n\n{table(measure(asked.events))}"
    print(text)
    if asked.keep:
        keep(text, "archive")


if __name__ == "__main__":
    main()
