"""The process that fills a snapshot file: it reads a lent snapshot of the tables, and nothing else.

It is a process of its own because whoever has the tables must not open their file a second time,
and so that live rounds come first.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, Final

import duckdb

from projections.serving.isolated_process import POLITENESS, end_with_standard_input
from projections.serving.snapshot import MOVED, Snapshot
from projections.serving.snapshot_files import SnapshotFiles
from projections.snapshot_tables import FILE, TABLES, quoted, statements

MEMORY_MEGABYTES: Final = 1_000


def main() -> int:
    """Read from standard input what is to be made, and make it; an error goes to standard error."""
    given = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    os.nice(POLITENESS)
    snapshot, path = Snapshot(**given["snapshot"]), Path(given["path"])
    try:
        fill(snapshot, path, given["with_personal"])
    except (duckdb.Error, OSError) as error:
        sys.stderr.write(str(error))
        return 1 if snapshot.is_unchanged() else MOVED
    return 0 if snapshot.is_unchanged() else MOVED


def fill(snapshot: Snapshot, path: Path, with_personal: bool) -> None:
    """Make the file. Raises `duckdb.Error` and `OSError`."""
    settings: dict[str, Any] = {
        "memory_limit": f"{MEMORY_MEGABYTES}MB",
        "temp_directory": f"{path}.spill",
    }
    with duckdb.connect(config=settings) as connection:
        connection.register_filesystem(SnapshotFiles(snapshot))
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {quoted(snapshot.url)} as {TABLES} (read_only)")
        connection.execute(f"attach {quoted(str(path))} as {FILE}")
        # In one transaction: hundreds of small ones would each wait for the disk.
        connection.begin()
        for statement in statements(with_personal):
            connection.execute(statement)
        connection.commit()
        connection.execute("use memory")
        connection.execute(f"detach {FILE}")


if __name__ == "__main__":
    code = 1
    try:
        code = main()
        sys.stderr.flush()
    finally:
        # At once: the thread that waits for the standard input would hold up an orderly end.
        os._exit(code)
