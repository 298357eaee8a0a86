"""Tasks whose worker dies by kill -9, as many times as a file says."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.parallel.workers import One, Result, Task, Workers


@dataclass(frozen=True)
class DyingOnceInEach:
    """Dies before the task the first time, and after it the second time."""

    folder: str
    compute: Callable[[Any], Any]

    def __call__(self, task: Task) -> Any:
        folder = Path(self.folder)
        folder.mkdir(exist_ok=True)
        die_unless(folder / f"{task.name} before")
        result = self.compute(task)
        die_unless(folder / f"{task.name} after")
        return result


@dataclass(frozen=True)
class DyingInEvery:
    """Dies in the middle of the task."""

    compute: Callable[[Any], Any]

    def __call__(self, task: Task) -> Any:
        del task
        os.kill(os.getpid(), signal.SIGKILL)


def die_unless(there: Path) -> None:
    if not there.exists():
        there.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """Gives its workers tasks at which they die."""

    def __init__(
        self, workers: Workers, dying: Callable[[Callable[[Any], Any]], Callable[[Any], Any]]
    ) -> None:
        self._workers = workers
        self._dying = dying

    def submit(self, tasks: Sequence[One], compute: Callable[[One], Result]) -> Iterator[Result]:
        return self._workers.submit(tasks, self._dying(compute))


class Here:
    """Does tasks in this process, the last one first."""

    def submit(self, tasks: Sequence[One], compute: Callable[[One], Result]) -> Iterator[Result]:
        return map(compute, reversed(tasks))
