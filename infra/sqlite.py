"""Connections to SQLite: one that writes, durable at every commit, and any number that read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

LOG_PAGES: Final = 8_000
"""So many pages of 4 KB SQLite writes to its log before it moves them into the file.

Whoever commits then waits for that: with 4,000 it was some eight groups of 64 commands in a
thousand, and the first ones beside, so that it made the p99.
"""


def writing_connection(path: Path) -> sqlite3.Connection:
    """Open the file for the one process that writes it; every commit is on disk when it returns.

    Raises `sqlite3.Error` when the file cannot be opened so.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        (journal,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        if (journal, synchronous) != ("wal", 2):
            raise sqlite3.OperationalError(
                f"the file system allows journal {journal} and synchronous {synchronous} only"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def reading_connection(path: Path) -> sqlite3.Connection:
    """Open the file to read it beside a writer, without ever checkpointing or creating it.

    A folder that cannot be written has no writer, so its file is read as one that never changes.
    """
    unchanging = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    mode = "immutable=1" if unchanging else "mode=ro"
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
