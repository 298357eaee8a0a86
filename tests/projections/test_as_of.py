"""The tables as of a moment are those that the events which count alone would give."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.feed import EventBatch
from projections.as_of import CORRECTED, AsOf
from projections.building import build
from projections.database import Projections
from projections.models import readable_models
from tests.projections.documents import MORNING
from tests.projections.earlier_moments import go_back, in_order, rows_of_one
from tests.projections.histories import PHASES, Drawn, history, projections, steps
from tests.projections.rebuilding import changed_by_a_rebuild

TABLES = ["events", *(model.name for model in readable_models() if model.name != "refusals")]

moments = st.integers(0, 60)
seconds = st.none() | st.integers(-50, 4000)


def as_of_rows(opened: Projections, as_of: AsOf) -> dict[str, list[dict[str, Any]]]:
    """Every table as of the moment."""
    with opened.connection.cursor() as cursor:
        go_back(cursor, opened, as_of, set(TABLES))
        return rows_by(cursor)


def rows_now(opened: Projections) -> dict[str, list[dict[str, Any]]]:
    return rows_by(opened.connection)


def rows_by(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    return {
        table: in_order(connection.sql(f"from {table}").to_arrow_table().to_pylist())
        for table in TABLES
    }


def those_that_count(batch: EventBatch, opened: Projections, as_of: AsOf) -> EventBatch:
    """The events that count, by what the table of all of them says."""
    counting = opened.connection.execute(
        f"select position - 1 from events where {as_of.counts} order by position"
    ).fetchall()
    places = [place for (place,) in counting]
    return EventBatch(
        [batch.positions[place] for place in places],
        [batch.call_positions[place] for place in places],
        [batch.documents[place] for place in places],
    )


@settings(max_examples=12, phases=PHASES)
@given(steps, moments, seconds, st.booleans())
def test_tables_as_of_a_moment_are_those_of_the_events_that_count(
    drawn: Drawn, position: int, happened_by: int | None, with_corrections: bool
) -> None:
    written = history(drawn)
    batch = written.batch()
    as_of = AsOf(
        min(position, len(written.events)),
        None,
        None if happened_by is None else morning(happened_by),
        with_corrections,
    )
    with projections() as opened, projections() as alone:
        opened.add(batch)
        counting = those_that_count(batch, opened, as_of)
        with alone.transaction():
            if counting.positions:
                alone.insert_events(counting)
                alone.note_position(counting.positions[-1])
        build(alone)
        assert as_of_rows(opened, as_of) == rows_now(alone)


@settings(max_examples=5, phases=PHASES)
@given(steps, moments, st.integers(1, 20))
def test_what_comes_later_and_a_rebuild_change_nothing_of_it(
    drawn: Drawn, position: int, more: int
) -> None:
    written = history(drawn)
    known = min(position, len(written.events))
    with projections() as opened:
        opened.add(written.batch(0, known))
        before = as_of_rows(opened, AsOf(known))
        for start in range(known, len(written.events), more):
            opened.add(written.batch(start, start + more))
        assert as_of_rows(opened, AsOf(known)) == before
        changed_by_a_rebuild(opened)
        assert as_of_rows(opened, AsOf(known)) == before


@settings(max_examples=8, phases=PHASES)
@given(steps, moments, st.sampled_from(TABLES))
def test_a_table_asked_for_alone_is_as_when_all_are(
    drawn: Drawn, position: int, table: str
) -> None:
    written = history(drawn)
    as_of = AsOf(min(position, len(written.events)))
    with projections() as opened:
        opened.add(written.batch())
        assert rows_of_one(opened, as_of, table) == as_of_rows(opened, as_of)[table]


@settings(max_examples=6, phases=PHASES)
@given(steps, moments, seconds)
def test_a_call_asked_about_alone_is_as_among_all(
    drawn: Drawn, position: int, happened_by: int | None
) -> None:
    written = history(drawn)
    until = None if happened_by is None else morning(happened_by)
    as_of = AsOf(min(position, len(written.events)), None, until)
    with projections() as opened:
        opened.add(written.batch())
        of_all = as_of_rows(opened, as_of)["calls"]
        for (call,) in opened.connection.execute("select call_position from calls").fetchall():
            with opened.connection.cursor() as cursor:
                go_back(cursor, opened, as_of, {"calls"}, call)
                alone = cursor.sql("from calls").to_arrow_table().to_pylist()
            assert alone == [row for row in of_all if row["call_position"] == call]


@settings(max_examples=3, phases=PHASES)
@given(steps, st.integers(1, 60))
def test_a_dead_letter_that_comes_later_changes_nothing_of_it(drawn: Drawn, position: int) -> None:
    written = history(drawn)
    known = min(position, len(written.events))
    with projections() as opened:
        opened.add(written.batch())
        before = as_of_rows(opened, AsOf(known))
        opened.connection.execute(
            "insert into dead_letters"
            " (topic, partition_number, message_offset, position, call_position, reason,"
            " is_as_published) select 'events', 0, call_position, $1, call_position, 'cut', true"
            " from (select distinct call_position from events)",
            [len(written.events) + 1],
        )
        build(opened)
        assert all(row["is_incomplete"] for row in rows_now(opened)["calls"])
        assert as_of_rows(opened, AsOf(known)) == before


@settings(max_examples=5, phases=PHASES)
@given(steps)
def test_as_of_the_last_position_the_tables_are_those_of_now(drawn: Drawn) -> None:
    written = history(drawn)
    with projections() as opened:
        opened.add(written.batch(), written.refused())
        assert as_of_rows(opened, AsOf(len(written.events))) == rows_now(opened)


@pytest.mark.parametrize(
    ("as_of", "condition"),
    [
        (AsOf(7), "position <= 7"),
        (AsOf(7, with_corrections=False), f"position <= 7 and type <> '{CORRECTED}'"),
    ],
)
def test_the_condition_reads_as_it_is_asked(as_of: AsOf, condition: str) -> None:
    assert as_of.counts == condition


def morning(seconds_after: int) -> datetime:
    return (MORNING + timedelta(seconds=seconds_after)).replace(tzinfo=None)
