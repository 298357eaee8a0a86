"""An analyst reads the ledger, and nothing else can be done with the same words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from projections.database import Projections
from projections.models import readable_models
from projections.reports import REPORTS
from projections.reports.query import calls_query, figures_query
from projections.reports.report import Selection
from projections.serving.permitted import check
from projections.serving.permitted_functions import FUNCTIONS, TABLE_FUNCTIONS
from projections.serving.readable import readable_by_everybody
from projections.serving.sandbox import Bounds, QueryFailed, QueryRefused, read
from tests.projections.documents import short

OTHER_STATEMENTS = (
    "copy calls to '{path}'",
    "copy calls from '{path}'",
    "attach '{path}' as other",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "call pragma_version()",
    "set memory_limit = '1GB'",
    "set lock_configuration = false",
    "set variable mine = 1",
    "insert into events select * from events",
    "delete from blue.calls",
    "update feed_positions set position = 0",
    "create table mine as select 1",
    "create macro mine() as 1",
    "drop table events",
    "export database '{path}'",
    "with gone as (delete from feed_positions returning *) select * from gone",
    "select * from (insert into events select * from events returning 1)",
    "explain analyze delete from feed_positions",
    "explain (format json) delete from feed_positions",
    "select 1; select 2",
    "select 1; drop table events",
    "begin",
    "commit",
    "checkpoint",
    "vacuum",
    "prepare p as select 1",
    "execute p",
    "use blue",
    "detach other",
    "",
    "-- nothing",
    "pivot calls on queue using count(*)",
    "show databases",
    "show variables",
    "show all tables",
    "from (show tables)",
)

OTHER_TABLES = (
    "select * from '/etc/passwd'",
    "from 'calls.csv'",
    'from "/etc/passwd"',
    "from blue.calls",
    "from system.main.duckdb_settings",
    "from duckdb_tables",
    "from information_schema.tables",
    "from sqlite_master",
    "from feed_positions",
    "from file_made_by",
    "from dead_letters",
    "from sandboxed",
    "describe feed_positions",
    "summarize file_made_by",
    "explain (from feed_positions)",
    "explain analyze (from feed_positions)",
    "explain analyze (select position from feed_positions where position > 1)",
    "select (select position from feed_positions)",
    "select * from calls where exists (from feed_positions)",
    "with calls as (from feed_positions) from calls",
    "select * from (with mine as (select 1) from mine), mine",
    "from feed_positions, (with feed_positions as (select 1) from feed_positions)",
    "with mine as (from feed_positions), feed_positions as (select 1) from mine",
    "with feed_positions as (from feed_positions) from feed_positions",
    "with recursive feed_positions as (from feed_positions union all from feed_positions)"
    " from feed_positions",
    "from (with mine as (from feed_positions), feed_positions as (select 1) from mine)",
    "from calls union all from feed_positions",
    "pivot feed_positions on position in (1) using count(*)",
)

OTHER_FUNCTIONS = (
    "select * from force_checkpoint()",
    "from force_checkpoint('system')",
    "from \"force_checkpoint\"('system')",
    "from \"Force_Checkpoint\"('system')",
    "from force_checkpoint/* */('system')",
    "from force_checkpoint -- here\n('system')",
    "from checkpoint()",
    "from main.force_checkpoint('system')",
    "from system.main.\"force_checkpoint\"('system')",
    "select * from query('from force_checkpoint()')",
    "select * from query_table('calls')",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_parquet('https://example.org/x.parquet')",
    "select * from parquet_scan('/tmp/x')",
    "select * from read_duckdb('/tmp/x')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from glob('/*')",
    "select * from enable_logging()",
    "select * from duckdb_settings()",
    "select * from duckdb_secrets()",
    "select * from pragma_storage_info('calls')",
    "select * from seq_scan('calls')",
    "select * from json_execute_serialized_sql('{{}}')",
    "select current_setting('memory_limit')",
    "select getvariable('mine')",
    "select getenv('HOME')",
    "select nextval('dead_letter_numbers')",
    "select 'dead_letter_numbers'.nextval()",
    "select currval('dead_letter_numbers')",
    "select txid_current()",
    "select sleep_ms(100000)",
    "select pg_sleep(100)",
    "select write_log('mine')",
    "select setseed(0.5)",
    "select json_serialize_plan('select 1')",
    "select list_transform([1], lambda x: nextval('dead_letter_numbers'))",
    "select sum(nextval('dead_letter_numbers')) over ()",
    "select case when true then nextval('dead_letter_numbers') end",
    "select count(*) filter (nextval('dead_letter_numbers') > 0)",
    "select call_id from calls order by nextval('dead_letter_numbers')",
    "select call_id from calls limit nextval('dead_letter_numbers')",
    "select call_id from calls group by call_id having nextval('dead_letter_numbers') > 0",
    "select call_id from calls qualify nextval('dead_letter_numbers') > 0",
    "select * replace (nextval('dead_letter_numbers') as call_id) from calls",
    "values (nextval('dead_letter_numbers'))",
    "from calls a join calls b on nextval('dead_letter_numbers') > 0",
    "from calls, lateral (select nextval('dead_letter_numbers'))",
    "select cast(nextval('dead_letter_numbers') as integer)",
    "explain analyze select nextval('dead_letter_numbers')",
    "summarize select nextval('dead_letter_numbers')",
    "from repeat('x', 1000)",
)

READINGS = (
    "select call_id from calls -- by its id",
    "from calls select call_id;",
    'select "call_id" from main."calls"',
    "with mine as (select call_id from calls) select * from mine",
    "with recursive up(n) as (select 1 union all select n + 1 from up where n < 9) from up",
    "with calls as (from calls), mine as (from calls) from mine union all from calls",
    "describe calls",
    "summarize calls",
    "explain select * from calls",
    "explain analyze select * from calls",
    "explain (format json) select * from calls",
    "explain (analyze, format json) select * from calls",
    "explain analyze (from calls)",
    "select 'query (a)'",
    "select 'from force_checkpoint()' as \"checkpoint (b)\"",
    "table calls",
    "values (1)",
    "pivot calls on queue in ('q1') using count(*)",
    "unpivot (select 1 as a, 2 as b) on a, b",
    "select call_id, count(*) filter (is_open), sum(version) from calls"
    " join events using (call_id) group by all",
    "select list_transform([1, 2], lambda x: x + 1), [x * 2 for x in [1, 2]]",
    "select {'a': 1}.a, [1, 2][1]",
    "select upper('a'), 'a'.upper(), 'a' || 'b', 'a' like 'b', 1 between 0 and 2, -1, not true",
    "select extract(hour from entered_at), date_trunc('day', entered_at) from calls",
    "select entered_at + interval 1 day from calls",
    "select seconds_between(entered_at, now()::timestamp) from calls",
    "from range(3) union all from generate_series(1, 3)",
    "select row_number() over (order by call_id), lag(call_id) over (order by call_id) from calls",
    "select current_date, random() >= 0",
    "select distinct on (call_id) * exclude (queue) from events limit 100%",
)


@pytest.fixture(scope="module")
def projections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projections]:
    """Of all of these tests: nothing that is tried changes anything."""
    with Projections(tmp_path_factory.mktemp("sandbox") / "projections.duckdb") as opened:
        opened.add(short([[0, "received", {"stay_number": 1, "channel": "telephony"}]]))
        yield opened


def answered(projections: Projections, sql: str, bounds: Bounds) -> tuple[list[object], int]:
    """What an analyst is answered."""
    cursor = projections.connection.cursor()
    check(cursor, sql, readable_by_everybody())
    table, position = read(cursor, sql, bounds=bounds)
    return table.to_pylist(), position


@pytest.mark.parametrize("attempt", OTHER_STATEMENTS + OTHER_TABLES + OTHER_FUNCTIONS)
def test_nothing_but_reading_the_ledger_is_possible(
    projections: Projections, attempt: str, tmp_path: Path
) -> None:
    sandboxed = [1]
    with pytest.raises((QueryRefused, QueryFailed)) as refused:
        answered(projections, attempt.format(path=tmp_path / "other"), Bounds())
    assert sandboxed
    assert str(refused.value)
    assert not (tmp_path / "other").exists()
    assert answered(projections, "select count(*) as calls from calls", Bounds()) == (
        [{"calls": 1}],
        1,
    )
    assert projections.positions == (1, 0, 1, 0)


@pytest.mark.parametrize("attempt", OTHER_TABLES + OTHER_FUNCTIONS)
def test_what_is_not_allowed_is_refused_before_anything_is_computed(
    projections: Projections, attempt: str
) -> None:
    with pytest.raises((QueryRefused, QueryFailed)):
        check(projections.connection, attempt, readable_by_everybody())


@pytest.mark.parametrize("reading", READINGS)
def test_every_way_to_read_is_possible(projections: Projections, reading: str) -> None:
    rows, position = answered(projections, reading, Bounds())
    assert rows
    assert position == 1


def test_every_report_and_every_model_is_allowed() -> None:
    connection = duckdb.connect()
    for report in REPORTS.values():
        check(connection, calls_query(report, Selection())[0], readable_by_everybody())
        for grouping in report.all_groupings:
            sql, _ = figures_query(report, Selection(), (grouping,))
            check(connection, sql, readable_by_everybody())
    for model in readable_models():
        check(connection, f"from {model.name}", readable_by_everybody())


def test_every_allowed_function_is_known_to_duckdb_by_a_kind_that_computes() -> None:
    kinds = (
        "select lower(function_name), any_value(function_type) from duckdb_functions() group by 1"
    )
    known = dict(duckdb.connect().execute(kinds).fetchall())
    assert "pragma" not in {known.get(name) for name in FUNCTIONS | TABLE_FUNCTIONS}
    assert not {
        name for name in known if name.startswith(("read_", "duckdb_", "pragma_", "pg_read"))
    } & (FUNCTIONS | TABLE_FUNCTIONS)


def test_more_rows_than_the_bound_are_refused_with_the_next_step(projections: Projections) -> None:
    with pytest.raises(QueryRefused, match="group it, or add a limit"):
        answered(projections, "select * from range(11)", Bounds(rows=10))


def test_more_bytes_than_the_bound_are_refused_with_the_next_step(
    projections: Projections,
) -> None:
    with pytest.raises(QueryRefused, match="select fewer columns"):
        answered(projections, "select * from range(1000000)", Bounds(answer_megabytes=1))


def test_a_statement_that_takes_too_long_is_interrupted(projections: Projections) -> None:
    endless = "select count(*) from range(1000000) a, range(1000000) b where a.range % 7 < b.range"
    with pytest.raises(QueryRefused, match="shorter period"):
        answered(projections, endless, Bounds(seconds=0.2))


def test_a_pivot_that_does_not_list_its_values_is_called_that(projections: Projections) -> None:
    with pytest.raises(QueryRefused, match="this is a pivot without its values: begin with"):
        answered(projections, "pivot calls on phase using count(*)", Bounds())


def test_a_mistake_in_the_statement_is_told_in_its_words(projections: Projections) -> None:
    with pytest.raises(QueryFailed, match="colour_of_hair"):
        answered(projections, "select colour_of_hair from calls", Bounds())


@pytest.mark.parametrize("nested", ["(" * 20_000 + "1" + ")" * 20_000, "not " * 20_000 + "true"])
def test_a_statement_that_is_nested_too_deeply_is_refused(
    projections: Projections, nested: str
) -> None:
    with pytest.raises(QueryRefused, match="flatter"):
        answered(projections, f"select {nested}", Bounds())


def test_a_statement_that_is_enormous_is_refused(projections: Projections) -> None:
    many = ", ".join(map(str, range(200_000)))
    with pytest.raises(QueryRefused, match="characters"):
        answered(projections, f"select count(*) from calls where version in ({many})", Bounds())
