"""A call that hangs ends the process; one that returns in time does not."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from consumers.kafka.watchdog import HUNG_EXIT_CODE, Watchdog

HANGS = """
import threading
from consumers.kafka.watchdog import Watchdog
with Watchdog(0.3).watching("a page was committed"):
    threading.Event().wait()
"""


def test_a_call_that_hangs_ends_the_process_with_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == HUNG_EXIT_CODE
    assert "did not answer while a page was committed for 0.3 seconds" in done.stderr


def test_where_lines_are_logged_the_sentence_is_one_of_them() -> None:
    logging = "from infra.errors import LedgerError\nfrom infra.logs import logging_lines\n"
    logging += "lines = logging_lines('publish', LedgerError)\nlines.__enter__()\n"
    done = subprocess.run(
        [sys.executable, "-c", logging + HANGS],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == HUNG_EXIT_CODE
    (line,) = map(json.loads, done.stderr.splitlines())
    assert line["happening"] == "failed"
    assert "did not answer while a page was committed" in line["sentence"]


class Clock:
    """A clock that the test moves, and that knows when the watchdog has looked at it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looked = threading.Event()

    def monotonic(self) -> float:
        if threading.current_thread().name == "watchdog":
            self.looked.set()
        return self.now


def test_calls_that_return_in_time_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, hung = Clock(), list[str]()
    monkeypatch.setattr("consumers.kafka.watchdog.time", clock)
    watchdog = Watchdog(4, hung.append)
    for _ in range(5):
        with watchdog.watching("a short call"):
            clock.now += 3
            clock.looked.clear()
            assert clock.looked.wait(60)
    clock.now += 100
    watchdog.close()
    assert hung == []
