"""Tables computed from an archive by workers are those of a rebuild, whoever dies meanwhile."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from archive.folder import FolderPlace
from archive.manifest import read_manifest
from archive.parallel import computed as computing_all
from archive.parallel import computing
from archive.parallel.computed import Computed
from archive.parallel.computing import compute
from archive.parallel.dask import DaskWorkers
from archive.parallel.plan import Task, Wanted, planned
from archive.parallel.workers import Processes, Workers, WorkersLost
from bench.dask_cluster import Cluster, cluster
from infra.errors import WrongSetting
from ledger.feed import StoreFeed
from projections import places
from projections.database import FILE_NAME, Projections
from projections.errors import ProjectionError, UnreadableEvent
from projections.models import kept_models, of_this_version
from projections.rebuild import Rebuild, Rebuilt
from projections.serving.server import owning
from tests.archive.a_day import record_and_archive
from tests.archive.dying import Dying, DyingInEvery, DyingOnceInEach, Here
from tests.entrypoints.calling import call
from tests.projections.damaged_store import damage, document_at
from tests.projections.rebuilding import changed_by_a_rebuild

SEGMENT_ROWS, TASK_EVENTS = 90, 70
"""So that segments and tasks begin at different positions, and calls go over the ends of both."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of a day, of calls that went on all day, its tables, and its archive."""
    folder = tmp_path_factory.mktemp("made") / "ledger"
    record_and_archive(folder, other_calls=25, segment_rows=SEGMENT_ROWS)
    assert call(folder, "report", "exits").code == 0
    return folder


@pytest.fixture
def ledger(made: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(made, tmp_path / "ledger"))


def quietly(*_: Any) -> None:
    """Nobody watches."""


def computed(folder: Path, workers: Workers, sets_aside: bool = False) -> Computed:
    where = str(folder / "archive"), str(folder / "work")
    models = of_this_version()
    wanted = Wanted.all_of(models, 500, sets_aside)
    return computing_all.computed(where, workers, models, wanted, quietly, TASK_EVENTS)


def tasks_of(folder: Path) -> list[Task]:
    place = FolderPlace(folder / "archive")
    where = str(place), str(folder / "work")
    manifest, wanted = read_manifest(place), Wanted.all_of(of_this_version(), 500)
    return planned(place, where, manifest, wanted, quietly, TASK_EVENTS)


def rebuilt(tables: Projections, of: Computed) -> Rebuilt:
    with Rebuild(tables, nullcontext) as rebuild:
        return rebuild.run(computed=of)


def assert_same_as_a_rebuild(folder: Path, of: Computed) -> None:
    """The rows are those that the tables have, and those of a rebuild."""
    with Projections(folder / FILE_NAME) as tables:
        assert rebuilt(tables, of).changed == []
        assert changed_by_a_rebuild(tables) == []


def test_the_rows_of_all_tasks_are_those_of_a_rebuild(ledger: Path) -> None:
    tasks = tasks_of(ledger)
    assert len(tasks) > 5
    assert max(len(task.segments) for task in tasks) > 2
    assert min(len(task.segments) for task in tasks) < len(
        read_manifest(FolderPlace(ledger / "archive")).events
    )
    assert_same_as_a_rebuild(ledger, computed(ledger, Here()))


def test_what_differs_is_named_and_calls_that_went_on_are_computed_here(ledger: Path) -> None:
    of = computed(ledger, Here())
    call(ledger, "simulate", "--calls", "5", "--seed", "4")
    with owning(ledger, lambda: StoreFeed(ledger)) as owner:
        owner.bring_up()
        with owner.writing() as tables:
            schema = places.current(tables.connection).schemas["calls"]
            tables.connection.execute(
                f"update {schema}.calls set queue = '=x' where call_position = 1"
            )
            (changed,) = rebuilt(tables, of).changed
            assert (changed.model, changed.columns) == ("calls", {"queue": 1})
            assert changed_by_a_rebuild(tables) == []


def test_other_events_or_other_models_change_nothing(ledger: Path) -> None:
    of = computed(ledger, Here())
    with Projections(ledger / FILE_NAME) as tables:
        tables.connection.execute("update events set actor = '=x' where position = 200")
        with pytest.raises(ProjectionError, match="are not those of the archive"):
            rebuilt(tables, of)
        of.hashes["calls"] = "other"
        with pytest.raises(ProjectionError, match="different versions"):
            rebuilt(tables, of)
        of.hashes["calls"], of.position = of_this_version().hashes["calls"], 10**6
        with pytest.raises(ProjectionError, match="bring these up first"):
            rebuilt(tables, of)
        assert places.aside(tables.connection) is None
        names = "select count(*) from duckdb_tables() where schema_name in ('blue', 'green')"
        assert tables.connection.execute(names).fetchall() == [(len(kept_models()),)]


