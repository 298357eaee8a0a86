"""What differs between two tables, in a file: CSV, JSON lines or Parquet, as its name ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from entrypoints.ui.csv_cells import csv_line
from entrypoints.ui.whole_file import whole_file

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("model", "key", "column", "before", "after")
ENDINGS = (".csv", ".jsonl", ".parquet")


@contextmanager
def difference_file(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Take tables of differences into a file, which gets its name when all of them are in it."""
    if path.suffix not in ENDINGS:
        raise typer.BadParameter(f"{path} must end in one of {', '.join(ENDINGS)}.")
    with whole_file(path) as beside, writer(beside, path.suffix) as take:
        yield take


@contextmanager
def writer(path: Path, ending: str) -> Iterator[Callable[[pa.Table], None]]:
    """What writes tables of differences in the format of an ending."""
    if ending == ".parquet":
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        schema = pa.schema([(name, pa.string()) for name in COLUMNS])
        with path.open("wb") as bare, ParquetWriter(bare, schema) as parquet:
            yield lambda table: parquet.write_table(table.cast(schema))
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if ending == ".csv":
            file.write(csv_line(COLUMNS, raw=False))
            yield lambda table: file.writelines(
                csv_line(tuple(row.values()), raw=False) for row in table.to_pylist()
            )
        else:
            import orjson

            yield lambda table: file.writelines(
                orjson.dumps(row).decode() + "\n" for row in table.to_pylist()
            )
