"""An analyst reads the ledger, and nothing else can be done with the same words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.database import Projections
from projections.serving.sandbox import QueryFailed, QueryRefused, read
from tests.projections.documents import short

ATTEMPTS = (
    "copy calls to '{path}'",
    "copy calls from '{path}'",
    "attach '{path}' as other",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/*')",
    "select * from read_parquet('https://example.org/x.parquet')",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "call pragma_version()",
    "set memory_limit = '1GB'",
    "set lock_configuration = false",
    "insert into events select * from events",
    "delete from blue.calls",
    "update feed_positions set position = 0",
    "create table mine as select 1",
    "drop table events",
    "export database '{path}'",
    "with gone as (delete from feed_positions returning *) select * from gone",
    "explain analyze delete from feed_positions",
    "select 1; select 2",
    "select 1; drop table events",
    "select * from force_checkpoint()",
    "select * from query('from force_checkpoint()')",
    "begin",
    "commit",
    "checkpoint",
    "prepare p as select 1",
    "",
    "select * from sandboxed",
    "select * from enable_logging()",
)


@pytest.fixture
def projections(tmp_path: Path) -> Iterator[Projections]:
    with Projections(tmp_path / "projections.duckdb") as opened:
        opened.add(short([[0, "received", {"stay_number": 1, "channel": "telephony"}]]))
        yield opened


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_but_reading_the_ledger_is_possible(
    projections: Projections, attempt: str, tmp_path: Path
) -> None:
    sandboxed = [1]
    before = sorted(tmp_path.iterdir())
    cursor = projections.connection.cursor()
    with pytest.raises((QueryRefused, QueryFailed)):
        read(cursor, attempt.format(path=tmp_path / "other"))
    assert sandboxed
    assert sorted(tmp_path.iterdir()) == before
    assert read(cursor, "select count(*) as calls from calls")[0].to_pylist() == [{"calls": 1}]
    assert projections.positions == (1, 0, 1, 0)


@pytest.mark.parametrize(
    "reading",
    [
        "select call_id from calls -- by its id",
        "from calls select call_id;",
        "with mine as (select call_id from calls) select * from mine",
        "describe calls",
        "explain select * from calls",
    ],
)
def test_every_way_to_read_is_possible(projections: Projections, reading: str) -> None:
    table, position = read(projections.connection.cursor(), reading)
    assert table.num_rows > 0
    assert position == 1


def test_more_rows_than_the_bound_are_refused_with_the_next_step(projections: Projections) -> None:
    with pytest.raises(QueryRefused, match="group it, or add a limit"):
        read(projections.connection.cursor(), "select * from range(11)", rows_limit=10)


def test_a_statement_that_takes_too_long_is_interrupted(projections: Projections) -> None:
    endless = "select count(*) from range(1000000) a, range(1000000) b where a.range % 7 < b.range"
    with pytest.raises(QueryRefused, match="shorter period"):
        read(projections.connection.cursor(), endless, timeout_seconds=0.2)


def test_a_mistake_in_the_statement_is_told_in_its_words(projections: Projections) -> None:
    with pytest.raises(QueryFailed, match="colour_of_hair"):
        read(projections.connection.cursor(), "select colour_of_hair from calls")
