"""Who has read what: each reading is on disk before its data goes out.

The log is of its own file, is only added to, and is read by auditors. Readings that come at the
same time share one write to the disk.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import datetime
from threading import Condition
from typing import Final, NamedTuple

from infra.errors import LedgerUnavailable
from infra.folder import LedgerFolder, make_folder
from infra.sqlite import reading_connection, writing_connection

FILE_NAME: Final = "access-log.sqlite"
TABLES: Final = """
create table if not exists readings (
    number integer primary key autoincrement,
    read_at text not null,
    key_id text not null,
    role text not null,
    operation text not null,
    address text not null
) strict;
create trigger if not exists readings_stay before delete on readings
begin select raise(abort, 'a reading stays in the log'); end;
create trigger if not exists readings_do_not_change before update on readings
begin select raise(abort, 'a reading stays as it is'); end;
"""


AFTER: Final = """
select number, read_at, key_id, role, operation, address from readings
where number > :after order by number limit :most
"""
LATEST: Final = """
select number, read_at, key_id, role, operation, address from readings
where (:before is null or number < :before)
  and (:key_id = '' or key_id = :key_id)
  and (:operation = '' or operation = :operation)
  and (:text = '' or instr(address, :text) > 0)
order by number desc limit :most
"""


class Reading(NamedTuple):
    """One reading: by which key, of what; the address has the question with its filters."""

    read_at: str
    key_id: str
    role: str
    operation: str
    address: str


class AccessLog:
    """The log, open for the one process that serves."""

    def __init__(self, folder: LedgerFolder) -> None:
        """Open or make it. Raises `LedgerUnavailable`."""
        make_folder(folder.path)
        self._path = folder.path / FILE_NAME
        try:
            self._connection = writing_connection(self._path)
            self._connection.executescript(TABLES)
        except sqlite3.Error as error:
            raise self._unavailable(error) from None
        self._changed = Condition()
        self._waiting: list[Reading] = []
        self._begun = self._durable = 0
        """How many groups were begun, and the last of them that is on disk."""
        self._failed: dict[int, sqlite3.Error] = {}
        self._is_writing = False

    def write(self, reading: Reading) -> None:
        """Return when it is on disk. Raises `LedgerUnavailable` when it cannot be written."""
        with self._changed:
            self._waiting.append(reading)
            group = self._begun + 1
            while self._is_writing and self._durable < group:
                self._changed.wait()
            if self._durable >= group:
                self._raise_failed(group)
                return
            self._is_writing = True
            self._begun = group
            readings, self._waiting = self._waiting, []
        failed: sqlite3.Error | None = None
        try:
            self._append(readings)
        except sqlite3.Error as error:
            failed = error
        with self._changed:
            self._durable, self._is_writing = group, False
            if failed is not None:
                self._failed[group] = failed
            self._changed.notify_all()
            self._raise_failed(group)

    def _append(self, readings: list[Reading]) -> None:
        self._connection.execute("begin immediate")
        try:
            self._connection.executemany(
                "insert into readings (read_at, key_id, role, operation, address)"
                " values (?, ?, ?, ?, ?)",
                readings,
            )
            self._connection.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            raise

    def _raise_failed(self, group: int) -> None:
        if (failed := self._failed.get(group)) is not None:
            raise self._unavailable(failed)

    def _unavailable(self, error: sqlite3.Error) -> LedgerUnavailable:
        return LedgerUnavailable(
            f"{self._path} cannot be written ({error}), and nothing is read that is not logged: "
            "free some space or give write permission."
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def readings_of(folder: LedgerFolder, after_number: int, limit: int) -> list[dict[str, object]]:
    """Readings in the order in which they were written, after a number."""
    return read_rows(folder, AFTER, {"after": after_number, "most": limit})


def read_rows(
    folder: LedgerFolder, sql: str, asked: dict[str, str | int | None]
) -> list[dict[str, object]]:
    """Readings as they are in the file; none where there is none. Raises `LedgerUnavailable`."""
    path = folder.path / FILE_NAME
    if not path.exists():
        return []
    connection = reading_connection(path)
    try:
        rows = connection.execute(sql, asked).fetchall()
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"{path} cannot be read ({error}): see who writes it.") from None
    finally:
        connection.close()
    return [dict(zip(("number", *Reading._fields), row, strict=True)) for row in rows]


def text_of(moment: datetime) -> str:
    """A time as the log has it, in UTC."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def latest_readings(
    folder: LedgerFolder,
    before: int | None,
    most: int,
    key_id: str = "",
    operation: str = "",
    text: str = "",
) -> list[dict[str, object]]:
    """Readings before a number, the newest first; of a key, an operation or an address with a text.

    Raises `LedgerUnavailable`.
    """
    asked = {"key_id": key_id, "operation": operation, "text": text, "before": before, "most": most}
    return read_rows(folder, LATEST, asked)
