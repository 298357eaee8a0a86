"""Killed at any step and taken over by other machines, shards come to the rows of a rebuild."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from infra.kafka import Kafka
from lake.place import LakePlace
from lake.rows import records
from lake.shard import Shard
from lake.table import Lake
from tests.consumers.projecting import bring
from tests.consumers.recorded import record_calls
from tests.lake.killed_shard import OF_THE_START, STEPS, was_killed
from tests.lake.sharding import bring_up, published, rebuilt, shards

CALLS = 700
ROUNDS = 8
MACHINES = 2
FEWEST_KILLS = 100
FEWEST_TAKE_OVERS = 20


class Kill(NamedTuple):
    """At which step, the first or the second time that this comes, and on which machine."""

    step: str
    times: int
    machine: Path


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(2400)
def test_killed_at_every_step_and_moved_shards_publish_each_event_once(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    store, random = tmp_path / "store", Random(7)
    record_calls(store, CALLS)
    bring(store, kafka, page_events=100)
    kills: dict[Shard, list[Kill]] = {shard: [] for shard in shards(2)}
    for number in range(ROUNDS):
        for index, step in enumerate(STEPS):
            times = 1 if step in OF_THE_START else 1 + number % 2
            machine = tmp_path / f"machine {random.randrange(MACHINES)}"
            kills[shards(2)[(number + index) % 2]].append(Kill(step, times, machine))

    def kill(shard: Shard) -> None:
        for step, times, machine in kills[shard]:
            assert was_killed(step, times, machine, shard, place, kafka), step

    with ThreadPoolExecutor(len(kills)) as threads:
        list(threads.map(kill, kills))
    by_step = Counter(one.step for of_shard in kills.values() for one in of_shard)
    take_overs = sum(
        before.machine != after.machine
        for of_shard in kills.values()
        for before, after in pairwise(of_shard)
    )
    print(f"\n{by_step.total()} kills, {take_overs} take-overs: {dict(by_step)}")
    assert by_step.total() >= FEWEST_KILLS
    assert take_overs >= FEWEST_TAKE_OVERS
    for shard in shards(2):
        bring_up(tmp_path / "last machine", kafka, place, shard)
    assert published(place) == rebuilt(store, tmp_path / "rebuilt")
    found = Lake(place)
    for one in records(found, found.files()).values():
        assert one.position == CALLS * 7
        assert one.epoch > FEWEST_KILLS // 4
