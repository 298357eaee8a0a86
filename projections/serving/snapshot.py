"""The DuckDB file as it was at one moment, for a process that may only look at it.

DuckDB lets nobody else open a file that a process writes. But it never writes over what its last
checkpoint refers to, because a crash must leave that whole; so the file and the beginning of its
log, as long as the log was at one moment, are the tables of that moment until the next checkpoint.
Whoever has the file puts checkpoints off meanwhile, and whoever looks compares its header before
and after: with the same header nothing that it read has changed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

HEADER_BYTES: Final = 3 * 4096
"""The file's own header and two of checkpoints, which are written in turn."""

PROTOCOL: Final = "snapshot"

MOVED: Final = 75
"""The exit code of a process whose snapshot was changed while it read it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A DuckDB file between two checkpoints, and how much of its log belongs to it."""

    path: str
    header: str
    log_bytes: int

    @classmethod
    def of(cls, path: Path, descriptor: int) -> Snapshot:
        """The file as it is now; to be taken while no checkpoint is written. Raises `OSError`.

        Whoever has the file hands over a `descriptor` of it, which stays open: to open and close
        the file in the process that writes it would end DuckDB's lock, as POSIX has it.
        """
        try:
            log_bytes = path.with_name(f"{path.name}.wal").stat().st_size
        except FileNotFoundError:
            log_bytes = 0
        return cls(str(path.absolute()), header_of(descriptor), log_bytes)

    @property
    def url(self) -> str:
        """What DuckDB attaches, where `SnapshotFiles` of `snapshot_files` shows it."""
        return f"{PROTOCOL}://{self.path}"

    def is_unchanged(self) -> bool:
        """Whether there was no checkpoint since; not for the process that writes the file.

        Raises `OSError`.
        """
        with Path(self.path).open("rb") as file:
            return header_of(file.fileno()) == self.header


def header_of(descriptor: int) -> str:
    """A hash of the file's headers, which every checkpoint changes. Raises `OSError`."""
    return sha256(os.pread(descriptor, HEADER_BYTES, 0)).hexdigest()
