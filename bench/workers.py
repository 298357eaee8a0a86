"""Tables computed from an archive by workers, beside plain DuckDB over the same archive.

python -m bench.workers [--events 4000000] [--kills 0] [--keep]

Plain DuckDB has the same memory and one thread, reads the archive's columns by itself, and computes
the same models. With --kills, workers of a Dask cluster are killed at random moments until so many
have died. The rows of each run are compared with those of plain DuckDB.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from archive.folder import FolderPlace
from archive.parallel.computed import Computed, computed
from archive.parallel.computing import INTO, prepare
from archive.parallel.dask import DaskWorkers
from archive.parallel.plan import MEMORY_MEGABYTES, TASK_EVENTS, Wanted, by_call
from archive.parallel.workers import Processes, Workers
from bench.archive import seconds_of
from bench.dask_cluster import Cluster, cluster
from bench.figures import Figure, keep, machine, table
from bench.full_archive import fill_archive
from projections.computing import PART_EVENTS, Computing, Work
from projections.models import of_this_version

SMALL_TASKS = 80
"""Into so many tasks all is divided where workers are killed: most of them get some done."""

Sums = dict[str, tuple[int, int]]
"""How many rows each table has, and a sum over them."""


def measure(size: int, kills: int) -> list[Figure]:
    """Every figure of workers."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        folder = Path(name)
        events = fill_archive(FolderPlace(folder / "archive"), size)
        sums: Sums = {}
        plain = seconds_of(lambda: sums.update(plainly(folder)))
        figures = [Figure("plain DuckDB, one thread", events / plain, "events/s")]
        took: dict[str, float] = {}

        def by(workers: Workers, what: str) -> None:
            took[what] = measured(folder, workers, sums)
            figures.append(Figure(what, events / took[what], "events/s"))

        for count in (1, 2):
            by(Processes(count), f"processes: {count}")
        for count in (1, 2):
            with cluster(count) as of:
                by(DaskWorkers(of.url), f"Dask workers: {count}")
        one, two = took["Dask workers: 1"], took["Dask workers: 2"]
        figures += [
            Figure("one Dask worker, of plain DuckDB", plain / one, "×", 0.9),
            Figure("two Dask workers, of one", one / two, "×", 1.7),
        ]
        died, times = 0, 0
        while died < kills:
            times += 1
            with cluster(2) as of, killing(of, max(one / 30, 0.3)):
                measured(folder, DaskWorkers(of.url), sums, events // SMALL_TASKS)
            died += of.lost
        if kills:
            figures.append(Figure(f"workers killed in {times} runs, rows the same", died, "kills"))
        return figures


def plainly(folder: Path) -> Sums:
    """The sums of all tables, computed by one DuckDB alone."""
    models = of_this_version()
    tables = by_call(models)
    columns = ", ".join(models.columns_read)
    with duckdb.connect(
        str(folder / "plain.duckdb"),
        config={"memory_limit": f"{MEMORY_MEGABYTES}MB", "threads": 1},
    ) as connection:
        prepare(connection, models)
        connection.execute(
            f"insert into task_events by name select {columns} from"
            f" read_parquet('{folder}/archive/events-*.parquet', union_by_name = true)"
        )
        ((last,),) = connection.execute("select max(position) from task_events").fetchall()
        computing = Computing(connection, models)
        work = Work(dict.fromkeys(tables, INTO), events="main.task_events")
        computing.make_tables(work, 0)
        for start in range(0, last, PART_EVENTS):
            computing.part(work, start)
        return {name: sum_of(connection, f"{INTO}.{name}") for name in tables}


def measured(folder: Path, workers: Workers, sums: Sums, task_events: int = TASK_EVENTS) -> float:
    """How long workers take; their rows are the same."""
    where = str(folder / "archive"), str(folder / "work")
    found: list[Computed] = []
    models = of_this_version()
    wanted = Wanted.all_of(models)
    seconds = seconds_of(
        lambda: found.append(computed(where, workers, models, wanted, lambda *_: None, task_events))
    )
    with duckdb.connect() as connection:
        total: Sums = dict.fromkeys(sums, (0, 0))
        for part in found[0].parts():
            for name, rows in part.tables.items():
                connection.register("rows_of_part", rows)
                count, added = sum_of(connection, "rows_of_part")
                total[name] = total[name][0] + count, total[name][1] + added
    assert total == sums, "workers came to other rows"
    found[0].forget()
    return seconds


def sum_of(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, int]:
    """How many rows there are, and a sum over them that no order changes."""
    ((count, added),) = connection.execute(
        f"select count(*), coalesce(sum(hash(r::varchar)), 0)::varchar from {relation} r"
    ).fetchall()
    return count, int(added)


@contextmanager
def killing(of: Cluster, every_seconds: float) -> Iterator[None]:
    """Kill a worker again and again, at random moments, and begin another one for it."""
    ending = threading.Event()

    def kill() -> None:
        while not ending.wait(random.uniform(0, 2 * every_seconds)):
            random.choice(of.workers).kill()
            of.replace_lost()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        of.replace_lost()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=4_000_000)
    arguments.add_argument("--kills", type=int, default=0)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    text = (
        f"Measured {where}; {asked.events:,} events.\n\n{table(measure(asked.events, asked.kills))}"
    )
    print(text)
    if asked.keep:
        keep(text, "workers")


if __name__ == "__main__":
    main()
