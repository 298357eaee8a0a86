"""A replay that workers do answers as one that this machine does, byte for byte, whoever dies."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from archive.history import open_archive
from archive.parallel.dask import DaskWorkers
from archive.parallel.replaying import judging_by
from archive.parallel.workers import Processes, Workers, WorkersLost
from archive.places import place_of
from bench.dask_cluster import cluster
from domain.rule_sets import RULE_SETS
from infra.folder import LedgerFolder
from ledger.replay.history import store_history
from ledger.replay.parts import JudgeAll, replayed
from ledger.replay.question import Answer, Question
from ledger.replay.rule_file import rules_named
from tests.archive.dying import Dying, DyingInEvery, DyingOnceInEach, Here
from tests.entrypoints.calling import ROOT, call

TASK_EVENTS = 70
"""So that segments of 90 and tasks begin at different positions."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of some calls, with refusals, and its archive."""
    folder = tmp_path_factory.mktemp("replaying") / "ledger"
    assert call(folder, "simulate", "--calls", "40", "--seed", "7").code == 0
    place = str(folder / "archive")
    assert call(folder, "archive", "create", place, "--segment-rows", "90").code == 0
    return folder


@pytest.fixture(scope="module")
def no_hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the rule set that the page shows."""
    page = (ROOT / "docs/replay.md").read_text("utf-8")
    file = tmp_path_factory.mktemp("rules") / "no-hold.toml"
    file.write_text(page.split("```toml\n")[1].split("```")[0])
    return file


def questions(rules: Path) -> list[Question]:
    """Of all, against another rule set, of parts by positions and by time, and of one call."""
    asked = partial(Question, rules_named(str(rules)))
    return [
        asked(),
        asked(against=RULE_SETS["multi-party"]),
        asked(begin=120, end=300, at_most=3),
        asked(begin="2026-01-01T00:00:00.000000Z"),
    ]


def answer_here(ledger: Path, question: Question) -> Answer:
    """The answer from the store, in this process."""
    *_, (_, _, answer) = replayed(partial(store_history, LedgerFolder(ledger)), question, 1)
    return answer


def answer_of(ledger: Path, question: Question, workers: Workers) -> Answer:
    """The answer of workers, from the archive."""
    place = str(ledger / "archive")
    judge: JudgeAll = judging_by(workers, place, TASK_EVENTS)
    with TemporaryDirectory() as scratch:
        history = open_archive(place_of(place), Path(scratch))
        *_, (_, _, answer) = replayed(history, question, 1, judge)
    return answer


def test_workers_answer_every_question_as_the_store_does(ledger: Path, no_hold: Path) -> None:
    for question in questions(no_hold):
        assert answer_of(ledger, question, Here()) == answer_here(ledger, question)


def test_workers_are_asked_with_an_archive_and_by_a_scheduler_that_can_be_one(
    ledger: Path,
) -> None:
    asked = ("replay", "--rules", "seed", "--on")
    without = call(ledger, *asked, "dask://host:1")
    assert (without.code, "--on needs --archive" in without.said) == (2, True)
    nowhere = call(ledger, *asked, "nowhere", "--archive", str(ledger / "archive"))
    assert "name one as dask://HOST:8786" in nowhere.said


@pytest.mark.slow
def test_processes_that_die_change_no_byte(ledger: Path, no_hold: Path, tmp_path: Path) -> None:
    question = questions(no_hold)[0]
    dying = partial(DyingOnceInEach, str(tmp_path / "deaths"))
    assert answer_of(ledger, question, Dying(Processes(2), dying)) == answer_here(ledger, question)
    with pytest.raises(WorkersLost, match="ended 5 times without finishing"):
        answer_of(ledger, question, Dying(Processes(2), DyingInEvery))


@pytest.mark.slow
def test_a_cluster_is_asked_as_a_person_asks_while_its_workers_die(
    ledger: Path, no_hold: Path, tmp_path: Path
) -> None:
    asked = ("replay", "--rules", str(no_hold), "--json")
    expected = call(ledger, *asked)
    done = threading.Event()
    with cluster() as of:

        def replace() -> None:
            while not done.wait(0.05):
                of.replace_lost()

        thread = threading.Thread(target=replace)
        thread.start()
        try:
            there = ("--archive", str(ledger / "archive"), "--on", of.url)
            assert call(tmp_path / "nowhere", *asked, *there).out == expected.out
            question = questions(no_hold)[0]
            dying = Dying(DaskWorkers(of.url), partial(DyingOnceInEach, str(tmp_path / "deaths")))
            assert answer_of(ledger, question, dying) == answer_here(ledger, question)
        finally:
            done.set()
            thread.join()
        assert of.lost > 1
