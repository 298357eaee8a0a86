"""A statement of the ledger's own is planned once, and answered as one that is read in parts."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from projections.serving.sandbox import Bounds, QueryRefused, read, read_at_once


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create table feed_positions as select 7 as projected_position")
        yield opened


def statement(sql: str) -> duckdb.Statement:
    (parsed,) = duckdb.extract_statements(sql)
    return parsed


@pytest.mark.parametrize(
    "sql",
    [
        "select range as number, 'a' as word from range(3) where range >= $first",
        "select interval 1 day as span, $first as number",
        "select [range::uhugeint] as large from range(5000) where range >= $first",
    ],
)
def test_its_rows_and_types_are_those_of_reading_in_parts(
    connection: duckdb.DuckDBPyConnection, sql: str
) -> None:
    at_once = read_at_once(connection, statement(sql), {"first": 1})
    in_parts = read(connection, sql, {"first": 1})
    assert at_once == in_parts
    assert at_once[0].schema.equals(in_parts[0].schema, check_metadata=True)


def test_after_one_with_too_many_rows_the_next_is_answered(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(QueryRefused, match="more than 10 rows"):
        read_at_once(connection, statement("from range(500000)"), bounds=Bounds(rows=10))
    table, position = read_at_once(connection, statement("select 1 as one"))
    assert (table.to_pylist(), position) == ([{"one": 1}], 7)
