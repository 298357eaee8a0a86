"""A file that several threads read at the same time, each at a place of its own."""

from __future__ import annotations

import io
from threading import Lock, local
from typing import IO


class SharedFile(io.RawIOBase):
    """Reads of another file.

    Arrow asks a file of Python's for its size, for which it goes to the end and back, between the
    seek and the read of another thread: that one then reads what is elsewhere.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size_bytes = file.seek(0, io.SEEK_END)
        self._reading = Lock()
        self._own = local()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        """Where this thread is."""
        place: int = getattr(self._own, "place", 0)
        return place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, for this thread alone."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size_bytes}[whence]
        self._own.place = begin + offset
        return self.tell()

    def read(self, size: int = -1) -> bytes:
        """Read on from where this thread is."""
        with self._reading:
            self._file.seek(self.tell())
            content = self._file.read(size)
        self._own.place = self.tell() + len(content)
        return content
