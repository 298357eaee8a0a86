"""A clean shutdown for commands that run until they are stopped."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Shutdown(threading.Event):
    """Whether to stop. Each turn of a worker's loop asks, so being asked is a sign of life."""

    def __init__(self) -> None:
        super().__init__()
        self._is_told = False
        self.asked_at: float | None = None
        """When somebody last asked, on the monotonic clock."""

    @property
    def is_told(self) -> bool:
        """As `is_set`, for those that only watch."""
        return self._is_told or super().is_set()

    def tell(self) -> None:
        """Stop when the work under way is finished.

        A signal may come while this very thread waits and has the event's lock, which `set` would
        wait for without an end; so this takes none.
        """
        self._is_told = True

    def is_set(self) -> bool:
        """Whether to end now."""
        self.asked_at = time.monotonic()
        return self.is_told

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most this long; a signal is noticed afterwards at the latest."""
        return self._is_told or super().wait(timeout) or self._is_told


@contextmanager
def shutdown_by_signals() -> Iterator[Shutdown]:
    """Set by Ctrl-C and SIGTERM: the work under way is finished, then the command ends.

    SIGTERM ends nothing afterwards either: the process leaves, with the exit code that says how.
    """
    shutdown = Shutdown()

    def stop(_number: int, _frame: FrameType | None) -> None:
        shutdown.tell()

    signal.signal(signal.SIGTERM, stop)
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield shutdown
    finally:
        signal.signal(signal.SIGINT, before)
