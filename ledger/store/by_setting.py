"""Which event store it is: SQLite in the ledger's folder, or PostgreSQL, by one setting.

PostgreSQL's driver is loaded when it is needed.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
from pathlib import Path

from infra.errors import LedgerError, missing
from infra.folder import LedgerFolder, make_folder
from ledger.store.reader import StoreReader
from ledger.store.sqlite_reader import SqliteReader

VARIABLE = "CALL_LEDGER_STORE"
SCHEMES = ("postgresql://", "postgres://")


def store_to_read(folder: Path) -> StoreReader:
    """Open the store that the setting names, to read it beside its writers.

    Raises `LedgerMissing` when there is none and `LedgerUnavailable` when it cannot be read.
    """
    url = postgresql_url()
    if url is not None:
        from ledger.store.postgresql_reader import PostgresqlReader

        store = PostgresqlReader.open_to_read(url)
        make_folder(folder)
        return store
    path = LedgerFolder(folder).store
    if not path.exists():
        raise missing(folder)
    return SqliteReader.open_to_read(path)


def postgresql_url() -> str | None:
    """The URL that the setting gives; nothing for SQLite. Raises `LedgerError` for neither."""
    store = os.environ.get(VARIABLE, "") or "sqlite"
    if store == "sqlite":
        return None
    if not store.startswith(SCHEMES):
        raise LedgerError(
            f"{VARIABLE} names no store: set it to sqlite or to postgresql://user@server/database."
        )
    return store


def has_store(folder: Path) -> bool:
    """Whether the folder has an event store to follow, in it or by the setting."""
    return postgresql_url() is not None or LedgerFolder(folder).store.exists()


def store_shown(folder: Path) -> str:
    """Where the store is, in words that hold nothing secret."""
    url = postgresql_url()
    if url is None:
        return str(LedgerFolder(folder).store.absolute())
    from infra.postgresql import without_password

    return without_password(url)
