"""The SQLite file: what else it may be, and that it may be full."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from infra.errors import LedgerMissing, LedgerUnavailable
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.outcomes import Recorded
from ledger.store.sqlite import SqliteEventStore
from tests.ledger.scenes import all_at_once, command, connected, recorded, requests
from tests.ledger.stores import SqliteStore


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
def test_a_file_of_something_else_is_refused(tmp_path: Path, door: type[StoreFeed]) -> None:
    SqliteStore().execute(LedgerFolder(tmp_path), "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(LedgerUnavailable, match="SQLite file of something else"):
        door(tmp_path)


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, door: type[StoreFeed]) -> None:
    (tmp_path / "ledger.sqlite").write_text("this is a shopping list\n" * 100)
    with pytest.raises(LedgerUnavailable, match="restore the file"):
        door(tmp_path)


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
def test_a_newer_format_is_refused(tmp_path: Path, door: type[StoreFeed]) -> None:
    Ledger.open(tmp_path).close()
    SqliteStore().execute(LedgerFolder(tmp_path), "PRAGMA user_version = 99")
    with pytest.raises(LedgerUnavailable, match="format 99"):
        door(tmp_path)


def test_when_the_disk_is_full_nobody_is_answered_as_recorded(tmp_path: Path) -> None:
    """SQLite's own page limit stands in for the disk; it fails with the same error."""
    store = SqliteEventStore.open(tmp_path / "ledger.sqlite")
    ledger, connection = Ledger(store), store.connection
    ledger.record_many(requests(connected()))
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [command("receive", "system", f"full-{number}") for number in range(200)]
    outcomes = asyncio.run(all_at_once(ledger, many))
    answered = [isinstance(outcome, Recorded) for outcome in outcomes]
    failed = [outcome for outcome in outcomes if not isinstance(outcome, Recorded)]
    assert {type(outcome) for outcome in failed} == {LedgerUnavailable}
    assert "free some space" in str(failed[0])
    assert len(failed) > 100
    with pytest.raises(LedgerUnavailable):
        ledger.record_many(requests(many))
    connection.execute("PRAGMA max_page_count = 1000000")
    again = [recorded(outcome).repeated for outcome in ledger.record_many(requests(many))]
    assert again == answered
    assert recorded(ledger.record(command("hold", "agent-1"))).version == 4
    ledger.close()
    store.close()
    with StoreFeed(tmp_path) as feed:
        assert feed.head() == (204, 0)
        assert sum(len(batch.positions) for batch in feed.batches(0, 50)) == 204


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
@pytest.mark.parametrize("sign", ["who wrote it", "tables", "a log"])
def test_a_ledger_whose_file_was_emptied_does_not_begin_anew(
    tmp_path: Path, door: type[StoreFeed], sign: str
) -> None:
    Ledger.open(tmp_path).close()
    if sign != "who wrote it":
        (tmp_path / "writer.json").unlink()
        beside = {"tables": "projections.duckdb", "a log": "ledger.sqlite-wal"}[sign]
        (tmp_path / beside).write_bytes(b"something")
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(LedgerUnavailable, match="is empty, and was not: restore it from its last"):
        door(tmp_path)
    assert (tmp_path / "ledger.sqlite").stat().st_size == 0


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
def test_the_log_of_a_ledger_whose_file_is_gone_is_kept(
    tmp_path: Path, door: type[StoreFeed]
) -> None:
    Ledger.open(tmp_path).close()
    (tmp_path / "ledger.sqlite").unlink()
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"what was recorded last")
    with pytest.raises(LedgerUnavailable, match=r"whose file is gone: put ledger\.sqlite back"):
        door(tmp_path)
    assert (tmp_path / "ledger.sqlite-wal").read_bytes() == b"what was recorded last"
    assert not (tmp_path / "ledger.sqlite").exists()


def test_a_writer_that_was_killed_before_it_made_the_tables_had_no_ledger(tmp_path: Path) -> None:
    with LedgerFolder(tmp_path).writing("record"):
        (tmp_path / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(LedgerMissing):
        StoreFeed(tmp_path)
    Ledger.open(tmp_path).close()
    StoreFeed(tmp_path).close()
