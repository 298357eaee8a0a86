"""What was recorded, read again beside tables that answer: what differs is put in its place."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.feed import StoreFeed
from ledger.store.interface import Ends
from projections import dead_letters, places
from projections.anew import EVENTS, REFUSALS, table_of_rows
from projections.building import build
from projections.database import FILE_NAME, Projections
from projections.errors import ProjectionError, UnreadableEvent
from projections.models import kept_models
from projections.rebuild import Rebuild, Rebuilt, Step, Told, tell_nobody
from projections.serving.server import owning
from projections.serving.sources import FeedSource
from tests.projections.documents import Written, written
from tests.projections.held_calls import history, record
from tests.projections.histories import PHASES, Drawn, steps
from tests.projections.histories import history as random_history

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
PART_EVENTS = 40
AT_ONCE = 7
TABLES = ["events", "refusal_events", *(model.name for model in kept_models())]


class Recorded:
    """A ledger in memory as a source."""

    name = "event store"

    def __init__(self, whole: Written) -> None:
        self._whole = whole

    def head(self) -> Ends:
        return Ends(len(self._whole.events), len(self._whole.refusals))

    def events(self) -> Iterator[pa.Table]:
        for begin in range(0, len(self._whole.events), AT_ONCE):
            yield table_of_rows(EVENTS, self._whole.events[begin : begin + AT_ONCE])

    def refusals(self) -> Iterator[pa.Table]:
        if self._whole.refusals:
            yield table_of_rows(REFUSALS, list(enumerate(self._whole.refusals, 1)))


def read_again(
    tables: Projections, whole: Written, told: Told = tell_nobody, sets_aside: bool = False
) -> Rebuilt:
    with Rebuild(tables, nullcontext, told) as rebuild:
        return rebuild.run(False, Recorded(whole), sets_aside)


def rows_of(tables: Projections) -> dict[str, list[Any]]:
    return {
        name: tables.connection.execute(f"from {name} order by all").fetchall() for name in TABLES
    }


SPOILS = (
    "update events set queue = '=x' where position % 3 = {0}",
    "delete from events where position % 5 = {0}",
    "update events set call_position = 1 where position = {0}",
    "update refusal_events set rule = 'R0' where refusal_number % 2 = {0}",
    "delete from refusal_events where refusal_number = {0}",
)


@settings(max_examples=3, phases=PHASES)
@given(steps, st.sampled_from(SPOILS), st.integers(0, 2))
def test_whatever_the_tables_had_instead_they_are_those_of_what_was_recorded(
    drawn: Drawn, spoil: str, number: int
) -> None:
    whole = random_history(drawn)
    half = len(whole.events) // 2
    with TemporaryDirectory() as name, opened(Path(name)) as tables:
        tables.add(whole.batch(0, half), whole.refused())
        tables.connection.execute(spoil.format(number))
        build(tables)
        arrived = tables.positions.position

        def arrive(step: Step, done: int, _: int) -> None:
            nonlocal arrived
            if not done or step in (Step.READING, Step.COMPUTING):
                tables.add(whole.batch(arrived, arrived + 2))
                arrived = tables.positions.position

        read_again(tables, whole, arrive)
        tables.add(whole.batch())
        found = rows_of(tables)
        assert places.aside(tables.connection) is None
        assert read_again(tables, whole).changed == []
    with TemporaryDirectory() as name, opened(Path(name)) as tables:
        tables.add(whole.batch(), whole.refused())
        assert rows_of(tables) == found


def opened(folder: Path) -> Projections:
    return Projections(folder / FILE_NAME, part_events=PART_EVENTS)


def test_each_value_of_an_event_that_differs_is_named_and_the_rows_counted(tmp_path: Path) -> None:
    whole = written(history(0, 10))
    with opened(tmp_path) as tables:
        tables.add(whole.batch())
        tables.connection.execute("update events set actor = '=x' where position = 3")
        tables.connection.execute("delete from events where position = 30")
        with Rebuild(tables, nullcontext) as rebuild:
            changed = rebuild.run(False, Recorded(whole)).changed[0]
            assert (changed.model, changed.rows_before, changed.rows_after) == ("events", 69, 70)
            assert changed.columns == {"actor": 1}
            rows = [one for table in rebuild.differences() for one in table.to_pylist()]
        found = {one["key"]: one for one in rows if one["model"] == "events"}
        assert found['{"position":3}']["before"] == "=x"
        assert found['{"position":30}']["before"] is None


def test_nobody_sees_what_was_read_until_the_swap(tmp_path: Path) -> None:
    whole = written(history(0, 10))
    with opened(tmp_path) as tables:
        tables.add(whole.batch())
        tables.connection.execute("update events set queue = '=x' where queue is not null")
        build(tables)
        before, seen = rows_of(tables), []

        def look(step: Step, *_: int) -> None:
            if step is not Step.SWAPPED:
                seen.append(rows_of(tables) == before)

        assert read_again(tables, whole, look).changed
        assert seen
        assert all(seen)
        assert rows_of(tables) != before


def test_what_cannot_be_read_stops_it_and_leaves_nothing_or_is_set_aside_once(
    tmp_path: Path,
) -> None:
    whole = written(history(0, 10))
    with opened(tmp_path) as tables:
        tables.add(whole.batch())
        before = rows_of(tables)
        position, call, document = whole.events[10]
        whole.events[10] = (position, call, document[:40])
        with pytest.raises(UnreadableEvent, match=r"position 11 of the event store .*not JSON"):
            read_again(tables, whole)
        assert rows_of(tables) == before
        assert places.aside(tables.connection) is None
        for _ in range(2):
            read_again(tables, whole, sets_aside=True)
            assert dead_letters.missing(tables.connection) == {11}
            incomplete = "select call_position from calls where is_incomplete"
            assert tables.connection.execute(incomplete).fetchall() == [(call,)]
        whole.events[10] = (position, call, document)
        read_again(tables, whole)
        assert dead_letters.missing(tables.connection) == set()
        assert rows_of(tables) == before


def test_what_was_recorded_in_another_ledger_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as tables:
        tables.add(written(history(0, 2)).batch())
        with pytest.raises(ProjectionError, match="of another ledger"):
            read_again(tables, written(history(5, 8)))


def read_again_and_die(folder: str, step_number: int) -> None:
    """Die at that step; events arrive at each one before."""
    with owning(Path(folder), lambda: StoreFeed(Path(folder))) as owner:
        owner.bring_up()
        with owner.writing() as tables:
            tables.connection.execute("update events set queue = '=x' where queue is not null")
            tables.connection.execute("delete from events where position = 12")
        count = 0

        def die(*_: object) -> None:
            nonlocal count
            count += 1
            if count == step_number:
                os.kill(os.getpid(), signal.SIGKILL)

        with StoreFeed(Path(folder)) as feed, owner.rebuilding(die) as rebuild:
            rebuild.run(True, FeedSource(feed, "event store"))


@pytest.mark.slow
def test_killed_at_every_step_the_events_are_those_before_or_after(tmp_path: Path) -> None:
    record(tmp_path, 0, 5)
    number, codes, after = 0, list[int | None](), list[bool]()
    while not codes or codes[-1]:
        number += 1
        killed = PROCESSES.Process(target=read_again_and_die, args=(str(tmp_path), number))
        killed.start()
        killed.join()
        codes.append(killed.exitcode)
        with (
            owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner,
            owner.writing() as tables,
        ):
            execute = tables.connection.execute
            spoiled = execute("select count(*) from events where queue = '=x'").fetchall()
            total = execute("select count(*) from events").fetchall()
            after.append((spoiled, total) == ([(0,)], [(35,)]))
            assert after[-1] or (spoiled, total) == ([(5,)], [(34,)])
            beside = "from duckdb_tables() where schema_name in ('blue', 'green')"
            names = execute(f"select table_name {beside}").fetchall()
            assert ("events",) not in names
            assert len(names) in (len(kept_models()), 2 * len(kept_models()))
    assert set(codes[:-1]) == {-signal.SIGKILL}
    assert after == [False] * (len(after) - 2) + [True, True]
