"""An archive in a folder: a file is written aside, brought to the disk and renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from archive.place import unavailable
from infra.errors import LedgerInUse

LOCK: Final = "archive.lock"
ASIDE: Final = ".aside"
"""How the name of a file ends while it is written."""


class FolderPlace:
    """The files of a folder; who has its lock is alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def read(self, name: str) -> bytes | None:
        """A file's bytes."""
        with explained(self):
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes] | None]:
        """A file to be read in parts."""
        with explained(self):
            try:
                file = (self.path / name).open("rb")
            except FileNotFoundError:
                yield None
                return
            with file:
                yield file

    def write(self, name: str, content: memoryview) -> None:
        """Put a file there as a whole."""
        aside = self.path / f"{name}{ASIDE}"
        with explained(self):
            self.path.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            renamed(aside, self.path / name)

    def create(self, name: str, content: memoryview) -> bool:
        """Put a file there; who has the lock is alone."""
        self.write(name, content)
        return True

    def read_to_replace(self, name: str) -> tuple[bytes, str] | None:
        """A file's bytes; who has the lock needs no more."""
        content = self.read(name)
        return None if content is None else (content, "")

    def replace(self, name: str, content: memoryview, state: str | None) -> bool:  # noqa: ARG002 - see below
        """Put a file there; who has the lock is alone, and knows its state."""
        self.write(name, content)
        return True

    @property
    def has_lock(self) -> bool:
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder's lock. Raises `LedgerInUse` where another process has it."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - who only reads does without

        with explained(self):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK, timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise LedgerInUse(
                    f"The archive in {self} is being written by another process: wait for its end."
                ) from None
        try:
            yield
        finally:
            lock.release()

    def names(self) -> list[str]:
        """The names of all files there."""
        with explained(self):
            if not self.path.is_dir():
                return []
            return sorted(entry.name for entry in self.path.iterdir() if entry.is_file())

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with explained(self):
            (self.path / name).unlink(missing_ok=True)


def renamed(aside: Path, final: Path) -> None:
    """Give a file that is on the disk its final name, on the disk too."""
    aside.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def explained(place: FolderPlace) -> Iterator[None]:
    """Turn what the operating system says into a sentence with the next step."""
    try:
        yield
    except OSError as error:
        raise unavailable(place, error.strerror or str(error)) from None
