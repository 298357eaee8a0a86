"""Webhook deliveries that were taken: each is on disk before it is answered, and kept a month."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from infra.errors import LedgerUnavailable
from infra.folder import LedgerFolder, make_folder
from infra.sqlite import writing_connection

FILE_NAME: Final = "webhooks.sqlite"
KEPT: Final = timedelta(days=30)
TABLES: Final = """
create table if not exists deliveries (
    number integer primary key autoincrement,
    id text not null unique,
    task_id text not null,
    received_at text not null,
    is_end integer not null,
    is_recorded integer not null default 0,
    body blob not null
) strict;
create index if not exists deliveries_of_task on deliveries (task_id);
create index if not exists deliveries_by_age on deliveries (received_at);
"""


class Deliveries:
    """The deliveries of every call, in a file of the ledger's folder."""

    def __init__(self, folder: LedgerFolder) -> None:
        self._folder = folder
        self._path = folder.path / FILE_NAME
        self._one_at_a_time = Lock()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        make_folder(self._folder.path)
        try:
            with self._one_at_a_time, closing(writing_connection(self._path)) as connection:
                connection.executescript(TABLES)
                yield connection
        except sqlite3.Error as error:
            raise LedgerUnavailable(
                f"{self._path} cannot be written ({error}): free some space or give write "
                "permission."
            ) from None

    def keep(
        self, delivery_id: str, task_id: str, is_end: bool, body: bytes, now: datetime
    ) -> None:
        """Keep a delivery, unless it is there; it is on disk when this returns."""
        with self._open() as connection:
            connection.execute(
                "insert into deliveries (id, task_id, received_at, is_end, body)"
                " values (?, ?, ?, ?, ?) on conflict (id) do nothing",
                (delivery_id, task_id, now.isoformat(), is_end, body),
            )
            connection.execute(
                "delete from deliveries where received_at < ?", ((now - KEPT).isoformat(),)
            )

    def settled(self, before: datetime) -> list[str]:
        """The ended calls of which something is to be recorded, and of which nothing came since."""
        with self._open() as connection:
            rows = connection.execute(
                "select task_id from deliveries group by task_id"
                " having min(is_recorded) = 0 and max(is_end) = 1 and max(received_at) < ?",
                (before.isoformat(),),
            )
            return [task_id for (task_id,) in rows]

    def of(self, task_id: str) -> list[tuple[bytes, bool]]:
        """The deliveries of a call as they came, and whether each is recorded."""
        with self._open() as connection:
            rows = connection.execute(
                "select body, is_recorded from deliveries where task_id = ? order by number",
                (task_id,),
            )
            return [(body, bool(is_recorded)) for body, is_recorded in rows]

    def mark(self, task_id: str, count: int) -> None:
        """What came of so many deliveries of a call, the first ones, is in the ledger."""
        with self._open() as connection:
            connection.execute(
                "update deliveries set is_recorded = 1 where number in (select number from"
                " deliveries where task_id = ? order by number limit ?)",
                (task_id, count),
            )
