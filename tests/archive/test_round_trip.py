"""An archive is made, grows, and gives the same ledger back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import polars
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from archive.feed import ArchiveFeed
from archive.folder import FolderPlace
from archive.manifest import read_manifest
from archive.restoring import restore
from infra.errors import LedgerError, LedgerMissing, LedgerUnavailable
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.quarantine import reading_quarantine
from ledger.store.migration import CONTENT, content_of
from ledger.store.opening import store_to_read
from tests.archive.archived import SEGMENT_ROWS, archived, files_of, findings, recorded
from tests.ledger.lines import lines_of_calls
from tests.ledger.scenes import refused
from tests.ledger.stores import PostgresqlStore, Store, ledger_at


def quietly(_done: int, _total: int | None) -> None:
    """Nobody watches."""


def contents(folder: LedgerFolder) -> dict[str, object]:
    with closing(store_to_read(folder)) as store:
        return {table: content_of(store, table) for table in CONTENT}


@pytest.mark.slow
def test_a_ledger_comes_back_from_its_archive_alone_and_answers_repeats_as_before(
    tmp_path: Path, store: Store
) -> None:
    folder = ledger_at(tmp_path / "ledger", store.url)
    lines = lines_of_calls(4)
    with Ledger.open(folder) as ledger:
        first = ledger.record_many([read_request(line) for line in lines])
        other = read_request(lines[0].replace(b"sales", b"help"))
        reused = refused(ledger.record(*other))
        ledger.quarantine.add("calls.jsonl:1", b"\xff\0", "It is cut.")
    place = FolderPlace(tmp_path / "archive")
    archived(folder, place)
    back = LedgerFolder(tmp_path / "back")
    restore(place, back, quietly)
    assert contents(back) == contents(folder)
    with Ledger.open(back) as ledger:
        again = ledger.record_many([read_request(line) for line in lines])
        assert again == [replace(one, repeated=True) for one in first]
        assert refused(ledger.record(*other)) == replace(reused, repeated=True)
    with reading_quarantine(back) as quarantine:
        assert quarantine.show(1).original == b"\xff\0"


@pytest.mark.slow
def test_a_ledger_comes_back_in_postgresql_where_nobody_uses_it_before_it_is_whole(
    tmp_path: Path, postgresql_store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(tmp_path / "ledger")
    place = FolderPlace(tmp_path / "archive")
    archived(tmp_path / "ledger", place)
    back = ledger_at(tmp_path / "back", postgresql_store.url)
    monkeypatch.setattr("archive.restoring.ROWS_AT_ONCE", 5)
    steps = 0

    def stop(_done: int, _total: int | None) -> None:
        nonlocal steps
        steps += 1
        if steps == 2:
            with pytest.raises(LedgerUnavailable), closing(store_to_read(back)):
                pass
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(place, back, stop)
    restore(place, back, quietly)
    assert findings(place, back) == []
    assert contents(back) == contents(LedgerFolder(tmp_path / "ledger"))
    again = FolderPlace(tmp_path / "again")
    archived(back, again)
    assert files_of(again) == files_of(place)
    with pytest.raises(LedgerError):
        restore(place, back, quietly)


def test_archive_to_store_to_archive_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    recorded(tmp_path / "ledger")
    first, second = FolderPlace(tmp_path / "first"), FolderPlace(tmp_path / "second")
    archived(tmp_path / "ledger", first)
    restore(first, LedgerFolder(tmp_path / "back"), quietly)
    archived(tmp_path / "back", second)
    assert files_of(first) == files_of(second)
    assert len(read_manifest(first).events) > 2


def test_an_archive_that_grew_is_the_one_made_at_once_and_what_was_sealed_stays(
    tmp_path: Path,
) -> None:
    grown, at_once = FolderPlace(tmp_path / "grown"), FolderPlace(tmp_path / "at once")
    recorded(tmp_path / "ledger", calls=2)
    sealed = archived(tmp_path / "ledger", grown).full("events")
    written = {one.name: (grown.path / one.name).stat().st_mtime_ns for one in sealed}
    recorded(tmp_path / "ledger", calls=5, quarantined=False)
    archived(tmp_path / "ledger", grown)
    archived(tmp_path / "ledger", at_once)
    assert files_of(grown) == files_of(at_once)
    assert written == {name: (grown.path / name).stat().st_mtime_ns for name in written}
    assert sealed


def test_the_feed_of_an_archive_is_that_of_the_store(tmp_path: Path) -> None:
    recorded(tmp_path / "ledger")
    place = FolderPlace(tmp_path / "archive")
    archived(tmp_path / "ledger", place)
    with StoreFeed(tmp_path / "ledger") as store, ArchiveFeed(place) as feed:
        assert feed.head() == store.head()
        for after in range(feed.head().position + 1):
            expected = [
                (position, call, document)
                for batch in store.batches(after)
                for position, call, document in zip(
                    batch.positions, batch.call_positions, batch.documents, strict=True
                )
            ]
            assert [
                row
                for batch in feed.batches(after, 3)
                for row in zip(batch.positions, batch.call_positions, batch.documents, strict=True)
            ] == expected
            blocks = list(feed.blocks(after, 3))
            assert b"".join(block.documents for block in blocks) == b"".join(
                document for _, _, document in expected
            )
            assert [at for block in blocks for at in block.positions] == [at for at, *_ in expected]
        refused_documents = [one for batch in store.refusals(0) for one in batch.documents]
        assert [one for batch in feed.refusals(0, 2) for one in batch.documents] == (
            refused_documents
        )


def test_every_reader_of_parquet_reads_it(tmp_path: Path) -> None:
    recorded(tmp_path / "ledger")
    place = FolderPlace(tmp_path / "archive")
    manifest = archived(tmp_path / "ledger", place)
    with StoreFeed(tmp_path / "ledger") as feed:
        (batch,) = feed.batches(0)
    expected = [document.decode() for document in batch.documents]
    paths = [str(place.path / one.name) for one in manifest.events]
    arrow = pq.ParquetDataset(paths).read().sort_by("position")
    assert arrow["document"].to_pylist() == expected
    frame = polars.read_parquet(paths).sort("position")
    assert frame["document"].to_list() == expected
    rows = duckdb.execute(
        f"select document, type, json_extract_string(document, '$.type'), occurred_at,"
        f" command_id::varchar, json_extract_string(document, '$.commandid')"
        f" from read_parquet({paths}) order by position"
    ).fetchall()
    assert [row[0] for row in rows] == expected
    assert all(row[1] == row[2] and row[4] == row[5] for row in rows)


def test_a_store_of_another_ledger_or_an_older_state_is_not_archived_over(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "archive")
    recorded(tmp_path / "ledger", calls=4)
    archived(tmp_path / "ledger", place)
    before = files_of(place)
    for calls in (1, 4, 6):
        other = tmp_path / f"other of {calls}"
        recorded(other, calls)
        with pytest.raises(LedgerError, match="is of another ledger, or of a later state"):
            archived(other, place)
    assert files_of(place) == before


def test_what_cannot_be_restored_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "archive")
    with pytest.raises(LedgerMissing, match="There is no archive in"):
        restore(place, LedgerFolder(tmp_path / "back"), quietly)
    recorded(tmp_path / "ledger")
    manifest = archived(tmp_path / "ledger", place)
    with pytest.raises(LedgerError, match="There is a ledger in"):
        restore(place, LedgerFolder(tmp_path / "ledger"), quietly)
    (place.path / manifest.events[-1].name).unlink()
    with pytest.raises(LedgerError, match="is missing or was changed"):
        restore(place, LedgerFolder(tmp_path / "back"), quietly)
    assert not LedgerFolder(tmp_path / "back").has_store


def test_nothing_is_restored_beside_the_log_of_another_ledger(tmp_path: Path) -> None:
    """SQLite would put the log's pages in the place of the restored ones."""
    place, back = FolderPlace(tmp_path / "archive"), LedgerFolder(tmp_path / "back")
    recorded(tmp_path / "ledger")
    archived(tmp_path / "ledger", place)
    back.path.mkdir()
    back.log.write_bytes(b"what was recorded last")
    with pytest.raises(LedgerUnavailable, match="move it away to begin or restore one"):
        restore(place, back, quietly)
    back.log.unlink()
    restore(place, back, quietly)
    assert contents(back) == contents(LedgerFolder(tmp_path / "ledger"))


def test_an_empty_ledger_has_an_archive_too(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger"):
        pass
    place = FolderPlace(tmp_path / "archive")
    assert archived(tmp_path / "ledger", place).ends() == (0, 0)
    assert findings(place, tmp_path / "ledger") == []
    restore(place, LedgerFolder(tmp_path / "back"), quietly)
    assert contents(LedgerFolder(tmp_path / "back")) == contents(LedgerFolder(tmp_path / "ledger"))


def test_segments_are_bounded(tmp_path: Path) -> None:
    recorded(tmp_path / "ledger", calls=6)
    manifest = archived(tmp_path / "ledger", FolderPlace(tmp_path / "archive"))
    assert {one.rows for one in manifest.events[:-1]} == {SEGMENT_ROWS}
