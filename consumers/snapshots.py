"""A snapshot file, published again and again by the process that keeps the tables up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from infra.beside import beside
from projections.serving.isolated import TablesMoved
from projections.serving.owner import Owner
from projections.serving.protocol import Question
from projections.serving.snapshot_file import NoSnapshot, publish, told_by

RETRY_SECONDS: Final = 60.0
"""When one could not be published, the next is tried no later than this."""

ALL_THAT_IS_THERE: Final = Question("select 1", patience_seconds=0, is_isolated=True)
"""Asks for the tables as they are: the process brings them up by itself."""


@dataclass(frozen=True, slots=True)
class SnapshotSchedule:
    """Where a snapshot file goes, and how often."""

    path: Path
    every_seconds: float
    with_personal: bool
    on_made: Callable[[int], None] = lambda _: None
    """Told the position of each file."""
    on_failed: Callable[[Exception], None] = lambda _: None
    """Told why a file could not be published; the one before stays, and the next is tried."""

    def running(self, owner: Owner) -> AbstractContextManager[None]:
        """Publish in a thread for as long as this lasts; what is under way then is given up."""
        return beside(partial(self._run, owner), "publishing snapshots")

    def _run(self, owner: Owner, ended: threading.Event) -> None:
        wait_seconds = self._first_after_seconds()
        while not ended.wait(wait_seconds):
            began = time.monotonic()
            try:
                self.make(owner, ended)
            except Exception as error:  # the tables go on, whatever becomes of a copy of them
                if not ended.is_set():
                    self.on_failed(error)
                wait_seconds = min(self.every_seconds, RETRY_SECONDS)
            else:
                wait_seconds = max(0.0, self.every_seconds - (time.monotonic() - began))

    def _first_after_seconds(self) -> float:
        """A file that is recent enough is left: a process that often starts does not make more."""
        try:
            age_seconds = time.time() - self.path.stat().st_mtime
        except OSError:
            return 0.0
        return min(self.every_seconds, max(0.0, self.every_seconds - age_seconds))

    def make(self, owner: Owner, ended: threading.Event) -> None:
        """Publish one now. Raises `NoSnapshot` and `ProjectionError`."""
        try:
            with owner.lending(ALL_THAT_IS_THERE) as snapshot:
                publish(snapshot, self.path, self.with_personal, ended)
        except TablesMoved:
            raise NoSnapshot(
                f"The tables changed too fast for {self.path}: it is tried again."
            ) from None
        self.on_made(told_by(self.path).position)
