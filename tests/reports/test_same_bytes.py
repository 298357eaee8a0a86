"""The same tables give the same bytes, in whatever order DuckDB's threads come to their rows."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from projections.database import Projections
from projections.reports import REPORTS
from projections.reports.query import CALLS_LIMIT, calls_query, figures_query
from projections.reports.report import Selection
from projections.serving.sandbox import Parameters

ROWS = 400_000
"""More than three groups of 122,880 rows: DuckDB gives each to whichever thread is free."""

CALLS = ROWS // 2
THREADS = 4
TIMES = 6

CALL = f"""
    number % {CALLS} + 1 as call_position, 'call-' || number % {CALLS} as call_id,
    'test' as source, timestamp '2026-03-02' + to_seconds(number % {CALLS}) as entered_at,
    (['sales', 'support'])[number // {CALLS} + 1] as queue,
    hash(number) % 9_000_000_000 as microseconds
"""
OWN = {
    "conferences": f"number // {CALLS} as conference_number, 'agent-1' as started_by,"
    " microseconds / 1e6 as conference_seconds, true as is_first_of_call",
    "consults": f"number // {CALLS} as consult_number, 'agent-1' as started_by,"
    " microseconds / 1e6 as consult_seconds, true as is_first_of_call",
    "exits": f"number // {CALLS} as exit_number, 'agent-1' as party, 'left' as reason,"
    " microseconds / 1e6 as after_call_start_seconds, microseconds / 3e6 as post_call_seconds,"
    " microseconds / 2e6 as after_conference_start_seconds, true as is_first_of_call",
    "holds": f"number // {CALLS} as hold_number, 'agent-1' as started_by,"
    " microseconds / 1e6 as hold_seconds, true as is_first_of_call",
    "queue_entries": f"number // {CALLS} + 1 as queue_entry_number, 'abandoned' as outcome,"
    " microseconds / 1e6 as wait_seconds,"
    " true as is_queued",
    "wrap_ups": f"number // {CALLS} as wrap_up_number, 'agent-1' as agent, 'applied' as status,"
    " 'sold' as reason, microseconds / 1e6 as wrap_up_seconds, true as is_first_of_call,"
    " entered_at as applied_at",
    "agent_spans": "0 as stay_number, number as state_number, 'agent-1' as agent,"
    " (['talk', 'hold', 'wrap_up'])[number % 3 + 1] as state, entered_at as began_at,"
    " entered_at + to_microseconds(microseconds::bigint) as ended_at,"
    " microseconds / 1e6 as span_seconds, false as is_first_talk",
}
"""What the rows of each table have besides."""

OF_SECONDS = ("abandoned", "agents", "conferences", "consults", "exits", "holds", "wrap-ups")
"""The reports that sum durations; the others count."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables of many rows with durations to the microsecond, read by several threads."""
    path = tmp_path_factory.mktemp("many") / "projections.duckdb"
    with Projections(path):
        pass
    with duckdb.connect(str(path), config={"threads": THREADS}) as connection:
        for name, own in OWN.items():
            connection.execute(
                f"insert into blue.{name} by name select * exclude (number, microseconds)"
                f" from (select *, {own} from (select number, {CALL} from range({ROWS}) as"
                " numbers(number)))"
            )
        yield connection


def answers(
    tables: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters | None = None
) -> set[str]:
    """Every answer that asking many times gives, with all digits."""
    return {repr(tables.execute(sql, parameters or None).fetchall()) for _ in range(TIMES)}


@pytest.mark.parametrize("name", OF_SECONDS)
def test_a_report_has_the_same_bytes_however_often_it_is_asked(
    tables: duckdb.DuckDBPyConnection, name: str
) -> None:
    assert len(answers(tables, *figures_query(REPORTS[name], Selection(), ("queue",)))) == 1


def test_the_queues_of_a_call_that_was_in_several_are_all_named_in_one_order(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    sql, _ = calls_query(REPORTS["agents"], Selection())
    queues = tables.sql(sql).project("queue").fetchall()
    assert queues == [("sales, support",)] * CALLS_LIMIT


def test_an_agents_days_have_the_same_bytes_however_often_they_are_asked(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    assert len(answers(tables, "from agent_days order by all")) == 1
