"""The folder has one writer, and whoever comes second is told who it is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.errors import LedgerInUse, LedgerUnavailable
from infra.folder import LedgerFolder
from infra.sqlite import reading_connection, writing_connection
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from tests.ledger.scenes import connected, requests

WRITER = """
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from ledger.ledger import Ledger
with Ledger.open(Path(sys.argv[1]), doing="import webex"):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_writes(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(LedgerInUse, match=rf"process {writer.pid} \(import webex\)"):
            Ledger.open(tmp_path)
        writer.communicate()
    Ledger.open(tmp_path).close()


def test_a_writer_that_was_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.kill()
    Ledger.open(tmp_path).close()


def test_a_second_ledger_in_the_same_process_is_told_too(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, doing="record"), pytest.raises(LedgerInUse, match=r"\(record\)"):
        Ledger.open(tmp_path)


def test_an_opening_that_fails_leaves_the_folder_free(tmp_path: Path) -> None:
    store = LedgerFolder(tmp_path).sqlite_file
    store.write_text("this is a shopping list\n" * 100)
    with pytest.raises(LedgerUnavailable):
        Ledger.open(tmp_path)
    store.unlink()
    Ledger.open(tmp_path).close()


def test_every_commit_of_the_writer_is_on_disk(tmp_path: Path) -> None:
    connection = writing_connection(tmp_path / "store.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    connection = reading_connection(LedgerFolder(tmp_path).sqlite_file)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM events")
    connection.close()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_text("")
    with pytest.raises(LedgerUnavailable, match="is a file, and a ledger is a folder"):
        Ledger.open(place)


AS_SOMEBODY_ELSE = """
import os, sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
import filelock  # before the rights are gone with which it can be found
from infra.errors import LedgerUnavailable
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
import filelock  # what is loaded later has to be readable to somebody else
os.setgid(65534)
os.setuid(65534)
folder = Path(sys.argv[1])
with StoreFeed(folder) as feed:
    print(feed.head().position)
for place in (folder, folder / "below"):
    try:
        Ledger.open(place)
    except LedgerUnavailable as error:
        print(error)
"""


@pytest.fixture
def readable_by_all() -> Iterator[Path]:
    """A folder that is not in pytest's own, which other accounts cannot enter."""
    with TemporaryDirectory(prefix="call-ledger-readable-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without permission")
def test_a_folder_without_write_permission_is_read_and_not_written(
    readable_by_all: Path,
) -> None:
    with Ledger.open(readable_by_all) as ledger:
        ledger.record_many(requests(connected()))
    before = sorted(path.name for path in readable_by_all.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE, readable_by_all],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    position, here, below = done.stdout.splitlines()
    assert position == "3"
    for sentence in (here, below):
        assert "cannot be written (Permission denied): give write permission" in sentence
    assert sorted(path.name for path in readable_by_all.iterdir()) == before


def test_a_ledger_on_a_disk_that_becomes_full_says_so_and_loses_nothing(tmp_path: Path) -> None:
    """The limit on a file's size stands in for the disk; what was acknowledged stays."""
    full = """
import resource, signal, sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from infra.errors import LedgerError
from ledger.ledger import Ledger
from tests.ledger.scenes import command
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Ledger.open(Path(sys.argv[1])) as ledger:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    acknowledged = 0
    try:
        while True:
            ledger.record(command("receive", "system", f"call-{acknowledged}"))
            acknowledged += 1
    except LedgerError as error:
        print(acknowledged)
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", full, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    acknowledged, sentence = done.stdout.splitlines()
    assert "could not be used" in sentence
    assert int(acknowledged) > 0
    Ledger.open(tmp_path).close()
    with StoreFeed(tmp_path) as feed:
        assert feed.head().position == int(acknowledged)
