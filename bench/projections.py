"""What projecting costs: from the store alone, all models anew, live batches, and reading.

python -m bench.projections [1000000 10000000] [--times 7] [--keep]: ledgers of these sizes.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import median

from bench.figures import Figure, keep, machine, table
from bench.full_store import INSERT, begun
from bench.histories import batches
from bench.read_side_floors import floors
from entrypoints.begin import begin_with_settings
from entrypoints.one_call import one_call
from entrypoints.ui.moment import AskedMoment
from infra.folder import LedgerFolder
from ledger.feed import EventBatch, StoreFeed
from ledger.store.sqlite_file import open_to_write
from projections.as_of import AsOf
from projections.building import build
from projections.database import Projections
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import Report, Selection
from projections.serving.owner import Owner
from projections.serving.protocol import Question
from projections.serving.sandbox import read
from projections.serving.server import owning

SIZES = (1_000_000,)
MANY_EVENTS = 10_000_000
LIVE_AIMS = {100: (None, 50), 1_000: (None, None), 10_000: (80_000, None)}
"""What batches of these sizes are to reach: events/s, and milliseconds of processor for each."""

BATCH_SIZES = tuple(LIVE_AIMS)
TIMES = 7
LATER_EVENTS = 10_000
LARGEST_BATCH = f"live batches of {BATCH_SIZES[-1]:,}"


def measure(sizes: Sequence[int], times: int = TIMES) -> list[Figure]:
    """Every figure of projecting and reading, at each of these numbers of events.

    What is short is the median of so many times.
    """
    figures: list[Figure] = []
    batch_milliseconds: dict[int, float] = {}
    for size in sizes:
        at_size = f"{size:,} events: "
        with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
            for figure in of_one_ledger(Path(name), size, times):
                figures.append(figure._replace(what=at_size + figure.what))
                if figure.what == LARGEST_BATCH:
                    batch_milliseconds[size] = BATCH_SIZES[-1] / figure.value * 1000
    if len(sizes) > 1:
        growth = batch_milliseconds[sizes[-1]] / batch_milliseconds[sizes[0]]
        what = f"{LARGEST_BATCH} at {sizes[-1]:,} events, beside {sizes[0]:,}"
        figures.append(Figure(what, growth, "×", 2, at_most=True))
    return figures


def of_one_ledger(folder: Path, size: int, times: int) -> Iterator[Figure]:
    """The figures of a ledger of this size."""
    further = write_store(folder, size, times * sum(BATCH_SIZES))
    with owning(folder, lambda: StoreFeed(folder)) as owner:
        seconds = timed(owner.bring_up)
        events = owner.projections.positions.position
        yield Figure("from the store alone", events / seconds, "events/s", 300_000)
        with owner.writing() as projections:
            before = time.process_time()
            seconds = timed(lambda: build(projections))
            used = time.process_time() - before
            aim = 1_000_000 if size < MANY_EVENTS else 800_000
            yield Figure("all models anew", events / seconds, "events/s", aim)
            yield Figure("all models anew: processor time", used / events * 1e6, "µs an event")
            for batch_size in BATCH_SIZES:
                seconds, used = live(projections, further, batch_size, times)
                further = part(further, times * batch_size, None)
                what = f"live batches of {batch_size:,}"
                rate_aim, used_aim = LIVE_AIMS[batch_size]
                yield Figure(what, batch_size / seconds, "events/s", rate_aim)
                what = f"{what}: processor time of one"
                yield Figure(what, used * 1000, "ms", used_aim, at_most=True)
        yield from readings(owner, folder, times)
    yield from floors(folder)
    size_bytes = (folder / "projections.duckdb").stat().st_size
    yield Figure("bytes in DuckDB", size_bytes / events, "an event")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    yield Figure("peak memory until here", peak, "GiB", 4, at_most=True)


def readings(owner: Owner, folder: Path, times: int) -> Iterator[Figure]:
    """Every report over all that there is, and one call's timeline as the command line asks."""
    median_milliseconds = partial(milliseconds, times=times)
    cursor = owner.projections.connection.cursor()
    for report in REPORTS.values():
        for by in dict.fromkeys((report.default_grouping, ("day",))):
            sql, parameters = figures_query(report, Selection(), by)
            took = median_milliseconds(partial(read, cursor, sql, parameters))
            what = f"report {report.name}{' by ' + ', '.join(by) if by else ''}"
            yield Figure(what, took, "ms", 50, at_most=True)
        yield from as_of_beside_now(owner, report, times)
    for what, sql in ANALYST.items():
        yield Figure(what, median_milliseconds(partial(read, cursor, sql)), "ms")
    with StoreFeed(folder) as feed:
        recorded = feed.head().position
    # The live batches are in the tables alone, with what came last of the calls before them.
    found, _ = read(
        cursor,
        f"select call_id from calls where call_position <= {recorded * 0.99}"
        " order by call_position desc limit 1",
    )
    call_id = found.column("call_id")[0].as_py()
    took = median_milliseconds(lambda: one_call(LedgerFolder(folder), call_id, None))
    yield Figure("a timeline's rows", took, "ms", 10, at_most=True)
    then = AskedMoment(str(owner.projections.positions.position - LATER_EVENTS))
    more = median_milliseconds(lambda: one_call(LedgerFolder(folder), call_id, None, then)) - took
    yield Figure(f"the same as of {LATER_EVENTS:,} events ago, more", more, "ms")


