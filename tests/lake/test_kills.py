"""Killed at any step and taken over by other machines, shards come to the rows of a rebuild."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

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


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(2400)
def test_killed_at_every_step_and_moved_shards_publish_each_event_once(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    store, random = tmp_path / "store", Random(7)
    record_calls(store, CALLS)
    bring(store, kafka, page_events=100)
    by_step: Counter[str] = Counter()
    has: dict[Shard, int] = {}
    take_overs = 0
    for number in range(ROUNDS):
        for index, step in enumerate(STEPS):
            shard = shards(2)[(number + index) % 2]
            machine = random.randrange(MACHINES)
            take_overs += has.get(shard, machine) != machine
            has[shard] = machine
            folder = tmp_path / f"machine {machine}"
            times = 1 if step in OF_THE_START else 1 + number % 2
            assert was_killed(step, times, folder, shard, place, kafka), step
            by_step[step] += 1
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
