"""What is in the files: rows of a table, and how far each shard is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from lake.columns import CALLS, COMMITS, OF_DUCKDB, RECORD, REVISION, tables
from lake.place import LakePlace
from lake.record import Record
from lake.table import AT_ONCE, File, Lake

FRESH_CALLS: Final = pa.schema([("call_position", pa.int64()), (REVISION, pa.int64())])
"""What is read of a fresh file of calls."""


def rows_in(place: LakePlace, name: str, files: Sequence[File]) -> str:
    """The query for the rows of some files of a table, as they travelled."""
    if files:
        listed = ", ".join("'" + place.url(file.path).replace("'", "''") + "'" for file in files)
        return f"from read_parquet([{listed}], hive_partitioning = false)"
    columns = ", ".join(
        f'null::{kind if kind in OF_DUCKDB else "VARCHAR"} as "{column}"'
        for column, kind in tables()[name].items()
    )
    return f"select {columns}, null::bigint as {REVISION} where false"


def newest(files: Iterable[File], table: str) -> dict[int, File]:
    """The newest file of each shard, of a table whose files each replace the one before."""
    found: dict[int, File] = {}
    for file in files:
        if file.table == table and (
            file.shard not in found or file.revision > found[file.shard].revision
        ):
            found[file.shard] = file
    return found


def records(lake: Lake, files: Iterable[File]) -> dict[int, Record]:
    """How far each shard is that has begun, by number."""
    return {
        number: msgspec.json.decode(read(lake, file)[RECORD][0].as_py(), type=Record)
        for number, file in sorted(newest(files, COMMITS).items())
    }


def read(lake: Lake, file: File, columns: list[str] | None = None) -> pa.Table:
    """A whole file, or these columns of it."""
    # pyarrow's `read_table` loads what it reads folders with, which takes longer than the reading.
    with pq.ParquetFile(pa.BufferReader(lake.content(file))) as parquet:
        return parquet.read(columns)


class FreshCalls:
    """The calls in fresh files: for a later version only files are read that are new in it."""

    def __init__(self) -> None:
        self._read: dict[str, pa.Table] = {}

    def of(self, lake: Lake, files: Iterable[File]) -> pa.Table:
        """Each call in a fresh file of these, with the revision. Raises `LakeUnavailable`."""
        fresh = [file for file in files if file.table == CALLS and file.is_fresh]
        new = [file for file in fresh if file.path not in self._read]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            rows = threads.map(lambda file: read(lake, file, FRESH_CALLS.names), new)
            found = self._read | {file.path: some for file, some in zip(new, rows, strict=True)}
        self._read = {file.path: found[file.path] for file in fresh}
        return pa.concat_tables([FRESH_CALLS.empty_table(), *self._read.values()])
