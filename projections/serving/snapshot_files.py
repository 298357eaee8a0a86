"""The files of snapshots as DuckDB reads them: through a file system of our own, without a lock."""

from __future__ import annotations

import os
from io import BytesIO, RawIOBase
from pathlib import Path
from threading import get_ident
from typing import Any

from fsspec import AbstractFileSystem

from projections.serving.snapshot import PROTOCOL, Snapshot


class PlacesOfThreads(RawIOBase):
    """A file in which each thread has a place of its own.

    DuckDB's threads share the file and read a block in two steps, to its place and then to its end.
    With one place for all, a thread would read the block that another has just gone to: one that is
    whole, and not the one it wanted. A thread is known by its number, because what Python keeps for
    a thread of DuckDB's is gone after each step.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._places: dict[int, int] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte of the file."""
        if whence == os.SEEK_CUR:
            offset += self.tell()
        elif whence == os.SEEK_END:
            offset += os.fstat(self._descriptor).st_size
        self._places[get_ident()] = offset
        return offset

    def tell(self) -> int:
        return self._places.get(get_ident(), 0)

    def read(self, size: int = -1) -> bytes:
        """Read from this thread's place on, and leave it after what was read."""
        place = self.tell()
        if size < 0:
            size = max(0, os.fstat(self._descriptor).st_size - place)
        content = os.pread(self._descriptor, size, place)
        self._places[get_ident()] = place + len(content)
        return content

    def close(self) -> None:
        """Close the file; once is enough."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


class SnapshotFiles(AbstractFileSystem):  # type: ignore[misc]
    """Shows DuckDB each file and the beginning of its log, without a lock, and no other file."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, *snapshots: Snapshot) -> None:
        super().__init__()
        self._files = {one.path for one in snapshots}
        self._logs = {f"{one.path}.wal": one.log_bytes for one in snapshots}

    def _open(self, path: str, mode: str = "rb", **_: Any) -> RawIOBase | BytesIO:
        if mode != "rb":
            raise PermissionError(f"{path} is only read")
        if path in self._files:
            return PlacesOfThreads(path)
        if path in self._logs:
            if not self._logs[path]:
                return BytesIO()
            with Path(path).open("rb") as log:
                return BytesIO(log.read(self._logs[path]))
        raise FileNotFoundError(path)

    def exists(self, path: str, **_: Any) -> bool:
        """Whether it is one of them."""
        return self._size_bytes(path) > 0

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Its size."""
        path = self._strip_protocol(path)
        return {"name": path, "size": self._size_bytes(path), "type": "file"}

    def _size_bytes(self, path: str) -> int:
        path = self._strip_protocol(path)
        return Path(path).stat().st_size if path in self._files else self._logs.get(path, 0)
