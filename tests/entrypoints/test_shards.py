"""Reports over what several shards have published, on the command line."""

from __future__ import annotations

import re
from pathlib import Path

from infra.kafka import Kafka
from tests.consumers.projecting import bring
from tests.consumers.recorded import record_calls
from tests.entrypoints.calling import call

CALLS = 20


def test_a_report_over_shards_is_that_of_a_folder(tmp_path: Path, kafka: Kafka) -> None:
    store, lake = tmp_path / "store", str(tmp_path / "lake")
    record_calls(store, CALLS)
    bring(store, kafka)
    kafka_there = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    for shard in ("1/2", "2/2"):
        words = ("project", "--until-end", "--shard", shard, "--into", f"file:{lake}")
        told = call(tmp_path / "shards", *words, variables=kafka_there)
        assert told.code == 0, told.err
        assert f"Shard {shard} shows every event of its calls up to position 140." in told.said
    for asked in (
        ["report", "exits", "--by", "reason", "--json"],
        ["report", "refusals", "--by", "rule", "--json"],
        ["report", "agents", "--json", "--known-at", "9"],
        ["report", "transfers", "--calls", "--json"],
        ["sql", "select kind, count(*) from transfers group by kind order by all", "--json"],
        ["sql", "select type, count(*) from events group by type order by all", "--json"],
    ):
        expected = call(store, *asked)
        found = call(tmp_path / "nowhere", *asked, "--lake", lake)
        assert found.code == 0, found.err
        answer = found.json
        assert answer.pop("shards") == {"1/2": 140, "2/2": 140}
        assert answer.pop("table_version") > 0
        assert answer == expected.json
    assert "1/2 at 140, 2/2 at 140. The lowest is 140." in found.said
    beyond = call(tmp_path, "report", "exits", "--known-at", "141", "--lake", lake)
    assert (beyond.code, "is still to come" in beyond.said) == (2, True)

    status = call(tmp_path, "lake", "status", lake, "--json").json["shards"]
    assert [(one["shard"], one["position"], one["epoch"]) for one in status] == [
        ("1/2", 140, 1),
        ("2/2", 140, 1),
    ]
    compacted = call(tmp_path, "lake", "compact", lake)
    assert re.search(r"Folded \d+ commits and deleted 0 files", compacted.said), compacted.err
    again = call(tmp_path, "lake", "status", lake, "--json").json["shards"]
    assert all(one["fresh_files"] < 3 for one in again)


def test_what_does_not_go_together_is_told(tmp_path: Path) -> None:
    for words, sentence in (
        (["project", "--shard", "1/2"], "--shard and --into go together"),
        (["project", "--shard", "7/7", "--into", "lake"], "names no shard"),
        (["project", "--shard", "1/2", "--into", "x", "--snapshot", "y"], "leave --shard out"),
        (["report", "exits", "--lake", "lake", "--save", "one"], "leave --lake and --archive out"),
    ):
        told = call(tmp_path, *words)
        assert (told.code, sentence in told.said) == (2, True), told.said
    for words in (["report", "exits", "--lake"], ["lake", "status"], ["lake", "compact"]):
        told = call(tmp_path, *words, str(tmp_path / "none"))
        assert (told.code, "There are no tables in" in told.said) == (3, True), told.said
