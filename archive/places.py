"""Where an archive is: a folder, or a bucket of S3. A file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from infra.errors import LedgerError, LedgerMissing

S3: Final = "s3://"
ASIDE: Final = ".aside"
"""How the name of a file ends while it is written."""


class ArchiveUnavailable(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The archive's place cannot be reached, read or written."""


class Place(Protocol):
    """Files by their names."""

    def read(self, name: str) -> bytes | None:
        """A file's bytes; nothing when it is not there. Raises `ArchiveUnavailable`."""
        ...

    def opened(self, name: str) -> AbstractContextManager[IO[bytes] | None]:
        """A file to be read in parts; nothing when it is not there. Raises `ArchiveUnavailable`."""
        ...

    def write(self, name: str, content: memoryview) -> None:
        """Put a file there as a whole, for one of that name too. Raises `ArchiveUnavailable`."""
        ...

    def create(self, name: str, content: memoryview) -> bool:
        """Put a file there as a whole unless another process did; whether it is there now.

        Raises `ArchiveUnavailable`.
        """
        ...

    def read_to_replace(self, name: str) -> tuple[bytes, str] | None:
        """A file's bytes, and what tells this state of it from others. Raises as `read` does."""
        ...

    def replace(self, name: str, content: memoryview, state: str | None) -> bool:
        """Put a file in the place of this state of it, None being no file; whether it was so.

        Raises `ArchiveUnavailable`.
        """
        ...

    @property
    def has_lock(self) -> bool:
        """Whether one process alone can write there."""
        ...

    def names(self) -> list[str]:
        """The names of all files there, in order."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...


class FolderPlace:
    """A folder: a file is written aside, brought to the disk and renamed."""

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

    def names(self) -> list[str]:
        """The names of all files there."""
        with explained(self):
            if not self.path.is_dir():
                return []
            return sorted(one.name for one in self.path.iterdir() if one.is_file())

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with explained(self):
            (self.path / name).unlink(missing_ok=True)


def place_of(where: str) -> Place:
    """The place that a path, or a URL of S3, names. Raises `ArchiveUnavailable`."""
    if not where.startswith(S3):
        return FolderPlace(Path(where))
    from archive.bucket import BucketPlace  # noqa: PLC0415 - a folder does without S3's library

    return BucketPlace(where)


def absolute(where: str) -> str:
    """The same place for a process that works in another folder."""
    return where if where.startswith(S3) else str(Path(where).absolute())


def renamed(aside: Path, final: Path) -> None:
    """Give a file that is on the disk its final name, on the disk too."""
    aside.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def no_archive(place: Place) -> LedgerMissing:
    """The error for a place without an archive."""
    return LedgerMissing(
        f"There is no archive in {place}: make one with `call-ledger archive create {place}`."
    )


@contextmanager
def explained(place: object) -> Iterator[None]:
    """Turn what the operating system or S3 says into a sentence with the next step."""
    try:
        yield
    except OSError as error:
        raise unavailable(place, error.strerror or str(error)) from None


def unavailable(place: object, said: str) -> ArchiveUnavailable:
    """The error for a place that says this."""
    return ArchiveUnavailable(
        f"The archive in {place} could not be used ({said.splitlines()[0]}): check the place, its"
        " space, the rights to it and the network, and try again."
    )
