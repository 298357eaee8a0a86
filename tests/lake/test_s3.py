"""Shards in S3: a real server, spoken to over its protocol."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from pyarrow.fs import S3FileSystem

from infra.kafka import Kafka
from lake.folding import fold_all
from lake.place import LakePlace, LakeUnavailable
from lake.reading import LakeReader
from lake.shard import Shard
from lake.table import Lake
from lake.writer import ShardTaken, ShardWriter
from tests.consumers.projecting import bring
from tests.consumers.recorded import record_calls
from tests.lake.sharding import bring_up, published, rebuilt, shards

COMMITS = 10

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LakePlace]:
    """A prefix of a bucket: the server keeps what it has between tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    where = {"endpoint_override": f"{host}:{port}", "scheme": "http", "region": "us-east-1"}
    S3FileSystem(**where, allow_bucket_creation=True).create_dir("tables")
    said = "&".join(f"{name}={value}" for name, value in where.items())
    yield LakePlace.of(f"s3://tables/{tmp_path.name}?{said}")
    server.stop()


def test_shards_in_a_bucket_come_to_the_rows_of_a_rebuild(
    tmp_path: Path, kafka: Kafka, bucket: LakePlace
) -> None:
    store = tmp_path / "store"
    for turn, calls in enumerate((5, 10)):
        record_calls(store, calls)
        bring(store, kafka)
        for shard in shards(2):
            bring_up(tmp_path / f"machine {turn}", kafka, bucket, shard)
    expected = rebuilt(store, tmp_path / "rebuilt")
    assert published(bucket) == expected
    assert fold_all(Lake(bucket)) > 0
    assert published(bucket) == expected
    with LakeReader(Lake(bucket)) as reader:
        counted = reader.query("select count(*) as calls from calls").table.to_pylist()
    assert counted == [{"calls": 10}]
    assert Lake(bucket).vacuum() == 0


def test_of_shards_that_commit_at_once_no_commit_is_lost(bucket: LakePlace) -> None:
    writers = [ShardWriter(Lake.made(bucket), one, None) for one in shards(3)]
    failed: list[BaseException] = []

    def commit(writer: ShardWriter) -> None:
        try:
            writer.take_over()
            for position in range(1, COMMITS + 1):
                writer.note_position(position)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=commit, args=(one,)) for one in writers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    with LakeReader(Lake(bucket)) as reader:
        assert reader.positions == {f"{number}/3": COMMITS for number in (1, 2, 3)}
        assert reader.version == 3 * (COMMITS + 1)


def test_whoever_had_a_shard_before_is_refused_in_a_bucket_too(bucket: LakePlace) -> None:
    zombie = ShardWriter(Lake.made(bucket), Shard(1, 1), None)
    zombie.take_over()
    ShardWriter(Lake(bucket), Shard(1, 1), None).take_over()
    with pytest.raises(ShardTaken):
        zombie.note_position(1)


def test_a_bucket_that_is_not_there_is_told(bucket: LakePlace) -> None:
    assert bucket.bucket is not None
    elsewhere = replace(bucket.bucket, uri="s3://nowhere/tables")
    with pytest.raises(LakeUnavailable, match="could not be used"):
        Lake.made(LakePlace(elsewhere.uri, elsewhere))
