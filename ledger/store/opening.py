"""The event store of a ledger, opened: SQLite in its folder, or PostgreSQL.

PostgreSQL's driver is loaded when it is needed.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from infra.errors import LedgerUnavailable, missing
from infra.folder import LedgerFolder, make_folder
from ledger.store.interface import EventStore, StoreReader
from ledger.store.sqlite import SqliteEventStore, SqliteReader


def store_to_read(folder: LedgerFolder) -> StoreReader:
    """Open the ledger's store, to read it beside its writers.

    Raises `LedgerMissing` when there is none and `LedgerUnavailable` when it cannot be read.
    """
    if folder.postgresql is not None:
        from ledger.store.postgresql_reader import PostgresqlReader

        store = PostgresqlReader.open_to_read(folder.postgresql)
        make_folder(folder.path)
        return store
    check_not_lost(folder)
    if not folder.sqlite_file.exists():
        raise missing(folder.path)
    return SqliteReader.open_to_read(folder.sqlite_file)


def check_not_lost(folder: LedgerFolder) -> None:
    """Refuse a file that has lost everything, and a log whose file is gone.

    Either would be a new ledger: SQLite ends the log of an empty file, and takes one that it finds
    beside another file for that file's own. Raises `LedgerUnavailable`.
    """
    if folder.has_log_alone:
        raise LedgerUnavailable(
            f"{folder.log} is what was recorded last in a ledger whose file is gone: put"
            f" {folder.sqlite_file.name} back beside it, or move it away to begin or restore one."
        )
    if folder.is_emptied:
        raise LedgerUnavailable(
            f"{folder.sqlite_file} is empty, and was not: restore it from its last backup, or "
            "remove it to begin a new ledger."
        )


@contextmanager
def store_to_write(folder: LedgerFolder, doing: str) -> Iterator[EventStore]:
    """Have the ledger's store, to write it, for as long as this lasts.

    In SQLite one process writes, and `doing` is what a second one is told. Raises `LedgerInUse`
    then, and `LedgerUnavailable` when the store cannot be read or written.
    """
    if folder.postgresql is None:
        check_not_lost(folder)
        with folder.writing(doing), closing(SqliteEventStore.open(folder.sqlite_file)) as store:
            folder.leave_word(doing)
            yield store
    else:
        from ledger.store.postgresql import PostgresqlEventStore

        make_folder(folder.path)
        with closing(PostgresqlEventStore.open(folder.postgresql)) as server_store:
            yield server_store
