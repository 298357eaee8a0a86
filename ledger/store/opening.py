"""The event store of a ledger, opened: SQLite in its folder, or PostgreSQL.

What only one of them needs is loaded when it is opened.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from infra.errors import missing
from infra.folder import LedgerFolder, make_folder
from ledger.store.reader import StoreReader
from ledger.store.sqlite_reader import SqliteReader

if TYPE_CHECKING:
    from ledger.store.recorder import CallRecorder


def store_to_read(folder: LedgerFolder) -> StoreReader:
    """Open the ledger's store, to read it beside its writers.

    Raises `LedgerMissing` when there is none and `LedgerUnavailable` when it cannot be read.
    """
    if folder.postgresql is not None:
        from ledger.store.postgresql_reader import PostgresqlReader

        store = PostgresqlReader.open_to_read(folder.postgresql)
        make_folder(folder.path)
        return store
    if not folder.sqlite_file.exists():
        raise missing(folder.path)
    return SqliteReader.open_to_read(folder.sqlite_file)


@contextmanager
def store_to_write(folder: LedgerFolder, doing: str) -> Iterator[CallRecorder]:
    """Have the ledger's store, to write it, for as long as this lasts.

    In SQLite one process writes, and `doing` is what a second one is told. Raises `LedgerInUse`
    then, and `LedgerUnavailable` when the store cannot be read or written.
    """
    if folder.postgresql is None:
        from ledger.store.sqlite_recorder import SqliteRecorder

        with folder.writing(doing), closing(SqliteRecorder.open(folder.sqlite_file)) as recorder:
            yield recorder
    else:
        from ledger.store.postgresql_recorder import PostgresqlRecorder

        make_folder(folder.path)
        with closing(PostgresqlRecorder.open(folder.postgresql)) as server_recorder:
            yield server_recorder
