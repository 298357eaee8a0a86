"""While shards publish and fold, whoever reads finds calls and events of one moment."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

import lake.upkeep
from consumers.kafka.feed import Bounds
from consumers.shard_projector import project_shard
from infra.kafka import Kafka
from infra.local.servers import wait_until
from lake.place import LakePlace
from lake.reading import LakeReader
from lake.shard import Shard
from lake.table import Lake
from lake.upkeep import Upkeep
from ledger.feed import StoreFeed
from tests.consumers.at_work import at_work
from tests.consumers.projecting import bring
from tests.consumers.recorded import record_calls
from tests.lake.sharding import published, rebuilt, rows_of, shards

CALLS = 120
PATIENCE_SECONDS = 240
IN_STEP = """
select
    (select coalesce(sum(event_count), 0) from calls) = (select count(*) from events),
    (select count(*) = count(distinct call_position) from calls),
    (select count(*) = count(distinct position) from events),
    not exists (from exits anti join calls using (call_position))
"""


@pytest.mark.slow
def test_a_reader_beside_shards_that_publish_and_fold_finds_one_moment(
    tmp_path: Path, kafka: Kafka, place: LakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake.upkeep, "LOOK_SECONDS", 0.01)
    store = tmp_path / "store"
    record_calls(store, CALLS // 2)
    bring(store, kafka, page_events=50)
    Lake.made(place)
    seen: set[int] = set()
    failed: list[Exception] = []

    def read() -> bool:
        """Look once; whether the table has all that was published."""
        with LakeReader(Lake(place)) as reader:
            assert rows_of(reader, IN_STEP) == [(True, True, True, True)]
            seen.add(reader.version)
            ((refusals,),) = rows_of(reader, "select count(*) from refusals")
            far = (reader.position, refusals)
            return far == (head.position, head.refusal_number) and len(reader.positions) == 2

    def project(shard: Shard, stopping: threading.Event) -> object:
        return project_shard(
            tmp_path / "machine",
            kafka,
            shard,
            place,
            stopping,
            bounds=Bounds(page_messages=10, poll_batches=1),
            every_seconds=0.0,
            upkeep=Upkeep(place, shard, failed.append, commits_to_fold=3),
        )

    with ExitStack() as stack:
        work = [stack.enter_context(at_work(partial(project, one))) for one in shards(2)]
        for calls in (CALLS // 2, CALLS):
            record_calls(store, calls)
            bring(store, kafka, page_events=50)
            with closing(StoreFeed(store)) as feed:
                head = feed.head()
            assert wait_until(read, PATIENCE_SECONDS), [str(one) for one in work]
        table = Lake(place)

        def is_folded() -> bool:
            table.look()
            return {one.shard for one in table.files() if not one.is_fresh} == {1, 2}

        assert wait_until(is_folded, PATIENCE_SECONDS)
    assert failed == []
    assert len(seen) > 2
    assert published(place) == rebuilt(store, tmp_path / "rebuilt")
