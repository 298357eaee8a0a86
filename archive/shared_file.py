"""A file of a place that several threads of Arrow read at the same time."""

from __future__ import annotations

import io
from threading import Lock
from typing import IO

from infra.places_of_threads import PlacesOfThreads


class SharedFile(PlacesOfThreads):
    """Reads of another file.

    Arrow asks a file of Python's for its size, for which it goes to the end and back, between the
    seek and the read of another thread: that one then reads what is elsewhere.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._size_bytes = file.seek(0, io.SEEK_END)
        self._reading = Lock()

    def size_bytes(self) -> int:
        return self._size_bytes

    def read_at(self, place: int, size: int) -> bytes:
        """Read in two steps that no other thread comes between."""
        with self._reading:
            self._file.seek(place)
            return self._file.read(size)
