"""Reading the event store in one SQLite file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from ledger.store.reader import Soundness, StoreReader
from ledger.store.sqlite_file import explained, open_to_read


class SqliteReader(StoreReader):
    """Reads beside the writer, over one connection."""

    JOINED = (
        "group_concat(call, ','), group_concat(length(document), ','),"
        " CAST(group_concat(document, '') AS BLOB)"
    )

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def open_to_read(cls, path: Path) -> SqliteReader:
        """Open the store beside its writer, to read only. Raises as `open_to_read` does."""
        return SqliteReader(open_to_read(path))

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """The rows of a query."""
        with explained():
            return self.connection.execute(query, parameters).fetchall()

    def size_bytes(self) -> int:
        """The size of the file."""
        ((pages,),), ((page_bytes,),) = (
            self.rows("PRAGMA page_count"),
            self.rows("PRAGMA page_size"),
        )
        return int(pages * page_bytes)

    def soundness(self) -> Soundness:
        """Whether SQLite finds its file whole."""
        ((answer,),) = self.rows("PRAGMA quick_check(1)")
        return Soundness(answer == "ok", f"SQLite's quick check says: {answer}")

    def close(self) -> None:
        """Close the file; a writer's write-ahead log is moved into it first."""
        self.connection.close()
