"""Inserts are planned once, and put in whatever rows they are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest

from projections.database import Projections
from projections.kept_inserts import KeptInserts
from projections.kept_plans import Given
from tests.projections.documents import written
from tests.projections.received_calls import receive


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("create table numbers (name varchar, number bigint)")
        yield made


def rows(*values: int) -> pa.Table:
    return pa.table({"number": pa.array(values, pa.int64())})


def kept(connection: duckdb.DuckDBPyConnection) -> list[tuple[str | None, int]]:
    return connection.execute("select * from numbers order by all").fetchall()


def test_an_insert_is_planned_once_and_puts_in_the_rows_that_it_is_given(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    inserts = KeptInserts(connection)
    inserts.insert("numbers", rows(1, 2))
    with patch.object(Given, "__arrow_c_schema__", side_effect=AssertionError("planned again")):
        inserts.insert("numbers", rows(3))
        connection.execute("create or replace temp table touched as select 1 as call_position")
        inserts.insert("numbers", rows(4, 5))
    assert kept(connection) == [(None, number) for number in range(1, 6)]


def test_rows_of_other_columns_are_planned_for_anew(connection: duckdb.DuckDBPyConnection) -> None:
    inserts = KeptInserts(connection)
    inserts.insert("numbers", rows(1))
    inserts.insert("numbers", pa.table({"number": pa.array([2], pa.int64()), "name": ["two"]}))
    assert kept(connection) == [("two", 2), (None, 1)]


def test_a_column_that_the_table_lacks_is_refused_and_the_next_rows_are_taken(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    inserts = KeptInserts(connection)
    with pytest.raises(duckdb.Error):
        inserts.insert("numbers", pa.table({"other": [1]}))
    inserts.insert("numbers", rows(1))
    assert kept(connection) == [(None, 1)]


def test_a_table_that_is_made_again_is_inserted_into(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    inserts = KeptInserts(connection)
    inserts.insert("numbers", rows(1))
    connection.execute("drop table numbers")
    connection.execute("create table numbers (number bigint, name varchar default 'again')")
    inserts.insert("numbers", rows(2))
    assert connection.execute("select name, number from numbers").fetchall() == [("again", 2)]


def test_a_round_that_is_rolled_back_does_not_spoil_those_after_it(tmp_path: Path) -> None:
    ledger = written(map(receive, range(1, 6)))
    with Projections(tmp_path / "projections.duckdb") as projections:
        for number in range(3):
            projections.add(ledger.batch(number, number + 1))
    with Projections(tmp_path / "projections.duckdb") as projections:
        fourth = ledger.batch(3, 4)
        with suppress(ZeroDivisionError), projections.transaction():
            projections.insert_events(fourth)
            projections.note_position(4)
            projections.refresh_touched()
            raise ZeroDivisionError
        assert projections.positions.position == 3
        # Whatever is made in the file lets DuckDB look again for what a plan reads.
        projections.connection.execute("create table another (number bigint)")
        projections.add(fourth)
        projections.add(ledger.batch(4, 5))
        shown = projections.connection.execute(
            "select call_position from calls order by all"
        ).fetchall()
    assert shown == [(number,) for number in range(1, 6)]
