"""Threads that read one file do not move each other."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from archive.shared_file import SharedFile


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    """A hundred bytes, each its own number."""
    path = tmp_path / "hundred"
    path.write_bytes(bytes(range(100)))
    return path


def test_each_thread_reads_on_from_where_it_was(hundred: Path) -> None:
    with hundred.open("rb") as file, ThreadPoolExecutor(1) as other:
        shared = SharedFile(file)
        assert shared.seek(10) == 10
        assert other.submit(shared.seek, 0, io.SEEK_END).result() == 100
        assert shared.read(2) == bytes([10, 11])
        assert other.submit(shared.read).result() == b""
        assert shared.seek(-10, io.SEEK_CUR) == 2
        assert shared.read() == bytes(range(2, 100))
        assert shared.tell() == 100


def test_scans_of_one_parquet_file_at_the_same_time_read_all_of_it(tmp_path: Path) -> None:
    numbers = pa.table({"number": range(5_000), "half": range(5_000)})
    pq.write_table(numbers, tmp_path / "numbers.parquet", row_group_size=500)
    parquet = ds.ParquetFileFormat()
    with (tmp_path / "numbers.parquet").open("rb") as file, ThreadPoolExecutor(4) as threads:
        fragment = parquet.make_fragment(pa.PythonFile(SharedFile(file)))
        scanned = ds.FileSystemDataset([fragment], numbers.schema, parquet)
        asked = [threads.submit(scanned.to_table, columns=["number"]) for _ in range(40)]
        assert all(one.result().equals(numbers.select(["number"])) for one in asked)
