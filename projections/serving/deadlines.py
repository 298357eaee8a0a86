"""Interrupts what takes too long: one thread for all questions of a process.

A timer for each would be a thread for each, and beginning one waits until it has had its turn: in a
busy server that takes longer than most questions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

LOOK_SECONDS: Final = 1.0
"""How long the thread sleeps at most: what is due later need not wake it up."""


class Deadlines:
    """Does what is due, unless it was given up before; to any thread."""

    def __init__(self) -> None:
        self._due: dict[object, tuple[float, Callable[[], None]]] = {}
        self._changed = threading.Condition()
        self._looks_at = 0.0
        self._thread: threading.Thread | None = None

    @contextmanager
    def after(self, seconds: float, interrupt: Callable[[], None]) -> Iterator[None]:
        """Interrupt when this lasts longer; once it has ended it is not interrupted any more."""
        which, due_at = object(), time.monotonic() + seconds
        with self._changed:
            self._due[which] = (due_at, interrupt)
            if self._thread is None or not self._thread.is_alive():
                self._looks_at = due_at
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif due_at < self._looks_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._due.pop(which, None)

    def _run(self) -> None:
        """Sleep until something is due, and end when nothing is waited for any more."""
        with self._changed:
            while self._due:
                now = time.monotonic()
                self._looks_at = min(self._earliest_after(now), now + LOOK_SECONDS)
                self._changed.wait(self._looks_at - now)
            self._thread = None

    def _earliest_after(self, now: float) -> float:
        """Interrupt what is due, and return when the next one is.

        The thread itself holds on to nothing while it sleeps: connections end with their owners.
        """
        for which, (due_at, interrupt) in [*self._due.items()]:
            if due_at <= now:
                del self._due[which]
                interrupt()
        return min((due_at for due_at, _ in self._due.values()), default=now)


OF_THIS_PROCESS: Final = Deadlines()
