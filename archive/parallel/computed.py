"""All tasks of an archive done by workers, and what came of them as a rebuild takes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from archive.manifest import read_manifest
from archive.parallel.computing import Done, compute
from archive.parallel.plan import TASK_EVENTS, Wanted, planned
from archive.parallel.workers import Workers
from archive.place import Place
from archive.places import place_of
from infra.errors import LedgerError
from projections.filling import ComputedPart
from projections.models import Models

LEFT_BY_TASK: Final = re.compile(r"[0-9]{12}-[0-9a-f]{16}(\.json|-\w+-[0-9a-f]{12}\.parquet)")
"""The names of what a task leaves, whole or not."""

OnStep = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


class Computed:
    """The rows of every table by call, as the tasks left them."""

    def __init__(
        self, work: Place, position: int, done: list[Done], hashes: dict[str, str]
    ) -> None:
        self._work = work
        self._done = done
        self.position = position
        self.hashes = hashes

    def parts(self) -> Iterator[ComputedPart]:
        """What each task left, in the order of calls. Raises `LedgerError` where a file is gone."""
        for task in self._done:
            tables = {table.model: self._rows(table.file, table.sha256) for table in task.tables}
            yield ComputedPart(task.first, task.last, task.events, task.checksum, tables)

    def forget(self) -> None:
        """Remove what tasks left, of runs before as well, and nothing else."""
        for name in self._work.names():
            if LEFT_BY_TASK.match(name):
                self._work.remove(name)

    def _rows(self, name: str, digest: str) -> pa.Table:
        content = self._work.read(name)
        if content is None or sha256(content).hexdigest() != digest:
            raise LedgerError(
                f"{name} in {self._work}, which a worker left, is gone or was changed: empty that"
                " place, and run the same again."
            )
        return pq.read_table(BytesIO(content))


def computed(
    where: tuple[str, str],
    workers: Workers,
    models: Models,
    wanted: Wanted,
    on_step: OnStep,
    task_events: int = TASK_EVENTS,
    up_to: int | None = None,
) -> Computed:
    """Have tables of an archive computed; `where` are the archive's place and the work's.

    Segments that begin after `up_to` are not read. Raises `UnreadableEvent`, `WorkersLost`, and
    `LedgerError`.
    """
    place, work = (place_of(name) for name in where)
    manifest = read_manifest(place)
    if up_to is not None:
        began = tuple(segment for segment in manifest.events if segment.first <= up_to)
        manifest = manifest.with_segments("events", began)
    end, events = manifest.ends().position, 0

    def looked_up(segments: int) -> None:
        on_step("planning", manifest.events[segments - 1].last, end)

    tasks = planned(place, where, manifest, wanted, looked_up, task_events)
    on_step("computing", 0, end)
    done: dict[str, Done] = {}
    for result in workers.submit(tasks, compute):
        one = msgspec.json.decode(result, type=Done)
        done[one.task] = one
        events += one.events + one.unreadable
        on_step("computing", events, end)
    if done.keys() != {task.name for task in tasks} or events != end:
        raise LedgerError(
            f"Workers computed {events:,} of {end:,} events: look at the archive with"
            " `call-ledger archive verify`."
        )
    return Computed(work, end, [done[task.name] for task in tasks], dict(models.hashes))
