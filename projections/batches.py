"""What comes into the read side's tables, and how far they are."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from typing import NamedTuple, Protocol

import duckdb
import pyarrow as pa


class Events(Protocol):
    """Recorded events in order: what a feed yields, in lists or in Arrow's columns."""

    @property
    def positions(self) -> Sequence[int]: ...
    @property
    def call_positions(self) -> Sequence[int] | pa.ChunkedArray: ...
    @property
    def documents(self) -> Sequence[bytes] | pa.ChunkedArray: ...


class Refusals(Protocol):
    """Kept refusals in order: what a feed yields beside the events."""

    @property
    def numbers(self) -> Sequence[int]: ...
    @property
    def documents(self) -> Sequence[bytes]: ...


class Positions(NamedTuple):
    """How far the file is: events and refusals taken in, and events the models show."""

    position: int
    refusal_number: int
    projected_position: int
    projected_refusal_number: int


def numbers(values: Sequence[int] | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Numbers as a column."""
    if isinstance(values, range):
        return pa.arange(values.start, values.stop)
    return values if isinstance(values, pa.ChunkedArray) else pa.array(values, pa.int64())


def texts(values: Sequence[bytes] | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Documents as a column; at most 2 GiB of them."""
    if isinstance(values, pa.ChunkedArray):
        return values
    return column_of(b"".join(values), map(len, values), len(values))


def column_of(documents: bytes, sizes_bytes: Iterable[int], count: int) -> pa.StringArray:
    """Documents in one piece of memory as a column, where they are."""
    begins = array("i", accumulate(sizes_bytes, initial=0))
    return pa.StringArray.from_buffers(count, pa.py_buffer(begins), pa.py_buffer(documents))


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Insert rows by the names of their columns, in the caller's transaction.

    Raises `duckdb.Error` where one of them is none of the table.
    """
    with registered(connection, "arriving_rows", rows):
        connection.execute(f"insert into {table} by name from arriving_rows")


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> Iterator[None]:
    """Let a name mean these rows for as long as this lasts, within a transaction, too."""
    connection.register(name, rows)
    try:
        yield
    finally:
        # Where one of them was refused the transaction is over, and takes the name with it.
        with suppress(duckdb.TransactionException):
            connection.unregister(name)
