"""What a rebuild costs those who go on meanwhile: live rounds and questions, beside without it.

`python -m bench.rebuilding 1000000`: a ledger of that size.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, table
from bench.projections import part, timed, write_store
from ledger.feed import EventBatch, StoreFeed
from projections.rebuild import tell_nobody
from projections.serving.owner import Owner
from projections.serving.protocol import Question
from projections.serving.server import owning

SIZE = 1_000_000
LIVE_EVENTS = 100
LIVE_ROUNDS_AT_MOST = 600
QUESTION = Question("select count(*), sum(talk_seconds) from calls")
ROUND_EVERY_SECONDS, QUESTION_EVERY_SECONDS = 1.0, 0.1
ALONE_SECONDS = 20.0


def measure(size: int = SIZE) -> list[Figure]:
    """How long a rebuild takes, and the longest waits without it and beside it."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        further = write_store(Path(name), size, LIVE_ROUNDS_AT_MOST * LIVE_EVENTS)
        with owning(Path(name), lambda: StoreFeed(Path(name))) as owner:
            owner.bring_up()
            return of_one_ledger(owner, further, size)


def of_one_ledger(owner: Owner, further: EventBatch, size: int) -> list[Figure]:
    live = Live(owner, further)
    with (
        going_on(live.round, ROUND_EVERY_SECONDS) as rounds,
        going_on(lambda: owner.answer(QUESTION), QUESTION_EVERY_SECONDS) as questions,
    ):
        time.sleep(ALONE_SECONDS)
    alone = max(rounds), max(questions)
    with (
        going_on(live.round, ROUND_EVERY_SECONDS) as rounds,
        going_on(lambda: owner.answer(QUESTION), QUESTION_EVERY_SECONDS) as questions,
        owner.rebuilding(tell_nobody) as rebuild,
    ):
        seconds = timed(rebuild.run)
    return [
        Figure("rebuild beside live rounds, compared", size / seconds, "events/s"),
        Figure("longest live round, without a rebuild", alone[0] * 1000, "ms"),
        Figure("longest live round, beside one", max(rounds) * 1000, "ms", 1_000, at_most=True),
        Figure("longest question, without a rebuild", alone[1] * 1000, "ms"),
        Figure("longest question, beside one", max(questions) * 1000, "ms", 1_000, at_most=True),
    ]


class Live:
    """Takes further events in, some at a time."""

    def __init__(self, owner: Owner, further: EventBatch) -> None:
        self._owner = owner
        self._further = further
        self._taken = 0

    def round(self) -> None:
        """Take the next ones in."""
        batch = part(self._further, self._taken, self._taken + LIVE_EVENTS)
        with self._owner.writing() as projections:
            projections.add(batch)
        self._taken += LIVE_EVENTS


@contextmanager
def going_on(action: Callable[[], object], every_seconds: float) -> Iterator[list[float]]:
    """Do something once, and again and again, on a thread of its own; the seconds of each time."""
    took: list[float] = []
    ending = threading.Event()

    def go_on() -> None:
        took.append(timed(action))
        while not ending.wait(every_seconds):
            took.append(timed(action))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield took
    finally:
        ending.set()
        thread.join()


if __name__ == "__main__":
    print(table(measure(*(int(one) for one in sys.argv[1:]))))
