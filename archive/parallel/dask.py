"""Workers of a Dask cluster: its scheduler gives the tasks of lost workers to others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, Final

from archive.parallel.workers import MOST_LOSSES, One, Result, Task, WorkersLost, lost
from infra.errors import WrongSetting

SCHEMES: Final = {"dask": "tcp", "dask+tls": "tls"}
CONNECT_SECONDS: Final = 10


class DaskWorkers:
    """The workers of a scheduler, such as `dask://host:8786`."""

    def __init__(self, where: str) -> None:
        """Raises `WrongSetting` where it is no such address, or Dask is not installed."""
        scheme, _, rest = where.partition("://")
        if scheme not in SCHEMES or not rest:
            raise WrongSetting(f"{where!r} is no scheduler: name one as dask://HOST:8786.")
        try:
            import distributed  # noqa: F401, PLC0415 - an extra, and slow to import
        except ImportError:
            raise WrongSetting(
                "Dask is not installed: `uv sync --extra cluster`, and on all workers too."
            ) from None
        self._where = where
        self._address = f"{SCHEMES[scheme]}://{rest}"

    def submit(self, tasks: Sequence[One], compute: Callable[[One], Result]) -> Iterator[Result]:
        """Do all tasks."""
        from distributed import Client, as_completed  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415 - as above

        try:
            client = Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError):
            raise WorkersLost(
                f"No Dask scheduler answers at {self._where}: start it, or name another one."
            ) from None
        with quiet(), client:
            waiting = {name_of(task, 0): (task, 0) for task in tasks}
            futures = [
                client.submit(compute, task, key=name, pure=False)
                for name, (task, _) in waiting.items()
            ]
            coming = as_completed(futures, loop=client.loop)
            for future in coming:
                task, losses = waiting.pop(future.key)
                done = len(tasks) - len(waiting) - 1
                try:
                    result, error = result_and_error(future)
                except (OSError, TimeoutError, CancelledError):
                    raise self._scheduler_lost(done, len(tasks)) from None
                if result is not None:
                    yield result
                elif error is None:
                    # Its worker ended before the result was fetched: it is done again.
                    waiting[future.key] = task, losses
                    coming.add(future)
                elif not isinstance(error, KilledWorker):
                    raise error
                elif losses + 1 == MOST_LOSSES:
                    raise lost(done, len(tasks))
                else:
                    name = name_of(task, losses + 1)
                    waiting[name] = task, losses + 1
                    coming.add(client.submit(compute, task, key=name, pure=False))

    def _scheduler_lost(self, done: int, total: int) -> WorkersLost:
        return WorkersLost(
            f"The Dask scheduler at {self._where} ended, {done:,} of {total:,} tasks are finished:"
            " start it, and run the same again."
        )


def result_and_error(future: Any) -> tuple[Any, BaseException | None]:
    """What a task came to; neither where its worker ended before that was fetched.

    Raises `OSError`, `TimeoutError` and `CancelledError` where the scheduler is lost.
    """
    from distributed.scheduler import KilledWorker  # noqa: PLC0415 - an extra

    try:
        if future.status == "finished":
            return future.result(), None
        if future.status == "error":
            return None, future.exception()
    except KilledWorker as killed:
        return None, killed
    if future.cancelled():
        raise CancelledError
    return None, None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep to oneself what Dask logs of a lost scheduler: what it means is said once."""
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)


def name_of(task: Task, losses: int) -> str:
    """What Dask calls a task: another name once it gave the task up."""
    return f"call-ledger-{task.name}-{losses}"
