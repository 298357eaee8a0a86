"""A real Dask cluster on this machine, whose processes can be killed, and are replaced."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from tempfile import TemporaryDirectory
from typing import Any, Final

from distributed import Scheduler, Worker

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__, "archive.parallel.computing"])
"""What takes long to start, importing, is done once for all of them."""


QUIET: Final = {"distributed": "error", "distributed.worker.state_machine": "critical"}
"""What a cluster logs of workers that are killed on purpose."""


def schedule(told: Connection[Any, Any]) -> None:
    """Be the scheduler, until somebody ends it."""
    keep_quiet()
    asyncio.run(scheduling(told))


def keep_quiet() -> None:
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level.upper())


async def scheduling(told: Connection[Any, Any]) -> None:
    async with Scheduler(host="127.0.0.1", port=0, dashboard_address=":0") as scheduler:
        told.send(scheduler.address)
        await scheduler.finished()


def work(address: str) -> None:
    """Be a worker, until somebody ends it."""
    keep_quiet()
    asyncio.run(working(address))


async def working(address: str) -> None:
    with TemporaryDirectory(prefix="call-ledger-dask-") as scratch:
        async with Worker(address, nthreads=1, local_directory=scratch) as worker:
            await worker.finished()


class Cluster:
    """A scheduler and its workers."""

    def __init__(self) -> None:
        told, telling = PROCESSES.Pipe(duplex=False)
        self.scheduler = PROCESSES.Process(target=schedule, args=(telling,))
        self.scheduler.start()
        self.address: str = told.recv()
        self.workers: list[ForkServerProcess] = []
        self.lost = 0

    @property
    def url(self) -> str:
        return self.address.replace("tcp://", "dask://")

    def add_worker(self) -> None:
        worker = PROCESSES.Process(target=work, args=(self.address,))
        worker.start()
        self.workers.append(worker)

    def replace_lost(self) -> None:
        """Begin a worker for each one that has died."""
        dead = [one for one in self.workers if not one.is_alive()]
        for one in dead:
            self.workers.remove(one)
            self.lost += 1
            self.add_worker()

    def end(self) -> None:
        for one in (*self.workers, self.scheduler):
            one.kill()
            one.join()


@contextmanager
def cluster(workers: int = 2) -> Iterator[Cluster]:
    """A cluster for as long as this lasts."""
    begun = Cluster()
    try:
        for _ in range(workers):
            begun.add_worker()
        yield begun
    finally:
        begun.end()
