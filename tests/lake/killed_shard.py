"""A shard's process that is killed at a step of its work.

Each begins as a fork of one that has imported everything, so that a hundred of them take seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path
from typing import Any, Final

import pyarrow.compute  # noqa: F401 - Arrow loads it at a first cast, in each of those that are forked

import consumers.shard_projector
import lake.folding
from consumers.kafka.feed import Bounds, KafkaFeed
from consumers.shard_projector import project_shard
from infra.kafka import Kafka
from infra.topics import topics
from lake.changed_rows import ChangedRows
from lake.columns import schema
from lake.folding import Folding
from lake.place import LakePlace
from lake.shard import Shard
from lake.table import Lake
from lake.upkeep import Upkeep
from lake.writer import ShardWriter
from projections.database import Projections
from tests.consumers.kill_steps import after, before

PAGES: Final = Bounds(page_messages=20, poll_batches=1)
FINISHED: Final = 0

STEPS: Final = {
    "the shard's file is there": after(consumers.shard_projector, "opened"),
    "before it is taken over": before(ShardWriter, "take_over"),
    "it is taken over": after(ShardWriter, "take_over"),
    "a page is read": after(KafkaFeed, "read"),
    "events are written": after(Projections, "insert_events"),
    "rows are computed": after(ChangedRows, "_rows"),
    "a file is written": after(Lake, "write"),
    "before Delta commits": before(Lake, "commit"),
    "Delta has committed": after(ShardWriter, "publish"),
    "before DuckDB commits": after(consumers.shard_projector, "note_state"),
    "both have committed": after(consumers.shard_projector, "log_dead_letters"),
    "before a fold": before(lake.folding, "fold"),
    "in the middle of a fold": after(Folding, "_buckets"),
}
"""Where it is killed."""

OF_THE_START: Final = frozenset(
    {"the shard's file is there", "before it is taken over", "it is taken over"}
)
"""The steps that come once, and not with every page."""

topics()
schema()

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


def work_until_killed(
    step: str, times: int, machine: Path, shard: Shard, place: LakePlace, kafka: Kafka
) -> None:
    """Work as long as there is something, folding after each page, or until the step has come."""
    reached_times = 0

    def reached() -> None:
        nonlocal reached_times
        reached_times += 1
        if reached_times == times:
            os.kill(os.getpid(), signal.SIGKILL)

    if step:
        STEPS[step](reached)

    def folded(_record: object, _seconds: float) -> None:
        lake.folding.fold(Lake(place), shard.number, 3)

    project_shard(
        machine,
        kafka,
        shard,
        place,
        threading.Event(),
        until_end=True,
        on_commit=folded,
        bounds=PAGES,
        upkeep=Upkeep(place, shard, commits_to_fold=1_000),
    )


def was_killed(*arguments: Any) -> bool:
    """Let it work in a process of its own; whether the step came."""
    process = PROCESSES.Process(target=work_until_killed, args=arguments)
    process.start()
    process.join(600)
    assert process.exitcode in (FINISHED, -signal.SIGKILL), process.exitcode
    return process.exitcode != FINISHED
