"""Whatever is changed in an archive is found and named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from archive.folder import FolderPlace
from archive.manifest import MANIFEST, Manifest, read_manifest, write_manifest
from infra.folder import LedgerFolder
from tests.archive.archived import archived, findings, recorded
from tests.ledger.stores import SqliteStore


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    """An archive of a few segments."""
    recorded(tmp_path / "ledger")
    place = FolderPlace(tmp_path / "archive")
    archived(tmp_path / "ledger", place)
    return place


def said(place: FolderPlace, folder: Path | None = None) -> str:
    return "\n".join(f"{one.file}: {one.what}" for one in findings(place, folder))


def test_nothing_is_found_in_what_nobody_touched(place: FolderPlace, tmp_path: Path) -> None:
    assert findings(place) == findings(place, tmp_path / "ledger") == []
    recorded(tmp_path / "ledger", calls=6, quarantined=False)
    assert findings(place, tmp_path / "ledger") == []


def test_a_missing_file_is_found(place: FolderPlace) -> None:
    for name in read_manifest(place).names():
        content = (place.path / name).read_bytes()
        (place.path / name).unlink()
        assert said(place) == f"{name}: The file is missing."
        (place.path / name).write_bytes(content)


def test_a_changed_byte_is_found_in_every_file(place: FolderPlace) -> None:
    for name in read_manifest(place).names():
        content = bytearray((place.path / name).read_bytes())
        content[len(content) // 2] ^= 1
        (place.path / name).write_bytes(content)
        assert f"{name}: The file's bytes were changed." in said(place)
        content[len(content) // 2] ^= 1
        (place.path / name).write_bytes(content)
    assert findings(place) == []


def rewritten(place: FolderPlace, at: int, **changes: object) -> Manifest:
    """The manifest with an entry changed, and its own hash made right again."""
    manifest = read_manifest(place)
    changed = msgspec.structs.replace(manifest.events[at], **changes)
    events = [*manifest.events[:at], changed.sealed(), *manifest.events[at + 1 :]]
    return manifest.with_segments("events", tuple(events))


def test_an_entry_that_was_made_anew_breaks_the_chain(place: FolderPlace) -> None:
    write_manifest(place, MANIFEST, rewritten(place, 0, calls=7))
    after = read_manifest(place).events[1].name
    assert f"The chain is broken before {after}." in said(place)
    assert "Calls or outcomes are not as many as were archived." in said(place)


def test_an_entry_that_was_edited_is_found(place: FolderPlace) -> None:
    path = place.path / MANIFEST
    path.write_text(path.read_text().replace('"calls": 1', '"calls": 2', 1))
    assert "was changed" in said(place)


def test_positions_that_are_missing_or_doubled_are_found(place: FolderPlace) -> None:
    manifest = read_manifest(place)
    first, second, *rest = manifest.events
    write_manifest(place, MANIFEST, manifest.with_segments("events", (first, *rest)))
    assert f"The events {second.first} to {second.last} are missing." in said(place)
    write_manifest(place, MANIFEST, manifest.with_segments("events", (first, first, *rest)))
    assert f"The events 1 to {first.last} are there twice." in said(place)
    write_manifest(place, MANIFEST, manifest)
    table = pq.read_table(place.path / first.name)
    pq.write_table(table.take([0, 0, *range(2, len(table))]), place.path / first.name)
    assert "1 events are missing" in said(place)
    assert "1 events are there twice" in said(place)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "UPDATE events SET document = CAST(document || ' ' AS BLOB) WHERE position = 3",
            "other events: 1",
        ),
        ("UPDATE events SET version = 99 WHERE position = 3", "other events: 1"),
        ("UPDATE outcomes SET fingerprint = 1 WHERE first_position = 3", "other outcomes: 1"),
        ("UPDATE refusals SET document = document || ' ' WHERE number = 1", "other refusals: 1"),
        ("DELETE FROM events WHERE position = 3", "The ledger has no position 3"),
    ],
)
def test_what_differs_from_the_store_is_found(
    place: FolderPlace, tmp_path: Path, statement: str, finding: str
) -> None:
    SqliteStore().execute(LedgerFolder(tmp_path / "ledger"), statement)
    assert finding in said(place, tmp_path / "ledger")
