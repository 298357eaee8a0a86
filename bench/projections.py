"""What projecting costs: from the store alone, all models anew, live batches, and reading.

`python -m bench.projections 1000000 10000000`: one ledger of each size, one after the other.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median

from bench.histories import batches
from infra.folder import LedgerFolder
from ledger.feed import EventBatch, StoreFeed
from ledger.sqlite_store import open_to_write
from projections.database import Projections
from projections.owner import owning
from projections.sandbox import read

SIZES = (1_000_000,)
BATCH_SIZES = (100, 1_000, 10_000)
TIMES = 7
EVENTS_FOR_BATCHES = TIMES * sum(BATCH_SIZES)


def main(sizes: tuple[int, ...]) -> None:
    print("| events | what | seconds | events/s |\n|---:|---|---:|---:|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            further = write_store(folder, size)
            with owning(folder, lambda folder=folder: StoreFeed(folder)) as owner:  # type: ignore[misc]
                seconds = timed(owner.bring_up)
                events = owner.projections.positions.position
                row(events, "from the store alone", seconds, events)
                with owner.writing() as projections:
                    row(events, "all models anew", timed(projections.build), events)
                    for batch_size in BATCH_SIZES:
                        further = live(projections, events, further, batch_size)
                    for what, sql in READINGS.items():
                        seconds = median(
                            timed(lambda sql=sql: read(projections.connection.cursor(), sql))  # type: ignore[misc]
                            for _ in range(TIMES)
                        )
                        row(events, what, seconds)
            size_bytes = (folder / "projections.duckdb").stat().st_size
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"| {events:,} | {size_bytes / events:.0f} bytes an event in DuckDB;"
                f" peak memory {peak:.1f} GiB | | |",
                flush=True,
            )


READINGS = {
    "transfers by kind": "select kind, count(*) from transfers group by kind",
    "agents, all days": "select agent, sum(handle_seconds) from agent_days group by agent",
    "one day of calls": (
        "select hour(entered_at), count(*) from calls where entered_at between"
        " timestamp '2026-01-01' and timestamp '2026-01-02' group by all"
    ),
    "events of one call": (
        "select * from events where call_position = 5 and position between 5 and 9000"
    ),
}


def write_store(folder: Path, size: int) -> EventBatch:
    """Fill the store with events of the size, and return as many as the live batches need."""
    source = batches(size + EVENTS_FOR_BATCHES)
    positions: list[int] = []
    call_positions: list[int] = []
    documents: list[bytes] = []
    with closing(open_to_write(LedgerFolder(folder).store)) as store:
        for batch, versions in source:
            kept = max(0, min(len(batch.positions), size - batch.positions[0] + 1))
            rows = zip(
                batch.positions, batch.call_positions, versions, batch.documents, strict=True
            )
            store.execute("BEGIN")
            store.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", islice(rows, kept))
            store.execute("COMMIT")
            positions += batch.positions[kept:]
            call_positions += batch.call_positions[kept:]
            documents += batch.documents[kept:]
    return EventBatch(positions, call_positions, documents)


def live(projections: Projections, events: int, further: EventBatch, batch_size: int) -> EventBatch:
    """Add batches of one size; returns the events that are left."""
    taken: list[float] = []
    for _ in range(TIMES):
        batch = part(further, 0, batch_size)
        further = part(further, batch_size, None)
        taken.append(timed(lambda batch=batch: projections.add(batch)))  # type: ignore[misc]
    row(events, f"a batch of {batch_size:,}", median(taken), batch_size)
    return further


def part(batch: EventBatch, start: int, end: int | None) -> EventBatch:
    return EventBatch(
        batch.positions[start:end], batch.call_positions[start:end], batch.documents[start:end]
    )


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def row(events: int, what: str, seconds: float, done: int | None = None) -> None:
    rate = f"{done / seconds:,.0f}" if done else ""
    print(f"| {events:,} | {what} | {seconds:.3f} | {rate} |", flush=True)


if __name__ == "__main__":
    main(tuple(int(one) for one in sys.argv[1:]) or SIZES)