def as_of_beside_now(owner: Owner, report: Report, times: int) -> Iterator[Figure]:
    """A report as of nearly now, which is of nearly as much: what the moment itself costs.

    Once for a moment that nobody has asked for, and once for one that was asked for before.
    """
    sql, parameters = figures_query(report, Selection(), report.default_grouping)
    now = Question(sql, parameters)
    position = owner.projections.positions.position - LATER_EVENTS
    moments = (AsOf(position - further) for further in count())
    again = replace(now, as_of=AsOf(position))
    took = milliseconds(lambda: owner.answer(now), times)
    first_took = milliseconds(lambda: owner.answer(replace(now, as_of=next(moments))), times)
    owner.answer(again)
    again_took = milliseconds(lambda: owner.answer(again), times)
    what = f"report {report.name} as of {LATER_EVENTS:,} events ago, beside now"
    yield Figure(f"{what}: asked first", first_took / took, "×", 3, at_most=True)
    yield Figure(f"{what}: asked again", again_took / took, "×", 3, at_most=True)


ANALYST = {
    "agent_days, all days": "select agent, sum(handle_seconds) from agent_days group by agent",
    "one day of calls by hour": (
        "select hour(entered_at), count(*) from calls where entered_at between"
        " timestamp '2026-01-01' and timestamp '2026-01-02' group by all"
    ),
}


def write_store(folder: Path, size: int, further: int) -> EventBatch:
    """Fill the store with events of the size, and return so many that are further on."""
    source = batches(size + further)
    positions: list[int] = []
    call_positions: list[int] = []
    documents: list[bytes] = []
    with closing(open_to_write(LedgerFolder(folder).sqlite_file)) as store:
        for batch, versions in source:
            kept = max(0, min(len(batch.positions), size - batch.positions[0] + 1))
            rows = zip(
                batch.positions, batch.call_positions, versions, batch.documents, strict=True
            )
            happened = list(islice(rows, kept))
            store.execute("BEGIN")
            store.executemany(INSERT["events"], happened)
            store.executemany(INSERT["calls"], begun(happened))
            store.execute("COMMIT")
            positions += batch.positions[kept:]
            call_positions += batch.call_positions[kept:]
            documents += batch.documents[kept:]
    return EventBatch(positions, call_positions, documents)


def live(
    projections: Projections, further: EventBatch, batch_size: int, times: int
) -> tuple[float, float]:
    """Seconds, and those of processor, that a batch takes, with the models brought up to it."""
    taken, used = [], []
    for start in range(0, times * batch_size, batch_size):
        batch = part(further, start, start + batch_size)
        before = time.process_time()
        taken.append(timed(partial(projections.add, batch)))
        used.append(time.process_time() - before)
    return median(taken), median(used)


def part(batch: EventBatch, start: int, end: int | None) -> EventBatch:
    return EventBatch(
        batch.positions[start:end], batch.call_positions[start:end], batch.documents[start:end]
    )


def timed(action: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def milliseconds(action: Callable[[], object], times: int = TIMES) -> float:
    """The median of so many times."""
    return median(timed(action) for _ in range(times)) * 1000


if __name__ == "__main__":
    # As `project` and `serve` do: without, rounds cost half as much again after a large build.
    begin_with_settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    where = machine()
    text = f"Measured {where}.\n\n{table(measure(asked.sizes, asked.times))}"
    print(text)
    if asked.keep:
        keep(text, "reading")
