"""A DuckDB file that somebody has open, or that is damaged, is told of or made anew at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest

from projections.database import FILE_NAME
from projections.errors import FileDamaged
from projections.serving.client import Reader
from projections.serving.duckdb_file import FileInUse, files_set_aside
from projections.serving.line import ADDRESS_NAME
from projections.serving.server import owning
from tests.entrypoints.calling import call, start
from tests.projections.received_calls import count, record_some

HAS_IT_OPEN = (
    "import duckdb, sys\n"
    "connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'reads')\n"
    "print('open', flush=True); sys.stdin.read()"
)
READERS = (
    ("report", "exits"),
    ("sql", "select count(*) from calls"),
    ("status",),
    ("rebuild",),
    ("call", "list"),
    ("call", "show", "call-1"),
    ("call", "timeline", "call-1"),
    ("quarantine", "list"),
)


@contextmanager
def open_in_another_program(path: Path, does: str) -> Iterator[None]:
    """A program that is none of ours has the file open for as long as this lasts."""
    command = [sys.executable, "-c", HAS_IT_OPEN, str(path), does]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"open\n"
        try:
            yield
        finally:
            program.kill()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    record_some(tmp_path, 1, 4)
    assert count(tmp_path) == (3, 3)
    return tmp_path


@pytest.mark.parametrize("does", ["reads", "writes"])
def test_every_command_says_within_seconds_that_another_program_has_the_file(
    ledger: Path, does: str
) -> None:
    with open_in_another_program(ledger / FILE_NAME, does):
        for command in READERS:
            began = time.monotonic()
            answer = call(ledger, *command)
            assert answer.code == 3, command
            assert f"{FILE_NAME} is open in another program: close it there" in answer.err
            assert time.monotonic() - began < 60
        found = call(ledger, "doctor", "--json")
    assert found.code == 3
    (tables,) = [one for one in found.json if one["check"] == "tables"]
    assert tables["verdict"] == "could not check"
    assert "is open in another program: close it there" in tables["says"]
    assert count(ledger) == (3, 3)
    assert not files_set_aside(ledger)


def test_a_program_that_only_looks_at_the_file_is_waited_for(ledger: Path) -> None:
    with Reader(ledger, in_use_seconds=30) as reader:
        with open_in_another_program(ledger / FILE_NAME, "reads"), pytest.raises(FileInUse):
            Reader(ledger, in_use_seconds=0.1).ask("select 1")
        assert reader.ask("select 1").position == 3


@pytest.mark.parametrize("does", ["reads", "writes"])
def test_no_other_program_opens_the_file_while_we_have_it_and_have_lent_it(
    ledger: Path, does: str
) -> None:
    with Reader(ledger) as reader:
        for _ in range(2):
            assert reader.query("select count(*) from events").position == 3
        command = [sys.executable, "-c", HAS_IT_OPEN, str(ledger / FILE_NAME), does]
        tried = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "Could not set lock on file" in tried.stderr
        assert reader.ask("select 1").position == 3


def cut(content: bytes, size_bytes: int) -> bytes:
    return content[:size_bytes]


def written_over(content: bytes, start: int, size_bytes: int = 2_000) -> bytes:
    return (
        content[:start] + random.Random(start).randbytes(size_bytes) + content[start + size_bytes :]
    )


def damages(content: bytes) -> dict[str, bytes]:
    """Files that are cut short at any length, zeroed, or written over, by what was done to them."""
    size = len(content)
    lengths = (0, 1, 100, 4096, 5000, 12287, 12288, 20_000, 274_432, size // 3, size // 2)
    return {
        **{f"cut at {length}": cut(content, length) for length in lengths},
        "without its last block": cut(content, size - 262_144),
        "zeroed header": bytes(12_288) + content[12_288:],
        "all zeros": bytes(size),
        "no bytes of its own": random.Random(1).randbytes(size),
        **{
            f"written over at {start}": written_over(content, start)
            for start in (0, 4_100, 8_200, 13_000, size // 2, size - 100_000)
        },
    }


@pytest.mark.slow
def test_a_damaged_file_is_made_anew_at_the_first_try_or_answers_what_it_would(
    tmp_path: Path,
) -> None:
    sound = tmp_path / "sound"
    call(sound, "simulate", "--calls", "40")
    expected = {command: call(sound, *command).out for command in (READERS[0], READERS[1])}
    found = damages((sound / FILE_NAME).read_bytes()).items()
    for (name, content), (command, said) in zip(found, cycle(expected.items()), strict=False):
        damaged = tmp_path / "damaged"
        shutil.copytree(sound, damaged)
        (damaged / FILE_NAME).write_bytes(content)
        answer = call(damaged, *command)
        assert (answer.code, answer.out) == (0, said), (name, answer.err)
        if aside := files_set_aside(damaged):
            assert aside[0].name in answer.err
        shutil.rmtree(damaged)


@pytest.mark.slow
def test_a_damage_that_no_answer_met_is_found_by_the_doctor_and_by_a_rebuild(
    tmp_path: Path,
) -> None:
    sound = tmp_path / "sound"
    call(sound, "simulate", "--calls", "40")
    call(sound, "report", "exits")
    content = (sound / FILE_NAME).read_bytes()
    for command, code in (("doctor", 1), ("rebuild", 0)):
        damaged = tmp_path / command
        shutil.copytree(sound, damaged)
        (damaged / FILE_NAME).write_bytes(
            content[:300_000] + bytes(len(content) - 600_000) + content[-300_000:]
        )
        answer = call(damaged, command)
        assert answer.code == code, answer.err
        (aside,) = files_set_aside(damaged)
        assert aside.name in "".join((answer.said + answer.err).split())
        assert call(damaged, "doctor").code == 0


def test_a_log_that_is_no_log_does_not_keep_anybody_from_an_answer(ledger: Path) -> None:
    (ledger / f"{FILE_NAME}.wal").write_bytes(random.Random(2).randbytes(100_000))
    assert count(ledger) == (3, 3)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "a folder": Path.mkdir,
    "a link to nowhere": lambda path: path.symlink_to("/nowhere/at/all"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("put", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_set_aside_at_the_first_try(
    put: Callable[[Path], None], ledger: Path
) -> None:
    (ledger / FILE_NAME).unlink()
    put(ledger / FILE_NAME)
    with start(ledger, "report", "exits") as reporting:  # a pipe may keep who opens it for ever
        _, said = reporting.communicate(timeout=100)
    assert (reporting.returncode, b"is kept as" in said) == (0, True)
    (aside,) = files_set_aside(ledger)
    assert aside.name in call(ledger, "status").said


def test_status_tells_of_a_file_that_was_set_aside(ledger: Path) -> None:
    (ledger / FILE_NAME).write_bytes(b"no database" * 1000)
    first = call(ledger, "status", "--json")
    assert "could not be opened" in first.json["note"]
    (ledger / FILE_NAME).write_bytes(b"no database" * 2000)
    later = call(ledger, "status", "--json")
    names = [one["name"] for one in later.json["set_aside"]]
    assert names == [one.name for one in files_set_aside(ledger)]
    assert len(set(names)) == 2
    assert [one["size_bytes"] for one in later.json["set_aside"]] == [11_000, 22_000]
    shown = call(ledger, "status")
    assert shown.code == 0
    assert f"{names[0]} was set aside at" in shown.said
    assert "delete it" in shown.said


def test_a_damage_that_is_met_while_others_ask_is_made_anew_for_them_too(ledger: Path) -> None:
    with owning(ledger) as owner, pytest.raises(FileDamaged, match="set-aside"), owner.writing():
        raise_damage()
    assert count(ledger) == (3, 3)


def raise_damage() -> None:
    import duckdb  # noqa: PLC0415 - what DuckDB says of a block is all that is needed of it

    raise duckdb.IOException("Corrupt database file: computed checksum 1 does not match stored 2")


def test_an_address_that_is_none_is_told_at_once(ledger: Path) -> None:
    with owning(ledger):
        for text in ("", "{}", "[]", json.dumps({"port": 1, "authkey": "no"})):
            (ledger / ADDRESS_NAME).write_text(text)
            began = time.monotonic()
            with Reader(ledger) as other, pytest.raises(Exception, match="not what this version"):
                other.ask("select 1")
            assert time.monotonic() - began < 60
