"""Whatever goes wrong is one sentence with its exit code, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from tests.entrypoints.calling import PROGRAM, ROOT, call, environment, start

READS = [
    ("status",),
    ("report", "exits"),
    ("report", "exits", "--calls"),
    ("call", "list"),
    ("call", "show", "1"),
    ("call", "timeline", "1"),
    ("sql", "select 1"),
    ("rebuild",),
    ("quarantine", "list"),
    ("quarantine", "show", "1"),
    ("doctor",),
]
RECEIVE = ("record", "receive", "--call", "1", "--actor", "system")


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
def test_where_there_is_no_ledger_nothing_is_made_and_the_next_step_is_said(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    folder = tmp_path / "none"
    answer = call(folder, *arguments)
    assert answer.code == 3
    assert "There is no ledger in" in answer.said
    assert not folder.exists()


def test_doctor_says_once_that_there_is_no_ledger_and_which_checks_that_left_out(
    tmp_path: Path,
) -> None:
    answer = call(tmp_path / "none", "doctor")
    assert answer.out.count("There is no ledger in") == 1
    said = call(tmp_path / "none", "doctor", "--json").json
    left_out = [one["check"] for one in said if one["verdict"] == "could not check"]
    assert left_out == ["store", "events", "tables", "doors"]


@pytest.mark.parametrize("arguments", [*READS, RECEIVE, ("simulate", "--calls", "1")], ids=" ".join)
def test_a_folder_that_is_a_file_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folder = tmp_path / "file"
    folder.write_text("not a folder")
    answer = call(folder, *arguments)
    assert answer.code == 3
    assert answer.err.count("\n") == 1 or arguments == ("doctor",)
    assert "is a file, and a ledger is a folder: name one with --ledger." in answer.said
    assert folder.read_text() == "not a folder"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "exits", "--by", "colour"), "exits has no grouping 'colour'; try hour, day"),
        (("report", "exits", "--by", "Reazon"), "owner_after. Did you mean reason?"),
        (("report", "exits", "--time-zone", "Europe/Roma"), "Did you mean Europe/Rome?"),
        (("record", "hodl", "--call", "1"), "mark-incomplete. Did you mean hold?"),
        (("record", "hold", "--call", "1"), "hold needs --actor."),
        (("record", "receive", "--queu", "sales"), "--channel. Did you mean --queue?"),
        (("sql", "select * from cals"), "sql --help`. Did you mean calls?"),
        (("call", "list", "--phase", "asleep"), "'--phase': 'asleep' is not one of"),
        (("call", "list", "--limit", "ten"), "'--limit': write a whole number, such as 3."),
        (("simulate", "--rate", "fast"), "'--rate': write a number, such as 0.5."),
        (("report", "colours"), "No such command 'colours'"),
        (("report", "exits", "--from", "Monday"), "'Monday' is no time; write a day"),
        (("report", "exits", "--to", "2026-02-30"), "'2026-02-30' is no time"),
        (("report", "exits", "--to", "9999-12-31"), "'9999-12-31' is no time"),
        (("report", "exits", "--from", "0001-01-01", "--time-zone", "Asia/Tokyo"), "is no time"),
        (("report", "exits", "--from", "0001-01-01T00:00+14:00"), "is no time; write a day"),
        (("call", "list", "--to", "9999-12-31T23:59-14:00"), "is no time; write a day"),
        (("replay", "--rules", "seed", "--from", "9" * 20), "A position has at most 18 digits"),
        (("quarantine", "show", "9" * 20), "is no number of the list, such as 3"),
        (("call", "show", "\udcff"), "\\udcff is not text in UTF-8: write it as text."),
        (("sql", "select '\udcff'"), "is not text in UTF-8"),
        (
            ("report", "exits", "--agent", "\udcff"),
            "\\udcff is not text in UTF-8: write it as text.",
        ),
        (("report", "agents", "--queue", "\udcff"), "is not text in UTF-8: write it as text."),
        (("call", "list", "--source", "\udcff"), "is not text in UTF-8: write it as text."),
        (("report", "exits", "--from", "2026-03-02", "--to", "2026-03-01"), "there is no time"),
        (("call", "list", "--from", "2026-03-02", "--to", "2026-03-02T00:00"), "there is no time"),
        (("report", "exits", "--time-zone", "Mars/North"), "'Mars/North' is no time zone"),
        (("report", "exits", "--time-zone", "/etc/passwd"), "is no time zone"),
        (("report", "exits", "--time-zone", ""), "is no time zone"),
        (("report", "exits", "--json", "--csv"), "Choose one of --json and --csv."),
        (("sql", "select 1", "--json", "--parquet", "x"), "Choose one of"),
        (("call", "list", "--json", "--csv"), "Choose one of"),
        (("report", "exits", "--parquet", "/nowhere/x.parquet"), "/nowhere/x.parquet cannot be"),
        (("report", "exits", "--calls", "--parquet", "/"), "/ cannot be written"),
        (("call", "list", "--limit", "0"), "greater than or equal to 1"),
        (("call", "timeline", "A", "--svg", "/nowhere/x.svg"), "/nowhere/x.svg cannot be written"),
        (("call", "timeline", "A", "--time-zone", "X"), "'X' is no time zone"),
        (("call",), "Usage: call-ledger call"),
        (("simulate", "--day", "soon"), "'soon' is no day; write one like"),
        (("simulate", "--calls", "0"), "greater than or equal to 1"),
        (("import", "webex", "/nowhere.json"), "/nowhere.json cannot be read"),
        (("import", "webex", "x", "--day", "soon"), "'soon' is no day"),
        (("quarantine", "discard", "1"), "Missing option '--why'"),
        (("fly",), "No such command 'fly'"),
        (("--fly",), "No such option: --fly"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_says_what_is_expected(
    told: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = call(told, *arguments)
    assert answer.code == 2
    assert sentence in answer.said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("call", "show", "Z"), "There is no call Z in"),
        (("call", "timeline", "A", "--source", "elsewhere"), "no call A of source elsewhere in"),
        (("quarantine", "show", "9"), "Nothing in quarantine has the number 9"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_not_there_is_said(told: Path, arguments: tuple[str, ...], sentence: str) -> None:
    answer = call(told, *arguments)
    assert (answer.code, answer.out) == (3, "")
    assert sentence in answer.said


def test_a_ledger_in_use_says_by_whom_and_can_be_read_meanwhile(tmp_path: Path) -> None:
    assert call(tmp_path, *RECEIVE).code == 0
    with Ledger.open(tmp_path, doing="a long import"):
        writing = start(tmp_path, *RECEIVE)
        _, said = writing.communicate(timeout=60)
        reading = call(tmp_path, "call", "show", "1")
    assert writing.returncode == 3
    assert f"is being written by process {os.getpid()} (a long import)" in said.decode()
    assert reading.code == 0


def test_a_store_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"this is no database at all, not in the least")
    for arguments in (RECEIVE, ("status",), ("call", "list")):
        answer = call(tmp_path, *arguments)
        assert answer.code == 3
        assert answer.err.count("\n") == 1


def test_tables_that_will_not_open_are_set_aside_and_told_of(tmp_path: Path) -> None:
    call(tmp_path, *RECEIVE)
    (tmp_path / "projections.duckdb").write_bytes(b"no database")
    answer = call(tmp_path, "call", "list", "--json")
    assert answer.code == 0
    assert answer.json["calls_in_all"] == 1
    assert "could not be opened: it is kept as projections.duckdb.set-aside-" in answer.err
    assert call(tmp_path, "call", "list").err == ""


NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become one without permission")
def test_a_folder_without_permission_is_said(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    call(folder, *RECEIVE)
    code = (
        "import os, sys; from entrypoints.cli.main import run; import ledger.ledger, ledger.intake;"
        "import projections.serving.client, ledger.store.sqlite, infra.settings, filelock;"
        "import entrypoints.timeline.picture, ledger.intake;"
        f"os.setuid({NOBODY}); run()"
    )
    folder.chmod(0o555)
    for arguments in (RECEIVE, ("report", "exits")):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 3, done
        assert "ermission" in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
    folder.chmod(0o755)


def test_an_unknown_mistake_asks_to_be_reported(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("what nobody thought of")

    monkeypatch.setattr("entrypoints.ui.output.print_table", fail)
    monkeypatch.setattr("entrypoints.cli.status.print_table", fail)
    answer = call(told, "status")
    assert answer.code == 3
    assert answer.err == (
        "This is a mistake in call-ledger itself (ZeroDivisionError: what nobody thought of); "
        "please report it with what CALL_LEDGER_TRACEBACK=1 shows.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [("rules",), ("rules", "--json"), ("sql", "select * from events", "--csv"), ("call", "list")],
    ids=" ".join,
)
def test_a_reader_that_stops_reading_is_no_mistake(told: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=ROOT,
            env=environment(told),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.slow
def test_a_question_that_takes_too_long_can_be_interrupted(tmp_path: Path) -> None:
    assert call(tmp_path, *RECEIVE).code == 0
    endless = "select sum(a.range * b.range) from range(1000000) a, range(1000000) b"
    with start(tmp_path, "sql", endless) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "projections.owner").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT, "a shell shows it as 130"
    assert call(tmp_path, "sql", "select 1 as one", "--csv").out == "one\n1\n"
