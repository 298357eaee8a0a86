"""Who does tasks: one small interface, so that a company's own engine can serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final, Protocol, TypeVar

from infra.errors import LedgerError

MOST_LOSSES: Final = 5
"""So often in a row workers may be lost without any task coming to an end."""

PROCESSES: Final = get_context("forkserver")
"""A process that begins so inherits no thread and no connection, and what it imports is there."""

PROCESSES.set_forkserver_preload(["archive.parallel.computing"])


class Task(Protocol):
    """One piece of work: small, because it goes to another process or machine."""

    @property
    def name(self) -> str:
        """It follows from all that the result follows from."""
        ...


One = TypeVar("One", bound=Task)
Result = TypeVar("Result")


class WorkersLost(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Nobody is left to do the tasks, or nobody gets them done."""


class Workers(Protocol):
    """Whoever does tasks, in any order, each of them at least once."""

    def submit(self, tasks: Sequence[One], compute: Callable[[One], Result]) -> Iterator[Result]:
        """Do all tasks; yields the result of each once, as soon as it is there.

        A task whose worker is lost is given to another one. Raises what a task raises, and
        `WorkersLost`.
        """
        ...


class Processes:
    """Processes of this machine."""

    def __init__(self, count: int) -> None:
        self._count = count

    def submit(self, tasks: Sequence[One], compute: Callable[[One], Result]) -> Iterator[Result]:
        """Do all tasks; when one process is lost all are begun anew, and what was done is kept."""
        left, losses = {task.name: task for task in tasks}, 0
        while left:
            pool = ProcessPoolExecutor(min(self._count, len(left)), PROCESSES)
            futures = {pool.submit(compute, task): name for name, task in left.items()}
            try:
                for future in as_completed(futures):
                    result = future.result()
                    losses = 0
                    del left[futures[future]]
                    yield result
            except BrokenProcessPool:
                losses += 1
                if losses == MOST_LOSSES:
                    raise lost(len(tasks) - len(left), len(tasks)) from None
            finally:
                pool.shutdown(cancel_futures=True)


def lost(done: int, total: int) -> WorkersLost:
    """The error where workers end again and again."""
    return WorkersLost(
        f"Workers ended {MOST_LOSSES} times without finishing a task, {done:,} of {total:,} tasks"
        " are finished: look whether they have enough memory, and run the same again."
    )
