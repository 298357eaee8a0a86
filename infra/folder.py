"""The ledger's folder: its files, and who may write to them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import LedgerInUse, LedgerUnavailable, missing

if TYPE_CHECKING:
    from infra.ledgers import Member
    from infra.postgresql import Postgresql


def size_of(path: Path) -> int:
    """How large a file is, in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def make_folder(folder: Path) -> None:
    """Make the folder where it is not there yet. Raises `LedgerUnavailable` when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None


def unwritable(folder: Path, error: OSError) -> LedgerUnavailable:
    """The error for a folder that cannot be written, or for a file in its place."""
    if folder.is_file():
        return LedgerUnavailable(str(missing(folder)))
    return LedgerUnavailable(
        f"The ledger in {folder} cannot be written ({error.strerror}): "
        "give write permission, or choose another folder with --ledger."
    )


@dataclass(frozen=True, slots=True)
class LedgerFolder:
    """Where a ledger is: its folder with each of its files, and its event store."""

    path: Path
    postgresql: Postgresql | None = None
    """The event store, where it is not in the folder."""
    member: Member | None = None
    """Which ledger it is, where there are several."""

    @classmethod
    def of(cls, place: LedgerFolder | Path) -> LedgerFolder:
        """The ledger in a place; a path alone is a ledger that keeps its events in SQLite."""
        return cls(place) if isinstance(place, Path) else place

    def __str__(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str | None:
        """Its name among several; none where it is alone."""
        return None if self.member is None else self.member.name

    @property
    def facts(self) -> dict[str, str]:
        """What is said of it beside each answer: its name among several."""
        return {} if self.name is None else {"ledger": self.name}

    @property
    def sqlite_file(self) -> Path:
        """The event store in SQLite: the truth, where PostgreSQL is not."""
        return self.path / "ledger.sqlite"

    @property
    def log(self) -> Path:
        """What SQLite has not moved into the file yet, after a writer that was killed."""
        return self.path / "ledger.sqlite-wal"

    @property
    def has_log_alone(self) -> bool:
        """Whether there is such a log, and the file that it belongs to is gone."""
        return not self.sqlite_file.exists() and size_of(self.log) > 0

    @property
    def has_store(self) -> bool:
        """Whether there is an event store to follow."""
        return self.postgresql is not None or self.sqlite_file.exists()

    @property
    def is_emptied(self) -> bool:
        """Whether the SQLite file has nothing where what lies beside it says that it had."""
        beside = (self.projections, self.log)
        return (
            self.sqlite_file.exists()
            and size_of(self.sqlite_file) == 0
            and (any(map(size_of, beside)) or bool(self._word().get("has_store")))
        )

    @property
    def store_shown(self) -> str:
        """Where the event store is, in words that hold nothing secret."""
        return str(self.postgresql or self.sqlite_file.absolute())

    @property
    def projections(self) -> Path:
        """The read side: disposable, made again from the store."""
        return self.path / "projections.duckdb"

    @property
    def _lock(self) -> Path:
        return self.path / "writer.lock"

    @property
    def _writer(self) -> Path:
        return self.path / "writer.json"

    @contextmanager
    def writing(self, doing: str) -> Iterator[None]:
        """Be the only writer for as long as this lasts, and leave word of who it is.

        Raises `LedgerInUse` when another process has it, and `LedgerUnavailable` when the
        folder cannot be made or written.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - who only reads does without

        lock = FileLock(self._lock, timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise LedgerInUse(self._who_writes()) from None
        except OSError as error:
            raise unwritable(self.path, error) from None
        try:
            self.leave_word(doing)
            yield
        finally:
            lock.release()

    def leave_word(self, doing: str) -> None:
        """Say who writes, and whether the store has been made. Raises `LedgerUnavailable`."""
        word = {"pid": os.getpid(), "doing": doing, "has_store": size_of(self.sqlite_file) > 0}
        try:
            self._writer.write_text(json.dumps(word))
        except OSError as error:
            raise LedgerUnavailable(
                f"The ledger in {self.path} cannot be written ({error.strerror}): "
                "free some space or give write permission, and try again."
            ) from None

    def _word(self) -> dict[str, Any]:
        """What the last writer has left word of; nothing where none has, or not all of it."""
        try:
            word = json.loads(self._writer.read_text())
        except (OSError, ValueError):
            return {}
        return word if isinstance(word, dict) else {}

    def _who_writes(self) -> str:
        word = self._word()
        is_known = {"pid", "doing"} <= word.keys()
        who = f"process {word['pid']} ({word['doing']})" if is_known else "another process"
        return (
            f"The ledger in {self.path} is being written by {who}: "
            "wait until it has finished, or stop it."
        )
