"""The process that writes an export: rows go part by part into a file that it is given.

It is a process of its own, as that of an analyst's statement is, so that neither its memory nor its
time is taken from those who record.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import RawIOBase
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from entrypoints.ui.csv_cells import csv_line
from entrypoints.ui.parquet import without_unions
from entrypoints.ui.values import json_text, rows_of, unique
from projections.errors import ProjectionError
from projections.serving.column_types import with_types
from projections.serving.isolated_process import SnapshotTables, Tables, run
from projections.serving.protocol import Answer, Question
from projections.serving.sandbox import Parts, QueryRefused, reading

ROWS_AT_ONCE: Final = 10_000
ROWS_IN_ONE_GROUP: Final = 100_000
"""Of a Parquet file."""

IS_TOTAL: Final = "is_total"
"""The column that tells a report's total from its groups."""


class Hashed(RawIOBase):
    """A file that is only added to, with the SHA-256 of what is in it."""

    def __init__(self, descriptor: int, largest_bytes: int) -> None:
        """Begin anew in a file that may have something in it."""
        super().__init__()
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        self._descriptor, self._largest_bytes = descriptor, largest_bytes
        self.size_bytes = 0
        self.hash = sha256()

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """How much is in it."""
        return self.size_bytes

    def write(self, content: Any) -> int:
        """Add to it. Raises `QueryRefused` and `ProjectionError`."""
        size_bytes = memoryview(content).nbytes
        self.size_bytes += size_bytes
        if self.size_bytes > self._largest_bytes:
            raise QueryRefused(
                f"The answer has more than {self._largest_bytes // 1_000_000:,} MB: ask for a "
                "shorter period or fewer columns, or free some space."
            )
        self.hash.update(content)
        try:
            left = memoryview(content).cast("B")
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise ProjectionError(
                f"The export cannot be written ({error.strerror}): free some space in the "
                "ledger's folder."
            ) from None
        return size_bytes


def written(
    connection: duckdb.DuckDBPyConnection, question: Question, given: dict[str, Any]
) -> Answer:
    """Write the rows; the answer is one row about the file."""
    file = Hashed(given["descriptor"], given["largest_bytes"])
    with reading(
        connection,
        question.sql,
        question.parameters,
        question.bounds,
        given["before"],
        ROWS_AT_ONCE,
    ) as parts:
        position = question.as_of.position if question.as_of else parts.position
        about = {**given["about"], "position": position}
        given["most_rows"] = question.bounds.rows
        rows = WRITERS[given["format"]](parts, file, about, given)
    facts = {"rows": rows, "size_bytes": file.size_bytes, "sha256": file.hash.hexdigest()}
    return Answer(pa.Table.from_pylist([facts]), position)


def tables_of(parts: Parts, given: dict[str, Any]) -> Iterator[pa.Table]:
    """The rows, first none and then some at a time; of a report its groups alone."""
    left = given["most_rows"]
    none = pa.Table.from_batches([], parts.reader.schema)
    parted = (pa.Table.from_batches([batch]) for batch in parts.reader)
    for table in chain([none], parted):
        left -= table.num_rows
        if left < 0:
            raise QueryRefused(
                f"The answer has more than {given['most_rows']:,} rows: group it, or add a limit."
            )
        yield without_totals(with_types(table, parts.types), given["is_grouped"])


def without_totals(table: pa.Table, is_grouped: bool) -> pa.Table:
    """The groups of a report, or its total where it has none; any other table as it is."""
    if IS_TOTAL not in table.column_names:
        return table
    groups = table.filter(pc.invert(table[IS_TOTAL])) if is_grouped else table
    return groups.drop_columns([IS_TOTAL])


def write_csv(parts: Parts, file: Hashed, about: dict[str, Any], given: dict[str, Any]) -> int:
    """Write a line of names and a line for each row."""
    del about
    count, raw, place = 0, given["raw"], ZoneInfo(given["time_zone"])
    for number, table in enumerate(tables_of(parts, given)):
        names, rows = rows_of(table, place)
        lines = [csv_line(names, raw)] if number == 0 else []
        lines += (csv_line(row, raw) for row in rows)
        file.write("".join(lines).encode())
        count += len(rows)
    return count


def write_json_lines(
    parts: Parts, file: Hashed, about: dict[str, Any], given: dict[str, Any]
) -> int:
    """Write an object for each row, and a last one that says what they are and what is in them."""
    count, place = 0, ZoneInfo(given["time_zone"])
    for table in tables_of(parts, given):
        names, rows = rows_of(table, place)
        file.write("".join(f"{json_text(dict(zip(names, row, strict=True)))}\n" for row in rows)
                   .encode())  # fmt: skip
        count += len(rows)
    facts = {**about, "rows": count, "sha256_of_rows": file.hash.hexdigest()}
    file.write(f"{json_text({'export': facts})}\n".encode())
    return count


def write_json(parts: Parts, file: Hashed, about: dict[str, Any], given: dict[str, Any]) -> int:
    """Write one document, as `call-ledger sql --json` does."""
    count, place = 0, ZoneInfo(given["time_zone"])
    file.write(json_text(about).removesuffix("}").encode() + b',"rows":[')
    for table in tables_of(parts, given):
        names, rows = rows_of(table, place)
        objects = [json_text(dict(zip(names, row, strict=True))) for row in rows]
        file.write(f"{',' if count and objects else ''}{','.join(objects)}".encode())
        count += len(rows)
    file.write(b"]}")
    return count


def write_parquet(parts: Parts, file: Hashed, about: dict[str, Any], given: dict[str, Any]) -> int:
    """Write them with Arrow's types, and what they are about in the metadata."""
    told = {name: str(value) for name, value in about.items()}
    count, writer, waiting = 0, None, list[pa.Table]()
    try:
        for table in tables_of(parts, given):
            plain = without_unions(table).rename_columns(unique(table.column_names))
            if writer is None:
                schema = plain.schema.with_metadata({**(plain.schema.metadata or {}), **told})
                writer = pyarrow.parquet.ParquetWriter(file, schema)
            count += plain.num_rows
            waiting.append(plain)
            if sum(one.num_rows for one in waiting) >= ROWS_IN_ONE_GROUP:
                writer.write_table(pa.concat_tables(waiting).cast(writer.schema))
                waiting.clear()
        if writer is not None and waiting:
            writer.write_table(pa.concat_tables(waiting).cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
    return count


def tables_there(given: dict[str, Any]) -> Tables:
    """The tables of a folder, or those that shards have published."""
    if "published" not in given:
        return SnapshotTables(given)
    from lake.isolated_process import PublishedTables

    return PublishedTables(given)


Writer = Callable[[Parts, Hashed, dict[str, Any], dict[str, Any]], int]
WRITERS: Final[dict[str, Writer]] = {
    "csv": write_csv,
    "json": write_json,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
}


if __name__ == "__main__":
    run(written, tables_there)
