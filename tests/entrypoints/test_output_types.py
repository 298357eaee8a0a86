"""Whatever SQL answers can be shown: each of DuckDB's types in each format, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet
import pytest

from tests.entrypoints.calling import call

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "output.md").read_text()

# Type, the value in SQL, its form in JSON, its form in CSV where that is another one.
FORMS: list[tuple[str, str, Any, str | None]] = [
    ("BOOLEAN", "true", True, "true"),
    ("TINYINT", "(-128)::tinyint", -128, None),
    ("SMALLINT", "(-32768)::smallint", -32768, None),
    ("INTEGER", "(-2147483648)::integer", -2147483648, None),
    ("BIGINT", "(-9223372036854775808)::bigint", -9223372036854775808, None),
    ("UTINYINT", "255::utinyint", 255, None),
    ("USMALLINT", "65535::usmallint", 65535, None),
    ("UINTEGER", "4294967295::uinteger", 4294967295, None),
    ("UBIGINT", "18446744073709551615::ubigint", 18446744073709551615, None),
    ("HUGEINT", "5::hugeint", 5, None),
    ("HUGEINT", "170141183460469231731687303715884105727::hugeint", f"{2**127 - 1}", None),
    ("HUGEINT", "(-170141183460469231731687303715884105728)::hugeint", f"{-(2**127)}", None),
    ("UHUGEINT", "340282366920938463463374607431768211455::uhugeint", f"{2**128 - 1}", None),
    ("BIGNUM", f"'-{10**60}'::bignum", f"{-(10**60)}", None),
    ("DECIMAL", "1.10::decimal(38,10)", 1.1, "1.1000000000"),
    ("DECIMAL", "(-0.50)::decimal(4,2)", -0.5, "-0.50"),
    ("DECIMAL", "'0.12345678901234567890'::decimal(38,20)", "0.12345678901234567890", None),
    ("DECIMAL", f"'{'9' * 38}'::decimal(38,0)", "9" * 38, None),
    ("FLOAT", "0.5::float", 0.5, None),
    ("FLOAT", "'-inf'::float", "-Infinity", None),
    ("DOUBLE", "0.1::double", 0.1, None),
    ("DOUBLE", "'nan'::double", "NaN", None),
    ("DOUBLE", "'inf'::double", "Infinity", None),
    ("DOUBLE", "-0.0::double", -0.0, None),
    ("VARCHAR", "'it''s, \"so\"'", 'it\'s, "so"', None),
    ("VARCHAR", "chr(0) || 'x'", "\x00x", "'\x00x"),
    ("VARCHAR", "''", "", None),
    ("ENUM", "'a'::enum('a', 'b')", "a", None),
    (
        "UUID",
        "'00000000-0000-0000-0000-00000000000a'::uuid",
        f"{'0' * 8}-0000-0000-0000-{'0' * 11}a",
        None,
    ),
    ("BLOB", r"'\xAA\x00b'::blob", "aa0062", None),
    ("BIT", "'00101'::bit", "00101", None),
    ("DATE", "date '2026-01-05'", "2026-01-05", None),
    ("DATE", "date '29999-12-31'", "+29999-12-31", None),
    ("DATE", "date '0044-03-15 (BC)'", "-0043-03-15", None),
    ("DATE", "date 'infinity'", "infinity", None),
    ("DATE", "date '-infinity'", "-infinity", None),
    ("TIME", "time '12:34:56.000007'", "12:34:56.000007", None),
    ("TIME", "time '24:00:00'", "24:00:00", None),
    ("TIME_NS", "'12:34:56.123456789'::time_ns", "12:34:56.123456789", None),
    ("TIME WITH TIME ZONE", "timetz '12:34:56+02:30'", "12:34:56+02:30", None),
    ("TIMESTAMP", "timestamp '2026-01-05 10:00:00'", "2026-01-05T10:00:00Z", None),
    ("TIMESTAMP", "timestamp '2026-01-05 10:00:00.5'", "2026-01-05T10:00:00.500000Z", None),
    ("TIMESTAMP", "timestamp '29999-01-05 10:00:00'", "+29999-01-05T10:00:00Z", None),
    ("TIMESTAMP", "timestamp '0044-03-15 (BC) 10:00:00'", "-0043-03-15T10:00:00Z", None),
    ("TIMESTAMP", "timestamp 'infinity'", "infinity", None),
    ("TIMESTAMP_S", "timestamp_s '2026-01-05 10:00:00'", "2026-01-05T10:00:00Z", None),
    ("TIMESTAMP_S", "timestamp_s '-infinity'", "-infinity", None),
    ("TIMESTAMP_MS", "timestamp_ms '2026-01-05 10:00:00.123'", "2026-01-05T10:00:00.123Z", None),
    (
        "TIMESTAMP_NS",
        "timestamp_ns '2026-01-05 10:00:00.000000001'",
        "2026-01-05T10:00:00.000000001Z",
        None,
    ),
    (
        "TIMESTAMP WITH TIME ZONE",
        "timestamptz '2026-01-05 12:00:00+02'",
        "2026-01-05T10:00:00Z",
        None,
    ),
    ("TIMESTAMP WITH TIME ZONE", "timestamptz '-infinity'", "-infinity", None),
    (
        "TIMESTAMPTZ_NS",
        "'2026-01-05 10:00:00.000000001+00'::timestamptz_ns",
        "2026-01-05T10:00:00.000000001Z",
        None,
    ),
    ("INTERVAL", "interval '-1 month 2 days 3.5 seconds'", "-1 month 2 days 00:00:03.5", None),
    ("JSON", "'{\"a\": 1.10}'::json", '{"a": 1.10}', None),
    ("VARIANT", "{'a': 1.10}::variant", '{"a":1.10}', None),
    ("GEOMETRY", "'POINT(1 2)'::geometry", "POINT (1 2)", None),
    ("TYPE", "get_type(1)", "INTEGER", None),
    ("NULL", "null", None, ""),
    ("LIST", "[1.50, 2.25]", [1.5, 2.25], "[1.50,2.25]"),
    ("LIST", "[null, '=1']", [None, "=1"], '[null,"=1"]'),
    ("LIST", "[1::uhugeint]", ["1"], '["1"]'),
    ("ARRAY", "[1, 2]::int[2]", [1, 2], "[1,2]"),
    (
        "STRUCT",
        "{'a': 1, 'it': {'t': timestamp '2026-01-05 10:00:00'}}",
        {"a": 1, "it": {"t": "2026-01-05T10:00:00Z"}},
        '{"a":1,"it":{"t":"2026-01-05T10:00:00Z"}}',
    ),
    (
        "STRUCT",
        "{'BIT': 1, 'say \"x\"': '101'::bit}",
        {"BIT": 1, 'say "x"': "101"},
        '{"BIT":1,"say \\"x\\"":"101"}',
    ),
    (
        "TUPLE",
        "row(1, '01'::bit)",
        {"element1": 1, "element2": "01"},
        '{"element1":1,"element2":"01"}',
    ),
    ("MAP", "map {'k': 1}", {"k": 1}, '{"k":1}'),
    (
        "MAP",
        "map {1: 'a', 2: null}",
        [{"key": 1, "value": "a"}, {"key": 2, "value": None}],
        '[{"key":1,"value":"a"},{"key":2,"value":null}]',
    ),
    ("UNION", "union_value(n := 1)", {"n": 1}, '{"n":1}'),
    ("UNION", "[union_value(n := 1::uhugeint)]", [{"n": "1"}], '[{"n":"1"}]'),
]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    assert call(folder, "simulate", "--calls", "1", "--seed", "1").code == 0
    return folder


ALL_FORMS = "select " + ", ".join(
    f"{value} as it_{number}" for number, (_, value, *_) in enumerate(FORMS)
)
"""One statement for all of them: each statement has a process of its own, which takes a second."""


def asked(ledger: Path, query: str, *options: str) -> str:
    answer = call(ledger, "sql", query, *options)
    assert answer.code == 0, answer.said
    return answer.out


@pytest.fixture(scope="module")
def row_in_json(ledger: Path) -> dict[str, Any]:
    (row,) = json.loads(asked(ledger, ALL_FORMS, "--json"))["rows"]
    assert isinstance(row, dict)
    return row


@pytest.fixture(scope="module")
def cells_in_csv(ledger: Path) -> list[str]:
    _, cells = csv.reader(io.StringIO(asked(ledger, ALL_FORMS, "--csv"), newline=""))
    return cells


@pytest.fixture(scope="module")
def parquet(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    asked(ledger, ALL_FORMS, "--parquet", str(path))
    return path


def test_every_type_of_duckdb_is_among_them() -> None:
    known = {
        name
        for (name,) in duckdb.execute("select distinct logical_type from duckdb_types()").fetchall()
    }
    assert known <= {name for name, *_ in FORMS}


def test_every_type_is_on_the_page() -> None:
    written = set(re.findall(r"`([A-Z_ ]+)`", PAGE))
    assert {name for name, *_ in FORMS} <= written


@pytest.mark.parametrize("number", range(len(FORMS)), ids=[value for _, value, *_ in FORMS])
def test_a_type_has_its_form_in_json(row_in_json: dict[str, Any], number: int) -> None:
    assert repr(row_in_json[f"it_{number}"]) == repr(FORMS[number][2])


@pytest.mark.parametrize("number", range(len(FORMS)), ids=[value for _, value, *_ in FORMS])
def test_a_type_has_its_form_in_csv(cells_in_csv: list[str], number: int) -> None:
    _, _, in_json, in_csv = FORMS[number]
    assert cells_in_csv[number] == (str(in_json) if in_csv is None else in_csv)


def test_every_type_can_be_shown_in_a_table(ledger: Path) -> None:
    shown = asked(ledger, ALL_FORMS)
    assert "1 rows; at position" in shown
    assert "\x00" not in shown


@pytest.mark.parametrize("number", range(len(FORMS)), ids=[value for _, value, *_ in FORMS])
def test_a_type_comes_back_from_parquet_as_it_was(parquet: Path, number: int) -> None:
    kind, value, *_ = FORMS[number]
    field = pyarrow.parquet.read_schema(parquet).field(f"it_{number}")
    words = field.metadata[b"duckdb_type"].decode()
    here = duckdb.connect()
    original = here.sql(f"select {value} as it").types[0]
    assert words == str(original)
    if "UNION" in words or kind in ("NULL", "VARIANT", "TYPE"):
        return
    back = here.execute(
        f"select cast(it_{number} as {words}) is not distinct from ({value}) from '{parquet}'"
    ).fetchall()
    assert back[0][0]


def test_a_decimal_keeps_its_zeros_in_json(ledger: Path) -> None:
    assert '"it": 1.1000000000\n' in asked(ledger, "select 1.10::decimal(38,10) as it", "--json")


def test_null_and_empty_text_are_told_apart_in_csv(ledger: Path) -> None:
    assert call(ledger, "sql", "select null as a, '' as b", "--csv").out == 'a,b\n,""\n'


@pytest.mark.parametrize("options", [("--json",), ("--csv",), ()])
def test_columns_of_one_name_are_told_apart(ledger: Path, options: tuple[str, ...]) -> None:
    answer = call(ledger, "sql", "select 1 as a, 2 as a, 3 as a_2, 4 as a", *options)
    assert answer.code == 0
    assert list(dict.fromkeys(re.findall(r"\ba(?:_\d)?\b", answer.out)))[:4] == [
        *("a", "a_3", "a_2", "a_4")
    ]


def test_columns_of_one_name_are_told_apart_in_parquet(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    assert call(ledger, "sql", "select 1 a, 2 a", "--parquet", str(path)).code == 0
    assert pyarrow.parquet.read_schema(path).names == ["a", "a_2"]


def test_a_sum_beyond_64_bits_is_shown_with_all_its_digits(ledger: Path) -> None:
    query = "select sum(18446744073709551615::hugeint) as total from range(5)"
    (row,) = json.loads(call(ledger, "sql", query, "--json").out)["rows"]
    assert int(row["total"]) == 5 * (2**64 - 1)


@pytest.mark.parametrize("options", [("--json",), ("--csv",), ()])
def test_an_answer_without_rows_is_shown(ledger: Path, options: tuple[str, ...]) -> None:
    answer = call(ledger, "sql", "select call_id, entered_at from calls where false", *options)
    assert answer.code == 0
    assert answer.out


@pytest.mark.parametrize("options", [("--json",), ("--csv",), ()])
def test_wide_and_long_values_are_shown_whole(ledger: Path, options: tuple[str, ...]) -> None:
    wide = ", ".join(f"{number} as c{number}" for number in range(200))
    answer = call(ledger, "sql", f"select {wide}, repeat('x', 100000) as long", *options)
    assert answer.code == 0
    assert answer.out.count("x") >= 100_000


def test_times_have_their_local_time_beside_them(ledger: Path) -> None:
    query = "select timestamp '2026-10-25 00:30:00' as it, timestamp 'infinity' as never"
    options = ("--time-zone", "Europe/Rome")
    (row,) = json.loads(call(ledger, "sql", query, "--json", *options).out)["rows"]
    assert row == {
        "it": "2026-10-25T00:30:00Z",
        "it_local": "2026-10-25T02:30:00+02:00",
        "never": "infinity",
        "never_local": None,
    }
    head, line = call(ledger, "sql", query, "--csv", *options).out.splitlines()
    assert head == "it,it_local,never,never_local"
    assert line == "2026-10-25T00:30:00Z,2026-10-25T02:30:00+02:00,infinity,"
