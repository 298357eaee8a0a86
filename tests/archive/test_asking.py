"""A report of an archive alone is that of the ledger at the same moment, whoever computes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.parallel.asking import ArchiveReader
from archive.parallel.dask import DaskWorkers
from bench.dask_cluster import cluster
from entrypoints.report_answer import ReportQuestion, answered
from infra.folder import LedgerFolder
from projections.as_of import AsOf
from projections.models import kept_models
from projections.reports import REPORTS
from projections.serving.client import Reader
from projections.serving.moment import NotYetKnown, moment
from tests.archive.a_day import record_and_archive
from tests.archive.dying import Here
from tests.entrypoints.calling import call

TASK_EVENTS = 250
"""So that there are some tasks, and calls that go on into the segments of the next ones."""


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of a day, of calls that went on all day, and its archive."""
    folder = tmp_path_factory.mktemp("archived") / "ledger"
    record_and_archive(folder, other_calls=20, segment_rows=100)
    return folder


@pytest.fixture
def archive(archived: Path, tmp_path: Path) -> Iterator[ArchiveReader]:
    where = str(archived / "archive"), str(tmp_path)
    with ArchiveReader(where, Here(), lambda *_: None, TASK_EVENTS) as reader:
        yield reader


EVERY_TABLE = " union all by name ".join(
    f"select count(*) as rows from {model.name}" for model in kept_models() if model.is_by_call
)
"""Asked first, so that all that any report needs is computed at once."""


def moments(reader: Reader) -> list[AsOf | None]:
    """Now, some way back, and what had happened by then as it was first reported."""
    then = moment(reader, moment(reader).position // 2)
    entered = reader.ask("select median(entered_at) as entered_at from calls").table
    (noon,) = entered.column("entered_at").to_pylist()
    return [None, then, moment(reader, None, noon, with_corrections=False)]


def test_every_report_of_an_archive_is_that_of_the_ledger_at_the_same_moment(
    archived: Path, archive: ArchiveReader
) -> None:
    with Reader(LedgerFolder(archived)) as ledger:
        for as_of in moments(ledger):
            archive.ask(EVERY_TABLE, as_of=as_of)
            for name, report in REPORTS.items():
                question = ReportQuestion(name, report.default_grouping, as_of=as_of)
                here, there = answered(archive, question), answered(ledger, question)
                assert here.rows == there.rows, (name, as_of)
                assert here.about.items() >= there.about.items()
        assert moment(archive) == moment(ledger)
        recorded = archive.ask("select recorded_at from events where position = 100").table
        (then,) = recorded.column("recorded_at").to_pylist()
        assert moment(archive, then) == moment(ledger, then)


def test_a_position_that_the_archive_does_not_have_is_refused(archive: ArchiveReader) -> None:
    with pytest.raises(NotYetKnown, match="call-ledger archive create"):
        archive.ask("select * from calls", as_of=AsOf(archive.position + 1))


def test_what_belongs_to_an_archive_is_refused_without_one(archived: Path) -> None:
    place = str(archived / "archive")
    for wrong, said in (
        (["--workers", "2"], "belong to --archive"),
        (["--archive", place, "--on", "dask://host:1"], "needs --work"),
        (["--archive", place, "--on", "dask://host:1", "--workers", "1"], "leave one of them out"),
        (["--archive", place, "--lake", place], "leave one of them out"),
        (["--archive", place, "--save", "paper"], "leave --lake and --archive out"),
    ):
        refused = call(archived, "report", "exits", *wrong)
        assert refused.code == 2
        assert said in " ".join(refused.err.split())


@pytest.mark.slow
def test_processes_and_a_cluster_give_the_report_and_find_again_what_they_computed(
    archived: Path, tmp_path: Path
) -> None:
    asked = ("report", "conferences", "--known-at", "200", "--json")
    expected = call(archived, *asked).json
    place = ("--archive", str(archived / "archive"))
    answer = call(archived, *asked, *place, "--workers", "1")
    assert answer.code == 0, answer.err
    assert answer.json.items() >= expected.items()
    work = tmp_path / "work"
    with cluster() as of:
        for _ in range(2):
            answer = call(archived, *asked, *place, "--on", of.url, "--work", str(work))
            assert answer.code == 0, answer.err
            assert answer.json.items() >= expected.items()
            left = {one: one.stat().st_mtime_ns for one in work.iterdir()}
        assert left
        assert left == {one: one.stat().st_mtime_ns for one in work.iterdir()}
        with ArchiveReader((place[1], str(work)), DaskWorkers(of.url), lambda *_: None) as reader:
            assert reader.ask("select count(*) from exits").table.num_rows == 1
