"""A statement that anybody has written is computed apart: however it ends, nobody else notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import psutil
import pytest

from ledger.feed import StoreFeed
from projections.as_of import AsOf
from projections.database import FILE_NAME, Projections
from projections.serving.client import Reader, query
from projections.serving.isolated import TablesMoved, answer_isolated, environment
from projections.serving.protocol import Question
from projections.serving.readable import readable_by_everybody
from projections.serving.sandbox import Bounds, QueryFailed, QueryRefused
from projections.serving.server import owning
from projections.serving.snapshot import Snapshot
from tests.projections.documents import short
from tests.projections.received_calls import record_some

COUNT = "select count(*) as calls from calls"
ENDLESS = "with recursive r as (select 1 as a union all select a from r) select count(*) from r"
SMALL = Bounds(seconds=2, memory_megabytes=200, answer_megabytes=10)
SMALL_AND_PATIENT = replace(SMALL, seconds=500)
"""For what is refused for another reason, however long a busy machine takes to come to it."""

HOSTILE = (
    ("select repeat('x', 1000000000)", "200 MB|2 seconds"),
    ("select len(range(1000000000))", "needed more than the 200 MB"),
    ("select list(a) from range(1000000000) t(a)", "needed more than the 200 MB"),
    ("select string_agg(repeat('x', 1000000), '') from range(100000)", "needed more than|process"),
    (ENDLESS, "more than 2 seconds"),
    ("with recursive r as (select 1 a union all select a + 1 from r) from r", "MB|rows|seconds"),
    ("select count(*) from range(10000000) a, range(10000000) b", "more than 2 seconds"),
    ("select * from range(100000000)", "1,000,000 rows"),
    ("select * from (" * 3000 + "select 1" + ")" * 3000, "flatter"),
    ("select " + "[" * 30_000 + "]" * 30_000, "flatter"),
    (f"select 1 in ({', '.join(map(str, range(200_000)))})", "characters"),
    ("select " + "a" * 1_000_000, "characters"),
)


@contextmanager
def owned_by_another_process(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else has the tables for as long as this lasts."""
    keep = (
        "import sys; from pathlib import Path; from projections.serving.client import Reader\n"
        "with Reader(Path(sys.argv[1])) as reader:\n"
        "    reader.ask('select 1'); print('has them', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", keep, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"has them\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    record_some(tmp_path, 1, 4)
    return tmp_path


def test_a_statement_is_answered_at_the_position_that_was_recorded_before_it(ledger: Path) -> None:
    with Reader(ledger) as reader:
        assert reader.query(COUNT).table.to_pylist() == [{"calls": 3}]
        record_some(ledger, 4, 6)
        answer = reader.query(
            "select count(*) as calls from calls where call_position < $most", {"most": 9}
        )
    assert (answer.position, answer.table.to_pylist()) == (5, [{"calls": 5}])


def test_a_statement_is_answered_beside_the_process_that_has_the_tables(ledger: Path) -> None:
    with owned_by_another_process(ledger), Reader(ledger) as other:
        assert other.query(COUNT).table.to_pylist() == [{"calls": 3}]
        record_some(ledger, 4, 6)
        answer = other.query(COUNT)
    assert (answer.position, answer.table.to_pylist()) == (5, [{"calls": 5}])


@pytest.mark.slow
@pytest.mark.parametrize(("attempt", "sentence"), HOSTILE, ids=[sql[:50] for sql, _ in HOSTILE])
def test_a_hostile_statement_ends_with_a_sentence_and_the_next_one_is_answered(
    ledger: Path, attempt: str, sentence: str
) -> None:
    with Reader(ledger) as reader:
        with pytest.raises(QueryRefused, match=sentence) as refused:
            reader.query(attempt, bounds=SMALL if "seconds" in sentence else SMALL_AND_PATIENT)
        assert "\n" not in str(refused.value)
        assert reader.query(COUNT).table.to_pylist() == [{"calls": 3}]


@pytest.mark.slow
def test_text_beyond_what_one_part_of_an_answer_holds_is_said_to_be_too_much(ledger: Path) -> None:
    with Reader(ledger) as reader:
        with pytest.raises(QueryRefused, match="more than 256 MB: select fewer columns"):
            reader.query("select repeat('x', 100000000) as a from range(100)")
        assert reader.query(COUNT).table.to_pylist() == [{"calls": 3}]


def test_reports_are_answered_while_hostile_statements_run_and_are_killed(ledger: Path) -> None:
    with owned_by_another_process(ledger) as owner, ThreadPoolExecutor(2) as hostile:
        asked = [
            hostile.submit(query, ledger, ENDLESS, bounds=Bounds(seconds=500)) for _ in range(2)
        ]
        answers = 0
        with Reader(ledger) as reader:
            for child in children_computing(2):
                for _ in range(20):
                    assert reader.ask(COUNT).table.to_pylist() == [{"calls": 3}]
                    assert child.is_running(), "it was answered only after the statement's end"
                    answers += 1
                child.send_signal(signal.SIGKILL)
            for one in asked:
                with pytest.raises(QueryRefused, match="ended the process"):
                    one.result(timeout=120)
            assert reader.ask(COUNT).table.to_pylist() == [{"calls": 3}]
        assert answers == 40
        assert owner.poll() is None


def children_computing(count: int) -> list[psutil.Process]:
    """The processes that compute a statement for this one, as soon as there are so many."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = [
            child
            for child in psutil.Process().children()
            if "projections.serving.isolated_process" in child.cmdline()
        ]
        if len(found) == count and all(sum(child.cpu_times()[:2]) > 1.0 for child in found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"only {len(found)} processes compute")


def test_the_process_ends_with_whoever_asked(ledger: Path) -> None:
    ask = (
        "import sys; from pathlib import Path; from projections.serving.client import query\n"
        f"query(Path(sys.argv[1]), {ENDLESS!r})"
    )
    asker = subprocess.Popen([sys.executable, "-c", ask, str(ledger)])
    deadline = time.monotonic() + 120
    while not (computing := psutil.Process(asker.pid).children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    asker.kill()
    asker.wait()
    _, left = psutil.wait_procs(computing, timeout=120)
    assert not left


def test_passwords_of_the_settings_are_not_handed_on(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALL_LEDGER_STORE", "postgresql://me:secret@host/db")
    assert not [name for name in environment() if name.startswith("CALL_LEDGER")]
    assert environment()["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize("mistake", ["select colour_of_hair from calls", "selec colour_of_hair"])
def test_a_mistake_is_told_in_a_sentence_without_the_kind_of_error(
    ledger: Path, mistake: str
) -> None:
    with pytest.raises(QueryFailed, match="cannot be carried out: ") as failed:
        query(ledger, mistake)
    assert "colour_of_hair" in str(failed.value)
    assert "Error:" not in str(failed.value)


@pytest.mark.parametrize("asked", ["show tables", " SHOW  Tables ;"])
def test_show_tables_lists_those_that_can_be_read_and_no_other(ledger: Path, asked: str) -> None:
    readable = sorted(readable_by_everybody().tables)
    with Reader(ledger) as reader:
        for as_of in (None, AsOf(1)):
            answer = reader.query(asked, as_of=as_of)
            assert answer.table.column("name").to_pylist() == readable
            assert answer.table.column_names == ["name"]


def test_a_snapshot_is_as_it_was_while_the_tables_go_on(tmp_path: Path) -> None:
    question = Question("select count(*) as events, max(position) as last from events")
    with Projections(tmp_path / FILE_NAME) as tables:
        tables.add(short([[0, "received", {"stay_number": 1, "channel": "telephony"}]]))
        with tables.without_checkpoints():
            snapshot = Snapshot.of(tables.path, tables.descriptor)
            tables.connection.execute(
                "insert into events by name"
                " select * exclude (position, causation_id), 2 as position from events"
            )
            tables.tidy()
            answer = answer_isolated(snapshot, question)
            later = answer_isolated(Snapshot.of(tables.path, tables.descriptor), question)
    assert answer.table.to_pylist() == [{"events": 1, "last": 1}]
    assert later.table.to_pylist() == [{"events": 2, "last": 2}]


def test_a_snapshot_that_was_written_over_is_no_answer(tmp_path: Path) -> None:
    with Projections(tmp_path / FILE_NAME) as tables:
        tables.note_position(1)
        snapshot = Snapshot.of(tables.path, tables.descriptor)
        tables.connection.execute("checkpoint")
        with pytest.raises(TablesMoved, match="shorter period"):
            answer_isolated(snapshot, Question("select count(*) from events"))


@pytest.mark.slow
def test_every_snapshot_is_whole_while_tables_are_written_and_checkpointed(tmp_path: Path) -> None:
    """The rows of a transaction are all there or none, whatever is written and moved meanwhile."""
    question = Question(
        "select count(*) as rows_of_it, max(version) as last from events where version > 1"
        " having count(*) <> 500 * (max(version) - 1) or count(distinct position) <> count(*)"
    )
    stopping = threading.Event()
    with Projections(tmp_path / FILE_NAME, long_log_bytes=20_000) as tables:
        tables.add(short([[0, "received", {"stay_number": 1, "channel": "telephony"}]]))

        def write() -> None:
            number = 1
            while not stopping.is_set() and number < 400:
                number += 1
                with tables.transaction():
                    if number % 20 == 0:
                        tables.connection.execute(
                            "create or replace table rewritten as from events"
                        )
                    tables.connection.execute(
                        "insert into events by name"
                        " select event.* exclude (position, version, causation_id),"
                        f" {500 * number} + range as position, {number} as version"
                        " from range(500), events as event where event.version = 1"
                    )
                stopping.wait(0.01)  # as a feed pauses; without it the reader hardly gets a turn

        with ThreadPoolExecutor(1) as other:
            writing = other.submit(write)
            moved = 0
            for _ in range(8):
                with tables.without_checkpoints():
                    snapshot = Snapshot.of(tables.path, tables.descriptor)
                    try:
                        assert answer_isolated(snapshot, question).table.to_pylist() == []
                    except TablesMoved:
                        moved += 1
            stopping.set()
            writing.result()
    assert moved < 3


def test_every_type_of_duckdb_comes_over_the_border_as_duckdb_has_it(ledger: Path) -> None:
    values = {
        "hugeint": "170141183460469231731687303715884105727::hugeint",
        "uhugeint": "340282366920938463463374607431768211455::uhugeint",
        "bignum": "123456789012345678901234567890123456789012345::bignum",
        "bit": "'0101'::bit",
        "timetz": "'10:00:00+02'::timetz",
        "interval": "interval '3000000 hours'",
        "blob": "'\\x00\\xFF'::blob",
        "uuid": "'a6d1744c-d6eb-4198-a321-16d952b512ca'::uuid",
        "decimal": "1.50::decimal(38, 2)",
        "enum": "'BIT'::enum('BIT', 'y')",
        "structs": "{'bit': '01'::bit, 'a \"BIT\"': [1::uhugeint]}",
        "maps": "map {'a': '10:00:00+02'::timetz}",
        "lists": "[[1], [null]]",
        "nothing": "null",
    }
    asked = ", ".join(f"{sql} as {name}" for name, sql in values.items())
    as_text = ", ".join(f"{name}::varchar as {name}" for name in values)
    with duckdb.connect() as connection:
        connection.register("answer", query(ledger, f"select {asked}").table)
        came_over = connection.execute(f"select {as_text} from answer").fetchall()
        assert came_over == connection.execute(f"select {as_text} from (select {asked})").fetchall()


def test_columns_of_one_name_and_the_types_of_all_come_over_the_border(ledger: Path) -> None:
    with Reader(ledger) as reader:
        table = reader.query(
            "select 1 as a, '01'::bit as a, sum(hash(call_id)) as b from calls"
        ).table
        everything = reader.query("from test_all_types()").table
    assert table.column_names == ["a", "a", "b"]
    assert [field.metadata[b"duckdb_type"] for field in table.schema] == [
        b"INTEGER",
        b"BIT",
        b"HUGEINT",
    ]
    assert everything.num_rows == 3


def test_the_tables_go_on_while_a_snapshot_is_lent(ledger: Path) -> None:
    with owning(ledger, lambda: StoreFeed(ledger)) as owner:
        owner.bring_up()
        with owner.lending(Question(COUNT, wanted_position=3)) as snapshot:
            record_some(ledger, 4, 6)
            assert owner.bring_up().projected_position == 5
            assert answer_isolated(snapshot, Question(COUNT)).table.to_pylist() == [{"calls": 3}]
