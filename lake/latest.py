"""The tables of all shards for those who ask again and again, each time as of the last version."""

from __future__ import annotations

import time
from threading import Lock
from typing import Final

from lake.place import LakePlace
from lake.reading import LakeReader
from lake.table import Lake

SHARE: Final = 5
"""To look for another version, and to open it, takes this part of a processor at most."""

BETWEEN_LOOKS_SECONDS: Final = 0.25
"""To look in S3 takes hardly any processor, and each time a request that is paid for."""


class Latest:
    """Opens a version when somebody asks and there is a new one; all share it."""

    def __init__(self, place: LakePlace) -> None:
        """Raises as `Lake` and `LakeReader` do."""
        self._lake = Lake(place)
        self._reader = LakeReader(self._lake)
        self._looks_again_at = 0.0
        self._looking = Lock()

    def reader(self) -> LakeReader:
        """The tables as they were a moment ago. Raises as `LakeReader` does."""
        # Who meets somebody who looks reads the version before: it is as good for a moment.
        if time.monotonic() >= self._looks_again_at and self._looking.acquire(blocking=False):
            try:
                began = time.thread_time()
                self._lake.look()
                if self._lake.version != self._reader.version:
                    self._reader = LakeReader(self._lake, before=self._reader)
                took = time.thread_time() - began
                pause = max(took * (SHARE - 1), BETWEEN_LOOKS_SECONDS)
                self._looks_again_at = time.monotonic() + pause
            finally:
                self._looking.release()
        return self._reader
