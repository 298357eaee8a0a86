"""The ledger's folder: its files, and who may write to them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from infra.errors import LedgerInUse, LedgerUnavailable


def make_folder(folder: Path) -> None:
    """Make the folder where it is not there yet. Raises `LedgerUnavailable` when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            f"The ledger in {folder} cannot be written ({error.strerror}): "
            "give write permission, or choose another folder with --ledger."
        ) from None


@dataclass(frozen=True, slots=True)
class LedgerFolder:
    """Where each file of a ledger is."""

    path: Path

    @property
    def store(self) -> Path:
        """The event store: the truth."""
        return self.path / "ledger.sqlite"

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
        lock = FileLock(self._lock, timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise LedgerInUse(self._who_writes()) from None
        except OSError as error:
            raise LedgerUnavailable(
                f"The ledger in {self.path} cannot be written ({error.strerror}): "
                "give write permission, or choose another folder with --ledger."
            ) from None
        try:
            self._leave_word(doing)
            yield
        finally:
            lock.release()

    def _leave_word(self, doing: str) -> None:
        try:
            self._writer.write_text(json.dumps({"pid": os.getpid(), "doing": doing}))
        except OSError as error:
            raise LedgerUnavailable(
                f"The ledger in {self.path} cannot be written ({error.strerror}): "
                "free some space or give write permission, and try again."
            ) from None

    def _who_writes(self) -> str:
        try:
            writer = json.loads(self._writer.read_text())
            who = f"process {writer['pid']} ({writer['doing']})"
        except (OSError, ValueError, KeyError, TypeError):
            who = "another process"
        return (
            f"The ledger in {self.path} is being written by {who}: "
            "wait until it has finished, or stop it."
        )
