"""Tables are never gone on with from another ledger's store, whoever points the folder to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from infra.postgresql import Postgresql
from ledger.store.migration import migrate
from projections.errors import OtherLedger
from projections.serving.client import Reader
from projections.serving.server import owning
from tests.ledger.stores import PostgresqlStore, ledger_at
from tests.projections.damaged_store import damage
from tests.projections.received_calls import count, record_some


def put_store(of: Path, into: Path) -> None:
    shutil.copy(of / "ledger.sqlite", into / "ledger.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Its tables show three events."""
    place = tmp_path / "ledger"
    record_some(place, 1, 4)
    assert count(place) == (3, 3)
    return place


@pytest.mark.parametrize("events", [1, 3, 7])
def test_another_ledger_of_any_length_is_refused(folder: Path, tmp_path: Path, events: int) -> None:
    record_some(tmp_path / "other", 1, 1 + events)
    put_store(tmp_path / "other", folder)
    with pytest.raises(OtherLedger, match="delete that file to have it made anew"):
        count(folder)
    (folder / "projections.duckdb").unlink()
    assert count(folder) == (events, events)


def test_a_copy_that_went_on_otherwise_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    put_store(folder, copy)
    record_some(copy, 10, 13)
    record_some(folder, 20, 21)
    assert count(folder) == (4, 4)
    put_store(copy, folder)
    with pytest.raises(OtherLedger, match="does not have their event 4"):
        count(folder)


def test_a_copy_that_went_on_from_what_the_tables_show_is_the_same_ledger(
    folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    put_store(folder, copy)
    record_some(copy, 10, 13)
    put_store(copy, folder)
    assert count(folder) == (6, 6)


def test_who_asks_a_process_that_follows_another_store_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    record_some(tmp_path / "other", 1, 6)
    with Reader(folder) as owner:
        assert owner.ask("select 1").position == 3
        put_store(tmp_path / "other", folder)
        with Reader(folder) as asking, pytest.raises(OtherLedger, match="follows another store"):
            asking.ask("select 1")


@pytest.mark.parametrize("document", [b"{}", b"[]", b"", b"\xff"])
def test_a_first_event_that_cannot_be_read_keeps_nobody_out(folder: Path, document: bytes) -> None:
    with Reader(folder) as owner:
        assert owner.ask("select 1").position == 3
        damage(folder, 1, document)
        with Reader(folder) as asking:
            assert asking.ask("select 1").position == 3
    assert count(folder) == (3, 3)


def test_a_migrated_ledger_is_the_same_and_another_database_is_refused(
    folder: Path, postgresql: LocalPostgresql
) -> None:
    migrated = Postgresql(PostgresqlStore.new(postgresql.url).url)
    migrate(folder, migrated, lambda *_: None)
    moved = LedgerFolder(folder, migrated)
    record_some(moved, 10, 12)
    assert count(moved) == (5, 5)
    other = ledger_at(folder, PostgresqlStore.new(postgresql.url).url)
    record_some(other, 1, 9)
    with pytest.raises(OtherLedger):
        count(other)
    with owning(folder) as owner:
        assert owner.projections.positions.position == 5
