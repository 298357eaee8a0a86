"""An event store of which a document is no event any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(folder: Path, position: int, document: bytes, table: str = "events") -> None:
    """Put other bytes in the place of a document, past the triggers that forbid it."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as store:
        for (trigger,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            store.execute(f"DROP TRIGGER {trigger}")
        number = "position" if table == "events" else "number"
        store.execute(f"UPDATE {table} SET document = ? WHERE {number} = ?", (document, position))
        store.commit()


def document_at(folder: Path, position: int) -> bytes:
    """The bytes of a document."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as store:
        found = store.execute("SELECT document FROM events WHERE position = ?", (position,))
        return bytes(found.fetchone()[0])
