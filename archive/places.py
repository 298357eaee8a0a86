"""Where an archive is: a folder, or a prefix of an S3 bucket. A file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

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

    def opened(self, name: str) -> AbstractContextManager[Any]:
        """A file to be read in parts; nothing when it is not there. Raises `ArchiveUnavailable`."""
        ...

    def write(self, name: str, content: memoryview) -> None:
        """Put a file there as a whole, for one of that name too. Raises `ArchiveUnavailable`."""
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
    def opened(self, name: str) -> Iterator[Any]:
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


class BucketPlace:
    """A prefix of a bucket: S3 shows an object when its upload is complete, and not before."""

    def __init__(self, url: str) -> None:
        from pyarrow.fs import FileSystem  # noqa: PLC0415 - a folder does without S3's library

        with explained(S3):
            self._files, self._prefix = FileSystem.from_uri(url)

    def __str__(self) -> str:
        return f"{S3}{self._prefix}"

    def read(self, name: str) -> bytes | None:
        """An object's bytes."""
        with explained(self):
            try:
                with self._files.open_input_file(self._path(name)) as file:
                    content: bytes = file.read()
                    return content
            except FileNotFoundError:
                return None

    @contextmanager
    def opened(self, name: str) -> Iterator[Any]:
        """An object to be read in parts."""
        with explained(self):
            try:
                file = self._files.open_input_file(self._path(name))
            except FileNotFoundError:
                yield None
                return
            with file:
                yield file

    def write(self, name: str, content: memoryview) -> None:
        """Upload an object; a process that dies meanwhile leaves none."""
        with explained(self), self._files.open_output_stream(self._path(name)) as file:
            file.write(content)

    def names(self) -> list[str]:
        """The names of all objects there."""
        from pyarrow.fs import FileSelector  # noqa: PLC0415

        with explained(self):
            found: list[Any] = self._files.get_file_info(
                FileSelector(self._prefix, allow_not_found=True)
            )
        return sorted(one.base_name for one in found if one.is_file)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        with explained(self):
            try:
                self._files.delete_file(self._path(name))
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return f"{self._prefix.rstrip('/')}/{name}"


def place_of(where: str) -> FolderPlace | BucketPlace:
    """The place that a path, or a URL of S3, names. Raises `ArchiveUnavailable`."""
    return BucketPlace(where) if where.startswith(S3) else FolderPlace(Path(where))


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
        said = error.strerror or str(error).splitlines()[0]
        raise ArchiveUnavailable(
            f"The archive in {place} could not be used ({said}): check the place, its space, "
            "the rights to it and the network, and try again."
        ) from None