def test_an_event_that_this_version_does_not_know_stops_it_with_its_position(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tasks_of(ledger)[0]
    monkeypatch.setattr("archive.parallel.computing.why_no_event", lambda _: "It is new.")
    monkeypatch.setitem(
        __import__("projections.columns").columns.EVENT_COLUMNS, "type", ("ENUM ('other')", "")
    )
    with pytest.raises(UnreadableEvent, match=r"event at position 1 of the archive .* It is new"):
        compute(first)


def test_what_cannot_be_read_is_passed_over_where_the_tables_have_set_it_aside_too(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread = 200
    read_rows = computing.rows_in

    def with_a_word_to_come(*asked: Any) -> pa.Table:
        rows = read_rows(*asked)
        types = pc.if_else(pc.equal(rows["position"], unread), "call.to-come.v1", rows["type"])
        return rows.set_column(rows.column_names.index("type"), "type", types)

    monkeypatch.setattr(computing, "rows_in", with_a_word_to_come)
    of = computed(ledger, Here(), sets_aside=True)
    not_the_same = pytest.raises(ProjectionError, match="are not those of the archive")
    with Projections(ledger / FILE_NAME) as tables, not_the_same:
        rebuilt(tables, of)
    damage(ledger, unread, document_at(ledger, unread).replace(b'"type":"call.', b'"type":"cold.'))
    (ledger / FILE_NAME).unlink()
    with owning(ledger, lambda: StoreFeed(ledger)) as owner:
        owner.bring_up(sets_aside_unreadable=True)
        with owner.writing() as tables:
            assert rebuilt(tables, of).changed == []
            assert changed_by_a_rebuild(tables) == []


@pytest.mark.slow
def test_processes_that_die_change_no_row(ledger: Path) -> None:
    deaths = ledger / "deaths"
    deaths.mkdir()
    for task in tasks_of(ledger)[2:]:
        (deaths / f"{task.name} before").touch()
        (deaths / f"{task.name} after").touch()
    of = computed(ledger, Dying(Processes(2), partial(DyingOnceInEach, str(deaths))))
    assert len(list(deaths.iterdir())) == 2 * len(tasks_of(ledger))
    assert_same_as_a_rebuild(ledger, of)
    with pytest.raises(WorkersLost, match="ended 5 times without finishing"):
        computed(ledger, Dying(Processes(2), DyingInEvery))


def replacing(of: Cluster, until: threading.Event) -> threading.Thread:
    def replace() -> None:
        while not until.wait(0.05):
            of.replace_lost()

    thread = threading.Thread(target=replace)
    thread.start()
    return thread


@pytest.mark.slow
def test_workers_of_a_cluster_that_are_killed_again_and_again_change_no_row(ledger: Path) -> None:
    done = threading.Event()
    with cluster() as of:
        thread = replacing(of, done)
        try:
            dying = partial(DyingOnceInEach, str(ledger / "deaths"))
            found = computed(ledger, Dying(DaskWorkers(of.url), dying))
        finally:
            done.set()
            thread.join()
        assert of.lost > len(tasks_of(ledger))
    assert_same_as_a_rebuild(ledger, found)


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_told_and_finished_tasks_are_not_done_again(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.parallel.dask.CONNECT_SECONDS", 1)
    with cluster() as of:

        def kill() -> None:
            while len(list((ledger / "work").glob("*.json"))) < 2:
                time.sleep(0.01)
            of.scheduler.kill()

        killing = threading.Thread(target=kill)
        killing.start()
        with pytest.raises(WorkersLost, match=r"scheduler at dask://.* ended"):
            computed(ledger, DaskWorkers(of.url))
        killing.join()
        with pytest.raises(WorkersLost, match="No Dask scheduler answers"):
            computed(ledger, DaskWorkers(of.url))
    finished = {one: one.stat().st_mtime_ns for one in (ledger / "work").glob("*.json")}
    assert len(finished) > 1
    assert_same_as_a_rebuild(ledger, computed(ledger, Here()))
    assert (
        finished.items()
        <= {one: one.stat().st_mtime_ns for one in (ledger / "work").glob("*.json")}.items()
    )


def test_a_scheduler_is_named_by_its_address() -> None:
    for where in ("tcp://host:8786", "dask://", "host"):
        with pytest.raises(WrongSetting, match="dask://HOST:8786"):
            DaskWorkers(where)


@pytest.mark.slow
def test_it_is_asked_for_as_a_person_asks_beside_a_process_that_has_the_tables(
    ledger: Path,
) -> None:
    place = ("rebuild", "--from-archive", str(ledger / "archive"))
    assert call(ledger, *place, "--on", "nowhere").code == 2
    assert call(ledger, "rebuild", "--workers", "2").code == 2
    assert call(ledger, *place, "--work", "w").code == 2
    (ledger / "rebuild-work").mkdir()
    (ledger / "rebuild-work" / "mine.parquet").write_text("not a task's")
    with owning(ledger, lambda: StoreFeed(ledger)):
        answer = call(ledger, *place, "--workers", "1", "--keep", "--json")
    assert (answer.code, answer.json["changed"]) == (0, [])
    assert answer.json["read_until"] == answer.json["position"]
    assert [one.name for one in (ledger / "rebuild-work").iterdir()] == ["mine.parquet"]
    assert call(ledger, "rebuild", "--back").code == 0
