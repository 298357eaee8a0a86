"""What keeps a shard's files few, beside the process that publishes it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Final

from infra.beside import beside
from lake.folding import fold
from lake.place import LakePlace
from lake.shard import Shard
from lake.table import KEEP, Lake

LOOK_SECONDS: Final = 5.0
COMMITS_TO_FOLD: Final = 30
"""A report opens the fresh files of up to so many commits of each shard."""

POLITENESS: Final = 10


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Folds the fresh files of one shard; the first shard deletes what nobody needs for all."""

    place: LakePlace
    shard: Shard
    on_failed: Callable[[Exception], None] = lambda _: None
    """Told why files were left; it is tried again."""
    commits_to_fold: int = COMMITS_TO_FOLD

    def running(self) -> AbstractContextManager[None]:
        """Do so in a thread for as long as this lasts."""
        return beside(self._run, "folding")

    def _run(self, ended: threading.Event) -> None:
        give_way()
        vacuumed_at = time.monotonic()
        lake: Lake | None = None
        while not ended.wait(LOOK_SECONDS):
            try:
                # To open the table reads its whole log, and to look at it again what is new there.
                lake = lake or Lake(self.place)
                fold(lake, self.shard.number, self.commits_to_fold)
                if self.shard.number == 1 and time.monotonic() > vacuumed_at + KEEP.total_seconds():
                    vacuumed_at = time.monotonic()
                    lake.vacuum()
            except Exception as error:  # rows go on, whatever becomes of their files
                lake = None
                self.on_failed(error)


def give_way() -> None:
    """Let this thread, and those that it starts, have the processor when nobody else wants it.

    Shards that began together fold together, for some second each, and nobody waits for that.
    """
    with suppress(OSError):  # a system may have no priorities of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), POLITENESS)
