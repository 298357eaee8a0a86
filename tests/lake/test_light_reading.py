"""Who reads the table of all shards loads no more than reading takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from infra.kafka import Kafka
from infra.local.servers import wait_until
from lake.latest import Latest
from lake.place import LakePlace, LakeUnavailable
from lake.reading import LakeReader
from lake.shard import Shard
from lake.table import Lake
from lake.writer import ShardWriter
from projections.models import readable_models
from projections.serving.permitted import Readable, check
from tests.consumers.projecting import bring
from tests.consumers.recorded import record_calls
from tests.lake.sharding import bring_up, rows_of, shards

READ = """
import sys
from lake.place import LakePlace
from lake.rows import records
from lake.table import Lake
lake = Lake(LakePlace({uri!r}))
print(list(records(lake, lake.files())), "pyarrow.dataset" in sys.modules)
"""


def test_a_process_that_sees_how_far_shards_are_loads_nothing_for_folders_of_files(
    place: LakePlace,
) -> None:
    ShardWriter(Lake.made(place), Shard(1, 1), None).take_over()
    ended = subprocess.run(
        [sys.executable, "-c", READ.format(uri=place.uri)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "[1] False\n", ended.stderr


def publish_calls(folder: Path, kafka: Kafka, place: LakePlace) -> None:
    """Two shards have the rows of four calls."""
    record_calls(folder / "store", 4)
    bring(folder / "store", kafka)
    for shard in shards(2):
        bring_up(folder / "shards", kafka, place, shard)


def test_no_file_is_opened_of_a_table_that_nobody_asks_about(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    publish_calls(tmp_path, kafka, place)
    for file in Lake(place).files():
        if file.table == "exits":
            (Path(place.uri) / file.path).unlink()
    with LakeReader(Lake(place)) as reader:
        assert rows_of(reader, "select count(*) from contacts") == [(4,)]
        with pytest.raises(LakeUnavailable, match="could not be used"):
            reader.ask("from exits")


def test_whoever_lists_the_tables_sees_all_of_them(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    publish_calls(tmp_path, kafka, place)
    with LakeReader(Lake(place)) as reader:
        listed = reader.query("show tables").table.column("name").to_pylist()
    assert listed == sorted(["events", *(model.name for model in readable_models())])


def test_what_was_read_and_checked_of_one_version_is_not_again_of_the_next(
    tmp_path: Path, kafka: Kafka, place: LakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def counted(cursor: duckdb.DuckDBPyConnection, sql: str, readable: Readable) -> frozenset[str]:
        checked.append(sql)
        return check(cursor, sql, readable)

    monkeypatch.setattr("projections.serving.checked_statements.check", counted)
    for calls in (4, 6):
        record_calls(tmp_path / "store", calls)
        bring(tmp_path / "store", kafka)
        for shard in shards(2):
            bring_up(tmp_path / "shards", kafka, place, shard)
        if calls == 4:
            latest = Latest(place)
            first = latest.reader()
            assert rows_of(first, "select count(*) from contacts") == [(4,)]
            for file in Lake(place).files():
                if file.table == "calls":
                    (Path(place.uri) / file.path).unlink()
    assert wait_until(lambda: latest.reader().version > first.version, 60)
    assert rows_of(latest.reader(), "select count(*) from contacts") == [(6,)]
    assert checked == ["select count(*) from contacts"]
    with pytest.raises(LakeUnavailable):
        LakeReader(Lake(place))
