"""What takes longer than it may is interrupted, and nothing else is."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from infra.local.servers import wait_until
from projections.serving.deadlines import LOOK_SECONDS, Deadlines

LONG_SECONDS = 3_600.0


def test_what_lasts_longer_is_interrupted_once_and_at_its_time() -> None:
    deadlines, interrupted = Deadlines(), list[float]()
    began = time.monotonic()
    with deadlines.after(0.2, lambda: interrupted.append(time.monotonic() - began)):
        assert wait_until(lambda: bool(interrupted), 30)
        time.sleep(0.3)
    assert len(interrupted) == 1
    assert interrupted[0] >= 0.2


def test_a_shorter_one_does_not_wait_for_the_longer_ones_before_it() -> None:
    deadlines, interrupted = Deadlines(), threading.Event()
    with deadlines.after(LONG_SECONDS, interrupted.clear):
        time.sleep(0.1)
        began = time.monotonic()
        with deadlines.after(0.05, interrupted.set):
            assert interrupted.wait(30)
    assert time.monotonic() - began >= 0.05


def test_what_has_ended_before_is_never_interrupted() -> None:
    deadlines, interrupted = Deadlines(), list[int]()

    def work(number: int) -> None:
        for _ in range(200):
            with deadlines.after(0.5, lambda: interrupted.append(number)):
                pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    time.sleep(0.7)
    assert interrupted == []


def test_all_that_are_under_way_have_one_thread_which_ends_with_the_last() -> None:
    deadlines, threads = Deadlines(), list[threading.Thread]()

    def note_thread() -> None:
        threads.append(threading.current_thread())

    with deadlines.after(0.2, note_thread), deadlines.after(0.1, note_thread):
        assert wait_until(lambda: len(threads) == 2, 30)
    first, second = threads
    assert first is second
    assert wait_until(lambda: not first.is_alive(), LOOK_SECONDS + 30)
    with deadlines.after(0.05, note_thread):
        assert wait_until(lambda: len(threads) == 3, 30)
    assert threads[-1] is not first
