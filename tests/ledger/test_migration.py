"""From SQLite into PostgreSQL: the same positions and bytes, however often it is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import IO

import pytest

from infra.errors import LedgerError, LedgerInUse, LedgerMissing, LedgerUnavailable
from infra.folder import LedgerFolder
from infra.postgresql import Postgresql
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.quarantine import reading_quarantine
from ledger.store.migration import CONTENT, content_of, migrate
from ledger.store.opening import store_to_read
from tests.ledger.lines import lines_of_calls
from tests.ledger.scenes import command, connected, recorded, refused, requests
from tests.ledger.stores import PostgresqlStore

MIGRATE = """
import sys
from pathlib import Path
from infra.postgresql import Postgresql
from ledger.store.migration import migrate

def when_let(done: int, of: int | None) -> None:
    print(done, flush=True)
    sys.stdin.readline()

print("begun", flush=True)
migrate(Path(sys.argv[1]), Postgresql(sys.argv[2]), when_let, rows_at_once=200)
print("all", flush=True)
"""
"""It goes on from part to part when it is let, so that it never ends before it is killed."""

KILLS = 10


@contextmanager
def migration(
    folder: Path, server: Postgresql
) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    """A process that migrates, what it says, and how it is let go on."""
    with subprocess.Popen(
        [sys.executable, "-c", MIGRATE, folder, server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            yield process, process.stdout, process.stdin
        finally:
            process.kill()


@pytest.fixture
def server(postgresql_store: PostgresqlStore) -> Postgresql:
    """An empty PostgreSQL store."""
    return Postgresql(postgresql_store.url)


def told(folder: Path, calls: int = 3) -> list[bytes]:
    """A SQLite ledger with events, refusals and quarantine; returns its lines."""
    lines = lines_of_calls(calls)
    with Ledger.open(folder) as ledger:
        ledger.record_many([read_request(line) for line in lines])
        ledger.quarantine.add("calls.jsonl:1", b"\xff\0", "It is\0 cut.")
        ledger.quarantine.add("calls.jsonl:2", b"", "It is empty.")
        ledger.quarantine.discard(2, "auditor", "it was noise")
    return lines


def contents(folder: LedgerFolder) -> dict[str, object]:
    store = store_to_read(folder)
    try:
        return {table: content_of(store, table) for table in CONTENT}
    finally:
        store.close()


def test_a_migrated_ledger_is_the_same_and_goes_on(tmp_path: Path, server: Postgresql) -> None:
    lines = told(tmp_path)
    before = contents(LedgerFolder(tmp_path))
    with StoreFeed(tmp_path) as feed:
        (events,) = feed.batches(0)
    done: list[tuple[int, int | None]] = []
    assert migrate(tmp_path, server, lambda *moved: done.append(moved)) == before
    assert done[-1] == (21, 21)
    migrated = LedgerFolder(tmp_path, server)
    assert contents(migrated) == before
    with StoreFeed(migrated) as feed:
        assert list(feed.batches(0)) == [events]
    with reading_quarantine(migrated) as quarantine:
        assert [one.state for one in quarantine.list()] == ["waiting", "discarded"]
        assert quarantine.show(1).original == b"\xff\0"
    with Ledger.open(migrated) as ledger:
        again = ledger.record_many([read_request(line) for line in lines])
        assert all(one.repeated for one in again)
        other = read_request(lines[0].replace(b"sales", b"help"))
        assert refused(ledger.record(*other)).rule == "L5"
        assert recorded(ledger.record_many(requests(connected("new")))[-1]).position == 24
        assert refused(ledger.record(command("resume", "agent-1", "new"))).number == 5


def test_nobody_uses_a_ledger_that_is_half_filled(tmp_path: Path, server: Postgresql) -> None:
    told(tmp_path)

    def stop(done: int, of: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(tmp_path, server, stop)
    for door in (Ledger.open, StoreFeed):
        with pytest.raises(LedgerUnavailable, match="is being filled from"):
            door(LedgerFolder(tmp_path, server))
    other = tmp_path / "other"
    told(other)
    with pytest.raises(LedgerUnavailable, match="is being filled from"):
        migrate(other, server, lambda *_: None)
    migrate(tmp_path, server, lambda *_: None)


def test_a_ledger_that_is_there_already_is_not_filled_again(
    tmp_path: Path, server: Postgresql
) -> None:
    told(tmp_path)
    migrate(tmp_path, server, lambda *_: None)
    with pytest.raises(LedgerUnavailable, match="has a ledger already"):
        migrate(tmp_path, server, lambda *_: None)


def test_a_difference_is_found_and_the_ledger_stays_closed(
    tmp_path: Path, server: Postgresql, postgresql_store: PostgresqlStore
) -> None:
    told(tmp_path)
    edited = False

    def edit(done: int, of: int | None) -> None:
        nonlocal edited
        if done == of and not edited:
            edited = True
            return
        if edited:
            postgresql_store.execute(
                LedgerFolder(tmp_path),
                "UPDATE events SET document = document || ' ' WHERE position = 7",
            )

    with pytest.raises(LedgerError, match=r"The events in .* are not those"):
        migrate(tmp_path, server, edit)
    with pytest.raises(LedgerError, match=r"The events in .* are not those"):
        migrate(tmp_path, server, lambda *_: None)


def test_nobody_records_meanwhile_and_a_missing_ledger_is_told(
    tmp_path: Path, server: Postgresql
) -> None:
    with pytest.raises(LedgerMissing):
        migrate(tmp_path, server, lambda *_: None)
    with Ledger.open(tmp_path), pytest.raises(LedgerInUse):
        migrate(tmp_path, server, lambda *_: None)


@pytest.mark.slow
def test_a_migration_killed_at_any_moment_goes_on_and_comes_out_the_same(
    tmp_path: Path, server: Postgresql
) -> None:
    random = Random(3)
    told(tmp_path, 2_000)
    before = contents(LedgerFolder(tmp_path))
    for _ in range(KILLS):
        with migration(tmp_path, server) as (process, said, let):
            for _ in range(random.randint(1, 5)):
                assert said.readline() != "all\n"
                let.write("\n")
                let.flush()
            time.sleep(random.uniform(0, 0.05))
            process.kill()
            assert "all" not in said.read()
    with migration(tmp_path, server) as (_, said, let):
        let.close()
        assert said.read().endswith("all\n")
    assert contents(LedgerFolder(tmp_path, server)) == before
