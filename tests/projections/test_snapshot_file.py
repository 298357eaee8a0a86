"""A snapshot file is whole, of one position, and needs nobody to be read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from entrypoints.cli.snapshot import includes_personal
from infra.settings import settings_with
from projections.models import readable_models
from projections.serving.client import Reader
from projections.serving.snapshot_file import NoSnapshot, WrongPlace
from projections.snapshot_tables import personal_columns
from tests.entrypoints.calling import call
from tests.projections.received_calls import record_some

pytestmark = pytest.mark.slow

SECRET = "Anna-Rossi"
DIALLED = "5550001234"


def published(ledger: Path, file: Path, with_personal: bool = True) -> int:
    with Reader(ledger) as reader:
        return reader.publish(file, with_personal).position


def rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def shown(folder: Path) -> list[str]:
    """The files of a folder that are not hidden."""
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    call(folder, "simulate", "--calls", "12", "--seed", "3")
    return folder


@pytest.fixture(scope="module")
def made(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("made") / "calls.duckdb"
    published(ledger, file)
    return file


def test_every_model_has_the_rows_that_the_ledger_shows(ledger: Path, made: Path) -> None:
    with Reader(ledger) as reader:
        for name in ("events", *(model.name for model in readable_models())):
            columns = ", ".join(reader.ask(f"from {name} limit 0").table.column_names)
            sql = f"select count(*), sum(hash({columns})) from {name}"
            (answered,) = reader.ask(sql).table.to_pylist()
            assert rows(made, sql) == [tuple(answered.values())], name
    ((said, newest),) = rows(
        made, "select position, (select max(position) from events) from snapshot"
    )
    assert said == newest > 0


def test_tables_and_columns_say_what_they_mean(made: Path) -> None:
    untold = """
        select table_name, column_name from duckdb_columns()
        where not internal and table_name <> 'events' and comment is null
    """
    assert rows(made, untold) == []


def test_it_is_made_while_another_process_has_the_tables_and_goes_on(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    record_some(ledger, 1, 4)
    with Reader(ledger) as owner:
        owner.ask("select 1")
        made = call(ledger, "snapshot", str(tmp_path / "calls.duckdb"), "--json")
        assert (made.code, made.json["has_personal_data"]) == (0, True)
        record_some(ledger, 4, 6)
        (after,) = owner.ask("select max(position) as position from events").table.to_pylist()
    assert made.json["position"] < after["position"]
    again = call(ledger, "snapshot", str(tmp_path / "calls.duckdb"), "--json").json
    assert again["position"] == after["position"]
    assert again["ledger_identity"] == made.json["ledger_identity"]


Step = tuple[str, str, dict[str, Any]]


def record_call(ledger: Path, asked: list[Step]) -> None:
    """Record one call, a command a second."""
    lines = b"".join(
        json.dumps(
            {
                "type": f"call.{action}.v1",
                "command_id": f"00000000-0000-7000-8000-{number:012}",
                "source": "test",
                "call_id": "1",
                "actor": actor,
                "occurred_at": f"2026-01-01T10:00:{number:02}Z",
                **own,
            }
        ).encode()
        + b"\n"
        for number, (action, actor, own) in enumerate(asked)
    )
    assert call(ledger, "record", "--lines", "-", typed=lines).code < 2


@pytest.mark.parametrize("is_conference", [True, False])
def test_a_number_that_was_given_as_an_id_is_personal_as_well(
    tmp_path: Path, is_conference: bool
) -> None:
    ledger = tmp_path / "ledger"
    customer, other = "+39061234567", "5550009999"
    last: list[Step] = [
        ("start-conference", "agent-1", {}),
        ("request-transfer", "agent-1", {"target_kind": "agent", "target": DIALLED}),
        ("accept-transfer", DIALLED, {}),
        ("end-call", DIALLED, {}),
    ]
    record_call(
        ledger,
        [
            ("receive", "system", {"customer": customer, "queue": "sales"}),
            ("offer", "system", {"agent": "5551234"}),
            ("miss-offer", "system", {"agent": "5551234"}),
            ("offer", "system", {"agent": "agent-1"}),
            ("answer", "agent-1", {}),
            ("start-consult", "agent-1", {"target_kind": "dial_number", "target": DIALLED}),
            ("answer-consult", DIALLED, {}),
            *(last if is_conference else [("end-consult", "agent-1", {})]),
            ("start-consult", "agent-1", {"target_kind": "dial_number", "target": DIALLED}),
            ("answer-consult", other, {}),
            ("hold", customer, {}),
            ("hold", DIALLED, {}),
        ],
    )
    for name, with_personal in (("with", True), ("without", False)):
        published(ledger, tmp_path / f"{name}.duckdb", with_personal)
    content = (tmp_path / "without.duckdb").read_bytes()
    with_all = (tmp_path / "with.duckdb").read_bytes()
    for number in (customer, DIALLED, *([] if is_conference else [other])):
        assert number.encode() in with_all
        assert number.encode() not in content
    assert b"5551234" in content
    sql = "select count(*) from {} where {} = 'external'"
    for table, column in (("events", "actor"), ("events", "party"), ("participants", "party")):
        assert rows(tmp_path / "without.duckdb", sql.format(table, column)) > [(0,)]
    assert rows(tmp_path / "with.duckdb", sql.format("participants", "party")) == [(0,)]


def test_without_personal_data_no_byte_of_it_is_in_the_file(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    asked: list[Step] = [
        ("receive", "system", {"customer": SECRET, "queue": "sales"}),
        ("offer", "system", {"agent": "agent-1"}),
        ("answer", "agent-1", {}),
        ("start-consult", "agent-1", {"target_kind": "dial_number", "target": DIALLED}),
        ("correct", "agent-1", {"corrected_version": 1, "why": SECRET}),
        ("hold", "nobody", {}),
        ("start-consult", "nobody", {"target_kind": "dial_number", "target": DIALLED}),
    ]
    record_call(ledger, asked)
    published(ledger, tmp_path / "with.duckdb")
    published(ledger, tmp_path / "without.duckdb", with_personal=False)
    found = {
        name: {
            word
            for table in ("events", *(model.name for model in readable_models()))
            for (row,) in rows(tmp_path / f"{name}.duckdb", f"select r::varchar from {table} r")
            for word in (SECRET, DIALLED)
            if word in str(row)
        }
        for name in ("with", "without")
    }
    assert found == {"with": {SECRET, DIALLED}, "without": set()}
    content = (tmp_path / "without.duckdb").read_bytes()
    assert SECRET.encode() not in content
    assert DIALLED.encode() not in content
    assert rows(tmp_path / "without.duckdb", "select count(*) from events")[0][0] > 4
    assert personal_columns() == {"customer", "dial_number", "note", "why"}


@pytest.mark.parametrize(
    ("asked", "settings", "has_personal_data"),
    [
        (None, {}, True),
        (False, {}, False),
        (None, {"kafka": "localhost:1"}, False),
        (None, {"store": "postgresql://localhost/calls"}, False),
        (True, {"kafka": "localhost:1"}, True),
    ],
)
def test_a_company_gives_no_personal_data_unless_asked(
    asked: bool | None, settings: dict[str, str], has_personal_data: bool
) -> None:
    assert includes_personal(asked, settings_with(**settings)) is has_personal_data


KILLED = """
import os, signal, sys
from pathlib import Path
from projections.serving import snapshot_file
from projections.serving.client import Reader
whole, step = getattr(snapshot_file, sys.argv[3].split(":")[0]), sys.argv[3].split(":")[1]
def killed(*arguments):
    if step == "after":
        whole(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(snapshot_file, sys.argv[3].split(":")[0], killed)
with Reader(Path(sys.argv[1])) as reader:
    reader.publish(Path(sys.argv[2]), True)
"""


@pytest.mark.parametrize("step", ["fill:before", "fill:after", "told_by:before"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_file(
    step: str, ledger: Path, made: Path, tmp_path: Path
) -> None:
    file = tmp_path / "calls.duckdb"
    shutil.copy(made, file)
    script = KILLED if step != "told_by:before" else KILLED.replace(
        "from projections.serving import snapshot_file",
        "from projections.serving import client as snapshot_file",
    )  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", script, str(ledger), str(file), step], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert shown(tmp_path) == ["calls.duckdb"]
    when = "select made_at from snapshot"
    assert (rows(file, when) > rows(made, when)) is (step == "told_by:before")
    if step == "fill:after":
        published(ledger, file)
        hidden = {one.name for one in tmp_path.iterdir()} - {"calls.duckdb"}
        assert hidden <= {".calls.duckdb.lock"}


def test_what_is_no_place_for_a_snapshot_is_said(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    for file, sentence in (
        (tmp_path / "notes.txt", "no DuckDB file"),
        (tmp_path / "nowhere" / "a.duckdb", "There is no folder"),
        (ledger / "projections.duckdb", "the ledger's own folder"),
    ):
        with pytest.raises(WrongPlace, match=sentence):
            published(ledger, file)
    assert (tmp_path / "notes.txt").read_text() == "kept"


def test_two_that_make_one_file_do_not_mix(ledger: Path, tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / ".a.duckdb.lock"),
        pytest.raises(NoSnapshot, match="Another process is making"),
    ):
        published(ledger, tmp_path / "a.duckdb")
    assert shown(tmp_path) == []


def test_a_folder_without_room_for_it_is_said_and_nothing_is_left(
    ledger: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / ".a.duckdb.partial.wal"
    blocked.mkdir()
    with pytest.raises(NoSnapshot):
        published(ledger, tmp_path / "a.duckdb")
    assert shown(tmp_path) == []
    assert os.listdir(blocked) == []
