"""Everybody can read at any time: no lock is ever met, and every answer says its position."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.commands import Leave, Offer
from infra.errors import LedgerMissing
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from projections.catch_up import catch_up
from projections.database import FILE_NAME, Projections
from projections.errors import StillFilling
from projections.serving.client import Reader, ask
from projections.serving.protocol import Question
from projections.serving.sandbox import QueryRefused
from projections.serving.server import owning
from tests.projections.received_calls import count, receive, record_some

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
"""What takes long to start, importing, is done once for all of them."""


def test_a_folder_without_a_ledger_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing, match="call-ledger demo"):
        ask(tmp_path, "select 1")


def test_what_was_recorded_before_the_question_is_in_the_answer(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    assert count(tmp_path) == (3, 3)
    record_some(tmp_path, 4, 6)
    assert count(tmp_path) == (5, 5)


def test_questions_of_one_request_bring_the_tables_up_once(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    with Reader(tmp_path) as reader:
        with reader.for_one_request():
            assert reader.ask("select 1").position == 3
            record_some(tmp_path, 4, 6)
            assert reader.ask("select 1").position == 3
        assert reader.ask("select 1").position == 5


def test_a_call_is_found_by_its_id_in_the_store_and_in_tables_without_one(tmp_path: Path) -> None:
    north, south = (receive(1).model_copy(update={"source": one}) for one in ("north", "south"))
    with Ledger.open(tmp_path) as ledger:
        ledger.record(receive(2))
        ledger.record(south)
        ledger.record(north.model_copy(update={"command_id": UUID(int=9)}))
    for _ in ("with a store", "without"):
        with Reader(tmp_path) as reader:
            reader.ask("select 1")
            assert reader.calls_of_id("call-1") == [("north", 3), ("south", 2)]
            assert reader.calls_of_id("call-3") == []
        (tmp_path / "ledger.sqlite").unlink(missing_ok=True)


def test_a_reader_beside_the_owner_is_answered_by_it_and_sees_its_own_writes(
    tmp_path: Path,
) -> None:
    record_some(tmp_path, 1, 3)
    with Reader(tmp_path) as owner, Reader(tmp_path) as other:
        assert owner.ask("select 1").position == 2
        record_some(tmp_path, 3, 5)
        answer = other.ask(
            "select call_id, $since as since from calls where entered_at > $since order by all",
            {"since": datetime(2026, 1, 1, 9, 0, 3)},
        )
    assert answer.position == 4
    assert [row["call_id"] for row in answer.table.to_pylist()] == ["call-4"]


def test_the_owner_refuses_others_what_it_refuses_itself(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 2)
    with Reader(tmp_path) as owner, Reader(tmp_path) as other:
        owner.ask("select 1")
        for attempt in ("drop table events", "select * from read_text('/etc/passwd')"):
            with pytest.raises(QueryRefused):
                other.ask(attempt)
        assert other.ask("select 1").position == 1


def test_only_the_owner_of_the_folder_can_read_where_to_ask(tmp_path: Path) -> None:
    with owning(tmp_path):
        assert (tmp_path / "projections.owner").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "projections.owner").exists()


def test_duckdb_has_no_more_memory_than_it_is_given(tmp_path: Path) -> None:
    with owning(tmp_path, memory_megabytes=256) as owner, owner.writing() as tables:
        given = tables.connection.execute("select current_setting('memory_limit')").fetchall()
    assert given == [("244.1 MiB",)]


def test_a_log_that_is_long_is_put_in_its_place_and_a_short_one_is_left(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    with Projections(tmp_path / FILE_NAME) as tables, StoreFeed(tmp_path) as feed:
        catch_up(tables, feed)
        assert not tables.tidy()
    record_some(tmp_path, 4, 6)
    with Projections(tmp_path / FILE_NAME, much_log_bytes=1) as tables, StoreFeed(tmp_path) as feed:
        catch_up(tables, feed)
        with tables.without_checkpoints():
            assert not tables.tidy()
        assert tables.tidy()
        assert not tables.tidy()
    assert count(tmp_path) == (5, 5)


def test_a_file_that_will_not_open_is_set_aside_and_made_anew_with_a_word(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    assert count(tmp_path) == (3, 3)
    (tmp_path / "projections.duckdb").write_bytes(b"not a database" * 1000)
    answer = ask(tmp_path, "select count(*) as calls from calls")
    assert answer.table.to_pylist() == [{"calls": 3}]
    assert "could not be opened" in answer.note
    assert len(list(tmp_path.glob("projections.duckdb.set-aside-*"))) == 1


def test_a_file_with_other_columns_is_set_aside_and_made_anew(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    count(tmp_path)
    with owning(tmp_path) as owner, owner.writing() as projections:
        projections.connection.execute("update file_made_by set layout_hash = 'older'")
    answer = ask(tmp_path, "select count(*) as calls from calls")
    assert (answer.position, answer.table.to_pylist()) == (3, [{"calls": 3}])
    assert "other columns" in answer.note


def keep_recording(folder: str, count: int) -> None:
    with Ledger.open(Path(folder)) as ledger:
        for number in range(1000, 1000 + count):
            ledger.record(receive(number))


def own_for_ever(folder: str) -> None:
    with Reader(Path(folder)) as reader:
        while True:
            reader.ask("select count(*) from calls")


def ask_often(folder: str, times: int, answers: Any) -> None:
    with Reader(Path(folder)) as reader:
        for _ in range(times):
            answer = reader.ask("select count(*) as calls from calls")
            answers.put((os.getpid(), answer.table.to_pylist()[0]["calls"], answer.position))


@pytest.mark.slow
def test_many_read_while_one_records_and_the_owner_is_killed(tmp_path: Path) -> None:
    folder, readers, times = str(tmp_path), 3, 30
    record_some(tmp_path, 1, 50)
    answers = PROCESSES.Queue()
    owner = PROCESSES.Process(target=own_for_ever, args=(folder,))
    owner.start()
    wait_for(tmp_path / "projections.owner")
    others = [PROCESSES.Process(target=keep_recording, args=(folder, 300))]
    others += [
        PROCESSES.Process(target=ask_often, args=(folder, times, answers)) for _ in range(readers)
    ]
    for one in others:
        one.start()
    seen = [answers.get(timeout=60) for _ in range(10)]
    assert owner.pid is not None
    os.kill(owner.pid, signal.SIGKILL)
    owner.join()
    seen += [answers.get(timeout=60) for _ in range(readers * times - 10)]
    for one in others:
        one.join(60)
    assert [one.exitcode for one in others] == [0] * len(others)
    assert all(calls == position for _, calls, position in seen)
    for process in {process for process, _, _ in seen}:
        positions = [position for asker, _, position in seen if asker == process]
        assert len(positions) == times
        assert positions == sorted(positions)
    assert count(tmp_path) == (349, 349)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


def test_a_refused_command_is_in_the_refusals(tmp_path: Path) -> None:
    own: dict[str, Any] = {
        "source": "test",
        "call_id": "call-1",
        "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    with Ledger.open(tmp_path) as ledger:
        ledger.record(Leave(command_id=UUID(int=1), actor="customer", **own))
        ledger.record(Offer(command_id=UUID(int=2), actor="system", agent="agent-1", **own))
    answer = ask(tmp_path, "select refusal_number, call_id, command from refusals order by all")
    assert [tuple(row.values()) for row in answer.table.to_pylist()] == [
        (1, "call-1", "call.leave.v1"),
        (2, "call-1", "call.offer.v1"),
    ]
    assert answer.position == 0


def test_while_a_file_is_made_anew_nobody_is_answered_from_before(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner:
        question = Question("select count(*) as calls from calls", None, 3, patience_seconds=0.1)
        with ThreadPoolExecutor(1) as other_thread:
            with owner.writing(), pytest.raises(StillFilling, match="0 of 3 events"):
                other_thread.submit(owner.answer, question).result()
            answer = other_thread.submit(owner.answer, question).result()
    assert (answer.position, answer.table.to_pylist()) == (3, [{"calls": 3}])
