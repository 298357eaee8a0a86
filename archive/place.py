"""What a place does that an archive can be in: a file is there as a whole, or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import IO, Protocol

from infra.errors import LedgerError, LedgerMissing


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

    def alone(self) -> AbstractContextManager[None]:
        """Be the only one who writes there, where it has a lock. Raises `LedgerInUse`."""
        ...

    def names(self) -> list[str]:
        """The names of all files there, in order."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...


def no_archive(place: Place) -> LedgerMissing:
    """The error for a place without an archive."""
    return LedgerMissing(
        f"There is no archive in {place}: make one with `call-ledger archive create {place}`."
    )


def unavailable(place: object, said: str) -> ArchiveUnavailable:
    """The error for a place that says this."""
    return ArchiveUnavailable(
        f"The archive in {place} could not be used ({said.splitlines()[0]}): check the place, its"
        " space, the rights to it and the network, and try again."
    )
