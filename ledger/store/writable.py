"""The event store that the setting names, opened to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from infra.folder import LedgerFolder, make_folder
from ledger.store.by_setting import postgresql_url
from ledger.store.recorder import CallRecorder
from ledger.store.sqlite_recorder import SqliteRecorder


@contextmanager
def store_to_write(folder: Path, doing: str) -> Iterator[CallRecorder]:
    """Have the store that the setting names, to write it, for as long as this lasts.

    In SQLite one process writes, and `doing` is what a second one is told. Raises `LedgerInUse`
    then, and `LedgerUnavailable` when the store cannot be read or written.
    """
    url = postgresql_url()
    if url is None:
        place = LedgerFolder(folder)
        with place.writing(doing), closing(SqliteRecorder.open(place.store)) as recorder:
            yield recorder
    else:
        from ledger.store.postgresql_recorder import PostgresqlRecorder  # noqa: PLC0415 - its driver

        make_folder(folder)
        with closing(PostgresqlRecorder.open(url)) as recorder:
            yield recorder
