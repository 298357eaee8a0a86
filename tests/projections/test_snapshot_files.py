"""A file that is shown to another process is read right by many threads at once."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from projections.serving.snapshot import Snapshot
from projections.serving.snapshot_files import SnapshotFiles

ROWS = 1_500_000
"""A dozen row groups: DuckDB's threads take one each."""

TIMES = 5
THREADS = 8


def snapshot_of(path: Path) -> Snapshot:
    with path.open("rb") as file:
        return Snapshot.of(path, file.fileno())


def test_threads_that_read_one_file_each_get_the_block_they_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "tables.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table numbers as"
            " select number, hash(number) as spread, number % 1000 as few"
            f" from range({ROWS}) as of(number)"
        )
        (expected,) = connection.execute(SUMS).fetchall()
    snapshot = snapshot_of(path)
    files = SnapshotFiles(snapshot)
    for _ in range(TIMES):
        with duckdb.connect(config={"threads": THREADS}) as connection:
            connection.register_filesystem(files)
            connection.execute(f"attach '{snapshot.url}' as shown (read_only)")
            connection.execute("use shown")
            assert connection.execute(SUMS).fetchall() == [expected]
            connection.execute("use memory")
            connection.execute("detach shown")
            connection.unregister_filesystem(files.protocol)


SUMS = "select count(*), sum(number), sum(spread), sum(few) from numbers"


def test_a_place_beyond_the_end_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    files = SnapshotFiles(snapshot_of(path))
    with files.open(str(path)) as file:
        assert file.seek(-4, os.SEEK_END) == 6
        assert (file.read(2), file.tell(), file.read(), file.read(1)) == (b"67", 8, b"89", b"")
        assert file.seek(1) + file.seek(1, os.SEEK_CUR) == 3
        assert file.read(3) == b"234"
