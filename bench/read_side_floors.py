"""What the read side cannot be faster than: the same bytes and rows, and nothing decided."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from bench.figures import Figure
from ledger.feed import StoreFeed

PARSED_EVENTS = 200_000
PAGE_EVENTS = 50_000


def floors(folder: Path) -> Iterator[Figure]:
    """Of the folder's documents and tables, which nobody else has open."""
    with closing(duckdb.connect()) as tables:
        tables.execute(
            f"attach '{folder / 'projections.duckdb'}' as ledger (read_only); use ledger"
        )
        yield Figure("floor: documents parsed as JSON, no more", parsed(folder), "events/s")
        (events,) = tables.sql("select count(*) from events").fetchall()[0]
        columns = ", ".join(tables.table("events").columns)
        seconds = run(tables, f"select bit_xor(hash({columns})) from events")
        yield Figure("floor: every column of the events read", events / seconds, "events/s")
        seconds = copied(tables, folder / "copied.duckdb")
        yield Figure("floor: the models' rows written to a new file", events / seconds, "events/s")


def parsed(folder: Path) -> float:
    """The first documents, parsed by DuckDB: events a second, without reading them."""
    seconds, count = 0.0, 0
    with closing(duckdb.connect()) as connection, StoreFeed(folder) as feed:
        pages = feed.batches(0, PAGE_EVENTS)
        for batch in islice(pages, PARSED_EVENTS // PAGE_EVENTS):
            texts = pa.array(batch.documents, pa.binary()).cast(pa.string())
            documents = pa.table({"document": texts})
            connection.register("documents", documents)
            seconds += run(connection, "select count(*) from documents where json_valid(document)")
            count += len(documents)
    return count / seconds


def copied(tables: duckdb.DuckDBPyConnection, file: Path) -> float:
    """Seconds that all stored rows of the models take into a file of their own."""
    stored = tables.sql("select schema_name, model from current_models where schema_name <> ''")
    names = [f"{schema}.{model}" for schema, model in stored.fetchall()]
    seconds = run(tables, f"attach '{file}' as copy")
    for number, name in enumerate(names):
        seconds += run(tables, f"create table copy.rows_{number} as from {name}")
    return seconds + run(tables, "detach copy")


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    """Seconds that a statement takes."""
    start = time.perf_counter()
    connection.execute(sql).fetchall()
    return time.perf_counter() - start
