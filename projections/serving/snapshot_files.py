"""The files of snapshots as DuckDB reads them: through a file system of our own, without a lock."""

from __future__ import annotations

import os
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

from infra.places_of_threads import PlacesOfThreads
from projections.serving.snapshot import PROTOCOL, Snapshot


class WholeFile(PlacesOfThreads):
    """A file of the snapshot, which DuckDB's threads share: they read a block in two steps."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def size_bytes(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read_at(self, place: int, size: int) -> bytes:
        """Read in one step."""
        return os.pread(self._descriptor, size, place)

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
            return WholeFile(path)
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
