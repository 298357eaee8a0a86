"""A process that works on a thread while a test does something to its topics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from consumers.kafka.topic_identity import WatchedTopics


@contextmanager
def at_work(work: Callable[[threading.Event], Any]) -> Iterator[Future[Any]]:
    """A process that goes on until it is told to end, or ends by itself."""
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work, stopping)
        try:
            yield future
        finally:
            stopping.set()


class Begun:
    """Set when a process has looked at its topics and is at work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._event = threading.Event()
        look = WatchedTopics.check_now_and_then

        def look_and_tell(topics: WatchedTopics) -> None:
            look(topics)
            self._event.set()

        monkeypatch.setattr(WatchedTopics, "check_now_and_then", look_and_tell)

    def wait(self) -> None:
        self._event.clear()  # others may have been at work before
        assert self._event.wait(180)
