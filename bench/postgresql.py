"""What PostgreSQL costs: commands a second beside its bare client, and reading into DuckDB.

python -m bench.postgresql [--commands 40000] [--full 0 1000000] [--events 1000000] [--keep]

The bare client writes the very rows of `events` that the commands came to, and nothing else: one
INSERT a commit, as one would write it first, and COPY with as many rows a commit as there are
callers. Ours writes outcomes, calls and refusals in the same commit, and decides.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg

from bench.commands import AIMED_CALLERS, cold_group_milliseconds, commands_by_call, concurrent
from bench.figures import Figure, keep, machine, table, written
from bench.full_store import copy_in, fill_postgresql
from bench.servers import folder_of_its_own, postgresql_in, schema
from infra.cycles import SELDOM
from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.prefetch import prefetch
from projections.blocks import columns_of
from projections.catch_up import LARGE_BATCH, catch_up
from projections.database import Projections

CALLERS = (1, 16, 64, 256)
FEW = 2_000
"""Commands of a single caller, and single inserts: each waits for the disk alone."""

RUNS = 5
"""Of the aimed figure: one run would not say how far it can be trusted."""

READ_TARGET = 300_000


def bare_inserts_per_second(url: str, rows: Sequence[tuple[Any, ...]]) -> float:
    """One INSERT a commit, as one would write it first."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE inserted (LIKE events INCLUDING ALL)")
        began = time.perf_counter()
        for row in rows:
            connection.execute("INSERT INTO inserted VALUES (%b, %b, %b, %b)", row, prepare=True)
        return len(rows) / (time.perf_counter() - began)


def bare_copied_per_second(url: str, rows: Sequence[tuple[Any, ...]], at_once: int) -> float:
    """COPY of the same rows, so many a commit."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE copied_{at_once} (LIKE events INCLUDING ALL)".encode())
        began = time.perf_counter()
        for start in range(0, len(rows), at_once):
            copy_in(connection, f"copied_{at_once}", rows[start : start + at_once], "events")
        return len(rows) / (time.perf_counter() - began)


def read_per_second(ledger: LedgerFolder) -> float:
    """The feed alone: events as the projector gets them, and nothing done with them."""
    with StoreFeed(ledger) as feed:
        began, count = time.perf_counter(), 0
        for batch in columns_of(feed.blocks(0), LARGE_BATCH):
            count += len(batch.positions)
        return count / (time.perf_counter() - began)


def loaded_per_second(ledger: LedgerFolder, events: int) -> float:
    """Store to DuckDB's table of events, before any model."""
    projections = Projections(ledger.path / "loaded.duckdb")
    try:
        with StoreFeed(ledger) as feed:
            began = time.perf_counter()
            projections.append_events(prefetch(columns_of(feed.blocks(0), LARGE_BATCH)))
            return events / (time.perf_counter() - began)
    finally:
        projections.close()


def projected_per_second(ledger: LedgerFolder, events: int) -> float:
    """Store to DuckDB with every model."""
    projections = Projections(ledger.projections)
    try:
        with StoreFeed(ledger) as feed:
            began = time.perf_counter()
            catch_up(projections, feed)
            return events / (time.perf_counter() - began)
    finally:
        projections.close()


