"""A file that several threads read at the same time, each at a place of its own."""

from __future__ import annotations

import io
from abc import abstractmethod
from threading import get_ident


class PlacesOfThreads(io.RawIOBase):
    """A file in which each thread has a place of its own.

    Libraries go to a place in one step and read in the next. With one place for all, a thread would
    read where another has just gone to. A thread is known by its number, because what Python keeps
    for a thread of a library's is gone after each step.
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, int] = {}

    @abstractmethod
    def size_bytes(self) -> int:
        """How large the file is."""

    @abstractmethod
    def read_at(self, place: int, size: int) -> bytes:
        """At most so many bytes from a place on, whatever other threads read meanwhile."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        """Where this thread is."""
        return self._places.get(get_ident(), 0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, for this thread alone."""
        if whence == io.SEEK_CUR:
            offset += self.tell()
        elif whence == io.SEEK_END:
            offset += self.size_bytes()
        self._places[get_ident()] = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Read from this thread's place on, and leave it after what was read."""
        place = self.tell()
        content = self.read_at(place, max(0, self.size_bytes() - place) if size < 0 else size)
        self._places[get_ident()] = place + len(content)
        return content
