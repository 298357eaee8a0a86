"""Ends the process when a call to Kafka hangs: some of the client's calls wait for ever.

Ending is safe: what was not committed is aborted by the next process of the same name, which goes
on from the last position that was.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from infra.errors import LedgerError
from infra.logs import say_last

LOOK_EVERY_SECONDS: Final = 0.1
HUNG_EXIT_CODE: Final = 3


def end_process(sentence: str) -> None:
    """Leave at once, without waiting for the thread that hangs."""
    say_last(LedgerError(sentence))
    os._exit(HUNG_EXIT_CODE)


class Watchdog:
    """Watches one thread's calls, each for so long."""

    def __init__(
        self,
        patience_seconds: float,
        on_hung: Callable[[str], None] = end_process,
    ) -> None:
        self._patience_seconds = patience_seconds
        self._on_hung = on_hung
        self._watched: tuple[str, float] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def watching(self, doing: str) -> Iterator[None]:
        """End the process if this lasts longer than the watchdog's patience."""
        self._watched = doing, time.monotonic() + self._patience_seconds
        try:
            yield
        finally:
            self._watched = None

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_EVERY_SECONDS):
            watched = self._watched
            if watched is not None and time.monotonic() > watched[1]:
                self._watched = None
                self._on_hung(
                    f"Kafka did not answer while {watched[0]} for {self._patience_seconds:g} "
                    "seconds: this process ends, start it again when Kafka is back."
                )
