"""The projector publishes a snapshot file by itself, and nothing that befalls the file ends it."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from consumers.publisher import publish
from consumers.snapshots import SnapshotSchedule
from infra.kafka import Kafka
from ledger.feed import StoreFeed
from projections.serving.protocol import Question
from projections.serving.server import owning
from projections.serving.snapshot_file import reason_in
from tests.consumers.recorded import record_calls
from tests.entrypoints.calling import call
from tests.entrypoints.long_running import long_running

NOBODY_STOPS = threading.Event()


def publish_all(folder: Path, kafka: Kafka) -> None:
    publish(lambda: StoreFeed(folder), kafka, NOBODY_STOPS, until_end=True)


def told_in(file: Path) -> tuple[Any, ...]:
    """What the file says of itself, and how many events are in it."""
    with duckdb.connect(str(file), read_only=True) as connection:
        sql = "select position, has_personal_data, (select count(*) from events) from snapshot"
        return connection.execute(sql).fetchall()[0]


@pytest.mark.slow
def test_the_projector_publishes_on_while_it_works_and_whatever_becomes_of_a_file(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, elsewhere, file = tmp_path / "store", tmp_path / "elsewhere", tmp_path / "calls.duckdb"
    record_calls(store, 10)
    publish_all(store, kafka)
    words = ("project", "--snapshot", str(file), "--every", "1s")
    with long_running(elsewhere, kafka, *words) as process:
        process.wait_until_ready()
        process.wait_until(lambda: process.figures()["call_ledger_snapshot_position"] == 70)
        assert told_in(file) == (70, False, 70)
        with FileLock(tmp_path / ".calls.duckdb.lock"):
            process.wait_until(
                lambda: process.figures()["call_ledger_snapshot_failures_total"] >= 1
            )
            assert process.get("/livez") == (200, "ok\n")
            assert process.get("/readyz")[0] == 200
        failed = [line for line in process.lines if line["level"] == "WARNING"]
        assert failed[0]["happening"] == "a snapshot file could not be made"
        assert "Another process is making" in failed[0]["sentence"]
        record_calls(store, 12)
        publish_all(store, kafka)
        process.wait_until(lambda: process.figures()["call_ledger_snapshot_position"] == 84)
        assert told_in(file) == (84, False, 84)
        process.kill()
    assert told_in(file) == (84, False, 84)
    assert not [one for one in tmp_path.iterdir() if one.suffix == ".wal"]
    left = call(elsewhere, "sql", "select count(*) as events from events", "--json")
    assert left.json["rows"][0]["events"] == 84


def test_until_the_end_one_file_is_published_with_all_that_was_there(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, elsewhere, file = tmp_path / "store", tmp_path / "elsewhere", tmp_path / "calls.duckdb"
    record_calls(store, 3)
    publish_all(store, kafka)
    there = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    words = ("project", "--until-end", "--snapshot", str(file), "--with-personal")
    assert call(elsewhere, *words, variables=there).code == 0
    assert told_in(file) == (21, True, 21)


def test_a_file_that_is_recent_enough_is_not_made_again(tmp_path: Path) -> None:
    made: list[int] = []
    schedule = SnapshotSchedule(tmp_path / "calls.duckdb", 3600.0, False, made.append)
    (tmp_path / "calls.duckdb").touch()
    folder = tmp_path / "ledger"
    folder.mkdir()
    with owning(folder) as owner, schedule.running(owner):
        threading.Event().wait(0.3)
    assert made == []


@pytest.mark.slow
def test_a_file_under_way_stops_nobody_and_is_given_up_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Exception] = []
    begun = threading.Event()

    class Stopped(subprocess.Popen[bytes]):
        """A process that stands still before it is told what to make."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.send_signal(signal.SIGSTOP)
            begun.set()

    monkeypatch.setattr(subprocess, "Popen", Stopped)
    file = tmp_path / "calls.duckdb"
    schedule = SnapshotSchedule(file, 3600.0, False, on_failed=failures.append)
    folder = tmp_path / "ledger"
    folder.mkdir()
    with owning(folder) as owner:
        with schedule.running(owner):
            assert begun.wait(60)
            with owner.writing() as projections, projections.transaction():
                projections.note_position(1)
            assert owner.answer(Question("select position from feed_positions")).table.num_rows
        assert not file.exists()
        assert not file.with_name(".calls.duckdb.partial").exists()
    assert failures == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--every", "10m"], "add --snapshot"),
        (["--snapshot", "calls.duckdb", "--every", "ten minutes"], "is no duration"),
        (["--snapshot", "calls.duckdb", "--every", "0s"], "is no duration"),
    ],
)
def test_a_schedule_that_says_nothing_is_refused(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    answer = call(tmp_path, "project", *words)
    assert answer.code == 2
    assert sentence in answer.said


def test_a_place_where_no_file_may_be_ends_it_before_it_works(tmp_path: Path, kafka: Kafka) -> None:
    there = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    answer = call(
        tmp_path, "project", "--snapshot", str(tmp_path / "calls.duckdb"), variables=there
    )
    assert answer.code == 2
    assert "in the ledger's own folder" in answer.said


def test_the_reason_in_a_log_has_no_word_of_a_row() -> None:
    assert reason_in("Conversion Error: could not convert 'Anna Rossi'") == "Conversion Error"
    full = "IO Error: Could not write file: No space left on device"
    assert reason_in(full) == full
    assert reason_in("") == "its process was ended"
