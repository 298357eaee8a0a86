"""Tables follow the event store; a process killed at any moment goes on where it was."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.feed import EventBatch, StoreFeed
from projections.database import Projections
from projections.errors import Gap
from projections.serving.client import ask
from projections.serving.owner import Owner
from projections.serving.protocol import Answer, Question
from projections.serving.server import owning
from tests.projections.documents import written
from tests.projections.held_calls import history, record
from tests.projections.rebuilding import changed_by_a_rebuild

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
"""What takes long to start, importing, is done once for all of them."""
KILLS = 30


def test_the_owner_follows_what_is_recorded_and_tells_how_far_it_is(tmp_path: Path) -> None:
    record(tmp_path, 0, 3)
    with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner:
        assert owner.bring_up().projected_position > 0
        record(tmp_path, 3, 6)
        answer = ask(tmp_path, "select count(*) as calls, count(*) filter (is_open) from calls")
        positions = owner.bring_up()
    assert list(answer.table.to_pylist()[0].values()) == [6, 0]
    assert positions.position == positions.projected_position == answer.position


def test_questions_that_wait_for_the_tables_together_have_them_brought_up_once(
    tmp_path: Path,
) -> None:
    record(tmp_path, 0, 3)
    rounds: list[StoreFeed] = []

    def opened() -> StoreFeed:
        rounds.append(StoreFeed(tmp_path))
        return rounds[-1]

    with owning(tmp_path, opened) as owner, ThreadPoolExecutor(8) as threads:
        owner.bring_up()
        record(tmp_path, 3, 6)
        with StoreFeed(tmp_path) as feed:
            wanted = feed.head().position
        question = Question("select count(*) as calls from calls", wanted_position=wanted)
        with owner.writing():
            asked = [threads.submit(owner.answer, question) for _ in range(7)]
            asked.append(threads.submit(asked_by_oneself, owner, question))
            time.sleep(0.5)
        answers = [one.result() for one in asked]
    assert [one.position for one in answers] == [wanted] * 8
    assert len(rounds) == 2


def asked_by_oneself(owner: Owner, question: Question) -> Answer:
    """As the process asks that has the tables."""
    owner.bring_up_for(question)
    return owner.answer(question)


def test_a_gap_in_the_feed_stops_the_projection_loudly(tmp_path: Path) -> None:
    whole = written(history(0, 2)).batch()
    torn = EventBatch(whole.positions[3:], whole.call_positions[3:], whole.documents[3:])
    with Projections(tmp_path / "projections.duckdb") as projections:
        with pytest.raises(Gap, match="positions are missing"):
            projections.add(torn)
        assert projections.positions.position == 0


def test_what_is_in_the_tables_already_is_passed_over(tmp_path: Path) -> None:
    whole = written(history(0, 2))
    with Projections(tmp_path / "projections.duckdb") as projections:
        projections.add(whole.batch(0, 7))
        projections.add(whole.batch(3, None))
        projections.add(whole.batch())
        found = projections.connection.execute(
            "select count(*), count(distinct position) from events"
        ).fetchall()
        assert found == [(len(whole.events), len(whole.events))]
        assert changed_by_a_rebuild(projections) == []


def keep_following(folder: str) -> None:
    with owning(Path(folder), lambda: StoreFeed(Path(folder))) as owner:
        while True:
            owner.bring_up()
            time.sleep(0.05)


@pytest.mark.slow
def test_killed_at_many_moments_the_tables_equal_a_rebuild(tmp_path: Path) -> None:
    moments = random.Random(7)
    record(tmp_path, 0, 5)
    for number in range(KILLS):
        follower = PROCESSES.Process(target=keep_following, args=(str(tmp_path),))
        follower.start()
        wait_until_it_owns(tmp_path, follower)
        record(tmp_path, 5 + number * 20, 25 + number * 20)
        time.sleep(moments.random() * 0.3)
        assert follower.pid is not None
        os.kill(follower.pid, signal.SIGKILL)
        follower.join()
        (tmp_path / "projections.owner").unlink(missing_ok=True)
    with StoreFeed(tmp_path) as feed:
        last_position = feed.head().position
    with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner:
        assert owner.note == ""
        positions = owner.bring_up()
        assert positions.projected_position == last_position
        with owner.writing() as projections:
            assert changed_by_a_rebuild(projections) == []
            events = projections.connection.execute("select count(*) from events").fetchall()
            calls = projections.connection.execute("select count(*) from calls").fetchall()
    assert events == [(last_position,)]
    assert calls == [(5 + KILLS * 20,)]


def wait_until_it_owns(folder: Path, follower: object) -> None:
    deadline = time.monotonic() + 120
    while not (folder / "projections.owner").exists():
        assert time.monotonic() < deadline, follower
        time.sleep(0.01)
