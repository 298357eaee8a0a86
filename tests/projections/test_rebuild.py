"""A rebuild beside live events: the old tables answer, and the new ones have everything."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.feed import StoreFeed
from projections import places, table_columns
from projections.building import build, upgrade
from projections.database import FILE_NAME, Projections
from projections.models import FOLDER, Kind, Models, kept_models, models
from projections.rebuild import NothingKept, Rebuild, Rebuilt, Step, Told, tell_nobody
from projections.serving.client import ask
from projections.serving.owner import RebuildUnderWay
from projections.serving.protocol import Question
from projections.serving.server import owning
from tests.projections.documents import Written, written
from tests.projections.held_calls import history, record
from tests.projections.histories import LIKELY, PHASES, Drawn, steps
from tests.projections.histories import history as random_history
from tests.projections.rebuilding import changed_by_a_rebuild

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
PART_EVENTS = 40


def rows_of(tables: Projections) -> dict[str, list[Any]]:
    return {
        model.name: tables.connection.execute(f"from {model.name} order by all").fetchall()
        for model in kept_models()
    }


@contextmanager
def tables_of(folder: Path, whole: Written, end: int | None = None) -> Iterator[Projections]:
    with Projections(folder / FILE_NAME, part_events=PART_EVENTS) as opened:
        opened.add(whole.batch(0, end), whole.refused())
        yield opened


def rebuilt(tables: Projections, told: Told = tell_nobody, keeps: bool = False) -> Rebuilt:
    with Rebuild(tables, nullcontext, told) as rebuild:
        return rebuild.run(keeps)


def differing(tables: Projections) -> list[tuple[str, str, str | None, str | None, str | None]]:
    with Rebuild(tables, nullcontext) as rebuild:
        rebuild.run()
        return [tuple(row.values()) for one in rebuild.differences() for row in one.to_pylist()]


def spoil(tables: Projections, statement: str, model: str) -> None:
    schema = places.current(tables.connection).schemas[model]
    tables.connection.execute(statement.format(f"{schema}.{model}"))


@settings(max_examples=6, phases=PHASES)
@given(steps, st.integers(0, 30))
def test_events_that_arrive_at_every_step_are_in_the_tables_before_and_after(
    drawn: Drawn, already: int
) -> None:
    whole = random_history(drawn)
    seen = []
    with TemporaryDirectory() as name, tables_of(Path(name), Written()) as tables:
        tables.add(whole.batch(0, already))
        arrived = tables.positions.position

        def arrive(step: Step, done: int, _: int) -> None:
            nonlocal arrived
            seen.append(step)
            if not done or step is Step.COMPUTING:
                tables.add(whole.batch(arrived, arrived + 5), whole.refused())
                arrived += 5

        assert rebuilt(tables, arrive).changed == []
        assert {Step.COMPUTING, Step.COMPARING, Step.SWAPPED} <= set(seen)
        tables.add(whole.batch(), whole.refused())
        found = rows_of(tables)
        build(tables)
        assert rows_of(tables) == found


def test_each_value_and_row_that_differs_is_named(tmp_path: Path) -> None:
    with tables_of(tmp_path, written(history(0, 20))) as tables:
        spoil(tables, "update {0} set reason = 'x' where call_position = 1", "exits")
        spoil(tables, "delete from {0} where call_position = 1", "calls")
        spoil(tables, "insert into {0} from {0} where call_position = 8", "holds")
        found = differing(tables)
        assert [(model, key, column) for model, key, column, *_ in found] == [
            ("calls", '{"call_position":1}', None),
            ("exits", '{"call_position":1,"exit_number":1}', "reason"),
            ("exits", '{"call_position":1,"exit_number":2}', "reason"),
            ("holds", '{"call_position":8,"hold_number":1}', None),
        ]
        assert [(before, after) for *_, before, after in found[1:3]] == [
            ("x", "customer_left"),
            ("x", "dropped_by_end"),
        ]
        assert found[0][3] is None
        assert '"call_id":"call-0"' in str(found[0][4])
        assert str(found[3][3]).count("hold_number") == 2
        assert differing(tables) == []


def test_a_row_that_is_wrong_before_its_call_goes_on_is_no_difference_any_more(
    tmp_path: Path,
) -> None:
    whole = written(history(0, 20))
    with tables_of(tmp_path, whole, len(whole.events) - 2) as tables:
        spoil(tables, "update {0} set queue = 'x' where call_id = 'call-19'", "calls")

        def arrive(step: Step, done: int, _: int) -> None:
            if step is Step.SWAPPING and not done:
                tables.add(whole.batch())

        assert rebuilt(tables, arrive).changed == []


def test_the_tables_before_come_back_with_what_arrived_since(tmp_path: Path) -> None:
    whole = written(history(0, 20))
    with tables_of(tmp_path, whole, 100) as tables:
        spoil(tables, "update {0} set queue = 'x' where call_position = 1", "calls")
        queue_of_first = "select queue from calls where call_position = 1"
        assert [one.model for one in rebuilt(tables, keeps=True).changed] == ["calls"]
        assert tables.connection.execute(queue_of_first).fetchall() == [("support",)]
        tables.add(whole.batch())
        with Rebuild(tables, nullcontext) as rebuild:
            (change,) = rebuild.back().changed
        assert (change.model, change.columns) == ("calls", {"queue": 1})
        assert tables.connection.execute(queue_of_first).fetchall() == [("x",)]
        assert tables.connection.execute("select count(*) from calls").fetchall() == [(20,)]
        with Rebuild(tables, nullcontext) as rebuild:
            rebuild.back()
        assert tables.connection.execute(queue_of_first).fetchall() == [("support",)]
        assert changed_by_a_rebuild(tables) == []
        with Rebuild(tables, nullcontext) as rebuild, pytest.raises(NothingKept, match="--keep"):
            rebuild.back()


def test_a_rebuild_that_is_given_up_leaves_the_tables_and_nothing_beside(tmp_path: Path) -> None:
    with tables_of(tmp_path, written(history(0, 20))) as tables:
        found = rows_of(tables)
        for at in (Step.COMPUTING, Step.FOLLOWING, Step.COMPARING, Step.SWAPPING):

            def give_up(step: Step, *_: int, at: Step = at) -> None:
                if step is at:
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                rebuilt(tables, give_up)
            assert rows_of(tables) == found
            assert places.aside(tables.connection) is None
            assert tables_in_both_schemas(tables) == len(kept_models())


def tables_in_both_schemas(tables: Projections) -> int:
    query = "select count(*) from duckdb_tables() where schema_name in ('blue', 'green')"
    return int(tables.connection.execute(query).fetchall()[0][0])


def other_models(folder: Path, change: Callable[[Path], object]) -> Models:
    shutil.copytree(FOLDER, folder)
    change(folder)
    table_columns.write(Models(folder))
    return Models(folder)


def readers_of(name: str) -> set[str]:
    found = {name}
    for model in models():
        if model.reads & found:
            found.add(model.name)
    return found


def hold_longer(folder: Path) -> None:
    query = (folder / "holds.sql").read_text()
    assert query.endswith("select * from final\n")
    query = query.removesuffix("select * from final\n")
    (folder / "holds.sql").write_text(
        f"{query}select * replace (hold_seconds + 1 as hold_seconds) from final\n"
    )


def test_parts_that_nobody_waits_for_are_committed_together(tmp_path: Path) -> None:
    with tables_of(tmp_path, random_history([(0, one, True, 10) for one in LIKELY])) as tables:
        tables.part_events = 1
        parts = tables.positions.position
        before = transactions_until_now(tables)
        build(tables)
        assert transactions_until_now(tables) - before < parts
        tables.part_events = PART_EVENTS
        assert changed_by_a_rebuild(tables) == []


def transactions_until_now(tables: Projections) -> int:
    ((number,),) = tables.connection.execute("select txid_current()").fetchall()
    return int(number)


def test_a_changed_model_is_built_anew_with_those_that_read_it_and_no_other(
    tmp_path: Path,
) -> None:
    with tables_of(tmp_path, written(history(0, 20))) as tables:
        before = places.current(tables.connection).schemas
        (held,) = tables.connection.execute("select sum(hold_seconds) from calls").fetchall()[0]
    changed = other_models(tmp_path / "models", hold_longer)
    with Projections(tmp_path / FILE_NAME, part_events=PART_EVENTS, models=changed) as tables:
        readable = {model.name for model in changed.readable}
        assert set(tables.outdated()) == readers_of("holds") & readable
        assert set(upgrade(tables)) == readers_of("holds") & readable
        after = places.current(tables.connection).schemas
        assert {name for name in after if after[name] != before[name]} == (
            readers_of("holds") & {model.name for model in kept_models()}
        )
        assert "offers" not in readers_of("holds")
        longer = tables.connection.execute("select sum(hold_seconds) from holds").fetchall()
        assert longer == [(held + 20,)]
        assert tables.outdated() == []
        assert changed_by_a_rebuild(tables) == []


def test_a_new_model_and_one_that_is_gone_are_made_and_dropped(tmp_path: Path) -> None:
    with tables_of(tmp_path, written(history(0, 5))):
        pass

    def exchange(folder: Path) -> None:
        for ending in (".sql", ".yml"):
            (folder / f"rule_breaks{ending}").rename(folder / f"breaches{ending}")

    changed = other_models(tmp_path / "models", exchange)
    with Projections(tmp_path / FILE_NAME, models=changed) as tables:
        assert set(upgrade(tables)) == {"rule_breaks", "breaches"}
        assert tables.connection.execute("select count(*) from breaches").fetchall() == [(0,)]
        with pytest.raises(duckdb.CatalogException):
            tables.connection.execute("from rule_breaks")
        assert tables_in_both_schemas(tables) == len(kept_models())


def test_every_model_is_made_by_a_hash_of_what_it_reads(tmp_path: Path) -> None:
    def change_a_step(folder: Path) -> None:
        path = folder / "stays.sql"
        path.write_text(path.read_text() + "-- other\n")

    changed = other_models(tmp_path / "models", change_a_step).hashes
    hashes = Models().hashes
    assert {model.name for model in models() if model.kind is not Kind.STEP} == hashes.keys()
    readers = readers_of("stays") & hashes.keys()
    assert readers
    assert {name for name in hashes if hashes[name] != changed[name]} == readers


def test_who_opens_tables_after_an_upgrade_is_told_which_were_computed_anew(
    tmp_path: Path,
) -> None:
    record(tmp_path, 0, 3)
    ask(tmp_path, "from calls")
    with owning(tmp_path) as owner, owner.writing() as tables:
        tables.connection.execute(
            "update current_models set made_by = 'older' where model in ('exits', 'transfers')"
        )
        schemas = places.current(tables.connection).schemas
    answer = ask(tmp_path, "select count(*) as calls from calls")
    assert answer.table.to_pylist() == [{"calls": 3}]
    assert answer.note.startswith("exits, transfers: other in this version, computed anew from 21")
    with owning(tmp_path) as owner, owner.writing() as tables:
        after = places.current(tables.connection).schemas
        assert [name for name in after if after[name] != schemas[name]] == ["exits"]


def test_questions_are_answered_and_events_arrive_while_tables_are_rebuilt(tmp_path: Path) -> None:
    record(tmp_path, 0, 3)
    counts: list[int] = []
    with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner:
        owner.bring_up()

        def go_on(step: Step, *_: int) -> None:
            if step in (Step.COMPUTING, Step.COMPARING):
                record(tmp_path, 3 + len(counts), 4 + len(counts))
                question = Question("select count(*) as calls from calls", None, 10**9)
                counts.append(owner.answer(question).table.to_pylist()[0]["calls"])
                with pytest.raises(RebuildUnderWay), owner.rebuilding(tell_nobody):
                    pass

        with owner.rebuilding(go_on) as rebuild:
            assert rebuild.run().changed == []
        assert counts == [4, 5, 6]
        with owner.writing() as tables:
            assert changed_by_a_rebuild(tables) == []


def rebuild_and_die(folder: str, step_number: int) -> None:
    """Die at that step; events arrive at each one before."""
    with owning(Path(folder), lambda: StoreFeed(Path(folder))) as owner:
        owner.bring_up()
        count = 0

        def die(*_: object) -> None:
            nonlocal count
            count += 1
            if count == step_number:
                os.kill(os.getpid(), signal.SIGKILL)

        with owner.rebuilding(die) as rebuild:
            rebuild.run(keeps=True)


@pytest.mark.slow
def test_killed_at_every_step_the_next_has_the_tables_before_or_after(tmp_path: Path) -> None:
    record(tmp_path, 0, 5)
    number, codes = 0, list[int | None]()
    while not codes or codes[-1]:
        number += 1
        record(tmp_path, 5 * number, 5 * number + 5)
        killed = PROCESSES.Process(target=rebuild_and_die, args=(str(tmp_path), number))
        killed.start()
        killed.join()
        codes.append(killed.exitcode)
        with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner:
            assert owner.note == ""
            owner.bring_up()
            with owner.writing() as tables:
                kept = places.aside(tables.connection)
                assert kept is None or kept.is_kept
                assert tables_in_both_schemas(tables) == len(kept_models()) * (
                    1 + (kept is not None)
                )
                assert changed_by_a_rebuild(tables) == []
    assert set(codes[:-1]) == {-signal.SIGKILL}
    assert number > 6