def commands_figures(server: LocalPostgresql, folder: Path, count: int) -> list[Figure]:
    """Durable commands with each number of callers, and the bare client with the same rows."""
    figures: list[Figure] = []
    for callers in CALLERS:
        few = callers == 1
        some = commands_by_call(min(count, FEW) if few else count, seed=callers + 9)
        store = schema(server, f"callers_{callers}")
        with Ledger.open(LedgerFolder(folder, store)) as ledger:
            rate, used, waits = asyncio.run(concurrent(ledger, some, callers))
        with psycopg.connect(store.url) as connection:
            rows = (
                connection.cursor(binary=True)
                .execute("SELECT position, call, version, document FROM events LIMIT 20000")
                .fetchall()
            )
        inserted = bare_inserts_per_second(store.url, rows[:FEW])
        copied = bare_copied_per_second(store.url, rows[: FEW if few else None], callers)
        who = "1 caller" if few else f"{callers} callers"
        figures += [
            Figure(f"{who}: durable commands", rate, "commands/s"),
            Figure(f"{who}: p50", median(waits) * 1000, "ms"),
            Figure(f"{who}: p99", quantiles(waits, n=100)[98] * 1000, "ms"),
            Figure(f"{who}: processor time", used, "µs a command"),
            Figure(f"{who}: bare, one INSERT a commit", inserted, "events/s"),
            Figure(f"{who}: commands ÷ bare INSERT", rate / inserted, "×"),
            Figure(f"{who}: bare, COPY of {callers} a commit", copied, "events/s"),
            Figure(f"{who}: commands ÷ bare COPY", rate / copied, "×"),
        ]
    return figures


def full_store_figures(
    server: LocalPostgresql, folder: Path, size: int, count: int
) -> list[Figure]:
    """The aimed figures on a store that has so many events already; cold calls too."""
    ledger = LedgerFolder(folder, schema(server, f"full_{size}"))
    Ledger.open(ledger).close()
    assert ledger.postgresql is not None
    before = f"{size:,} events before"
    figures = []
    if size:
        events = fill_postgresql(ledger.postgresql.url, size)
        took = cold_group_milliseconds(ledger, events)
        figures.append(
            Figure(f"{before}: a group of {AIMED_CALLERS} cold calls", took, "ms", 60, at_most=True)
        )
    rates: list[float] = []
    p99s: list[float] = []
    for run in range(RUNS):
        some = commands_by_call(count, seed=100 + run)
        with Ledger.open(ledger) as opened:
            rate, _, waits = asyncio.run(concurrent(opened, some, AIMED_CALLERS))
        rates.append(rate)
        p99s.append(quantiles(waits, n=100)[98] * 1000)
    spread = f"{written(min(rates))} to {written(max(rates))}"
    who = f"{before}: {AIMED_CALLERS} callers"
    what = f"{who}: durable commands, median of {RUNS} runs ({spread})"
    return [
        *figures,
        Figure(what, median(rates), "commands/s", 20_000),
        Figure(f"{who}: p99, worst of {RUNS} runs", max(p99s), "ms", 10, at_most=True),
    ]


def reading_figures(server: LocalPostgresql, folder: Path, count: int) -> list[Figure]:
    """Events out of PostgreSQL: the feed alone, into DuckDB, and with every model."""
    ledger = LedgerFolder(folder, schema(server, "filled"))
    Ledger.open(ledger).close()
    assert ledger.postgresql is not None
    count = fill_postgresql(ledger.postgresql.url, count)
    return [
        Figure(f"{count:,} events: the feed alone", read_per_second(ledger), "events/s"),
        Figure(
            f"{count:,} events: into DuckDB, without models",
            loaded_per_second(ledger, count),
            "events/s",
            READ_TARGET,
        ),
        Figure(
            f"{count:,} events: into DuckDB with every model",
            projected_per_second(ledger, count),
            "events/s",
            READ_TARGET,
        ),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=40_000)
    arguments.add_argument("--full", type=int, nargs="*", default=[0, 1_000_000, 10_000_000])
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--keep", action="store_true", help="write them into bench/README.md")
    asked = arguments.parse_args()
    # As the command line does.
    gc.set_threshold(*SELDOM)
    where = machine()
    figures: list[Figure] = []
    with folder_of_its_own() as folder, postgresql_in(folder) as server:
        if asked.commands:
            figures += commands_figures(server, folder, asked.commands)
            for size in asked.full:
                figures += full_store_figures(server, folder, size, asked.commands)
        if asked.events:
            figures += reading_figures(server, folder, asked.events)
    text = f"Measured {where}.\n\n{table(figures)}"
    print(text)
    if asked.keep:
        keep(text, "postgresql")


if __name__ == "__main__":
    main()
