"""What is in the files: rows of a table, and how far each shard is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from lake.columns import COMMITS, OF_DUCKDB, RECORD, REVISION, tables
from lake.place import LakePlace
from lake.record import Record
from lake.table import File, Lake


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


def read(lake: Lake, file: File) -> pa.Table:
    """A whole file."""
    # pyarrow's `read_table` loads what it reads folders with, which takes longer than the reading.
    with pq.ParquetFile(pa.BufferReader(lake.content(file))) as parquet:
        return parquet.read()
