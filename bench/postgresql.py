"""What PostgreSQL costs: commands a second beside its bare client, and reading into DuckDB.

python -m bench.postgresql [--commands 40000] [--events 1000000]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote

import duckdb
import psycopg
from rich.console import Console
from rich.table import Table

from bench.commands import commands_by_call, concurrent
from bench.histories import batches
from infra.local_postgresql import LocalPostgresql
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.postgresql_recorder import COLUMNS
from projections.catching_up import LARGE_BATCH, catch_up, read_ahead
from projections.database import Projections

CALLERS = (1, 16, 64, 256)
READ_AT_ONCE = 100_000


@contextmanager
def schema(server: LocalPostgresql, name: str) -> Iterator[str]:
    """A store of its own, named by the setting."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    url = f"{server.url}?options={quote(f'-csearch_path={name}')}"
    os.environ["CALL_LEDGER_STORE"] = url
    yield url


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
            copy_in(connection, f"copied_{at_once}", rows[start : start + at_once])
        return len(rows) / (time.perf_counter() - began)


def copy_in(connection: Any, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(COLUMNS["events"])
        for row in rows:
            copy.write_row(row)


def fill(url: str, events: int) -> int:
    """Events of real histories by the million, copied in as they would have been recorded."""
    count = 0
    with psycopg.connect(url) as connection:
        for batch, versions in batches(events):
            rows = zip(
                batch.positions, batch.call_positions, versions, batch.documents, strict=True
            )
            while some := list(islice(rows, READ_AT_ONCE)):
                copy_in(connection, "events", some)
                count += len(some)
        connection.execute("SELECT setval('given_positions', %s)", (count,))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE events")
    return count


def read_per_second(folder: Path) -> float:
    """The feed alone: events as the projector gets them, and nothing done with them."""
    with StoreFeed(folder) as feed:
        began, count = time.perf_counter(), 0
        for batch in feed.batches(0):
            count += len(batch.positions)
        return count / (time.perf_counter() - began)


def loaded_per_second(folder: Path, events: int) -> float:
    """Store to DuckDB's table of events, before any model."""
    projections = Projections(folder / "loaded.duckdb")
    try:
        with StoreFeed(folder) as feed:
            began = time.perf_counter()
            projections.append_events(read_ahead(feed.batches(0, LARGE_BATCH)))
            return events / (time.perf_counter() - began)
    finally:
        projections.close()


def projected_per_second(folder: Path, events: int) -> float:
    """Store to DuckDB with every model."""
    projections = Projections(folder / "projections.duckdb")
    try:
        with StoreFeed(folder) as feed:
            began = time.perf_counter()
            catch_up(projections, feed)
            return events / (time.perf_counter() - began)
    finally:
        projections.close()


def commands_table(server: LocalPostgresql, folder: Path, count: int) -> Table:
    table = Table(title="Durable commands in PostgreSQL", show_edge=False)
    for column in (
        "callers",
        "commands/s",
        "p50 ms",
        "p99 ms",
        "CPU µs each",
        "× bare INSERT",
        "÷ bare COPY",
    ):
        table.add_column(column, justify="right")
    for callers in CALLERS:
        some = commands_by_call(min(count, 2_000) if callers == 1 else count, seed=callers + 9)
        with schema(server, f"callers_{callers}") as url:
            with Ledger.open(folder) as ledger:
                rate, used, waits = asyncio.run(concurrent(ledger, some, callers))
            with psycopg.connect(url) as connection:
                rows = (
                    connection.cursor(binary=True)
                    .execute("SELECT position, call, version, document FROM events LIMIT 20000")
                    .fetchall()
                )
            inserted = bare_inserts_per_second(url, rows[:2_000])
            copied = bare_copied_per_second(url, rows[: 2_000 if callers == 1 else None], callers)
        p50, p99 = median(waits) * 1000, quantiles(waits, n=100)[98] * 1000
        table.add_row(
            str(callers),
            f"{rate:,.0f}",
            f"{p50:.1f}",
            f"{p99:.1f}",
            f"{used:.1f}",
            f"{rate / inserted:.1f} ({inserted:,.0f}/s)",
            f"{rate / copied:.2f} ({copied:,.0f}/s in groups of {callers})",
        )
    return table


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=40_000)
    arguments.add_argument("--events", type=int, default=1_000_000)
    given = arguments.parse_args()
    # As the command line does.
    gc.set_threshold(100_000, 50, 100)
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        folder = Path(name)
        server = LocalPostgresql(folder / "postgresql")
        server.start()
        try:
            if given.commands:
                console.print(commands_table(server, folder, given.commands))
            if given.events:
                with schema(server, "filled") as url:
                    Ledger.open(folder).close()
                    events = fill(url, given.events)
                    read = read_per_second(folder)
                    console.print(f"read: {read:,.0f} events/s of {events:,}")
                    loaded = loaded_per_second(folder, events)
                    console.print(f"PostgreSQL → DuckDB, events: {loaded:,.0f} events/s")
                    projected = projected_per_second(folder, events)
                    console.print(
                        f"PostgreSQL → DuckDB {duckdb.__version__} with every model:"
                        f" {projected:,.0f} events/s"
                    )
        finally:
            server.stop()


if __name__ == "__main__":
    main()
