"""The archive asked for as a person asks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from archive.folder import FolderPlace
from archive.manifest import read_manifest
from ledger.feed import StoreFeed
from tests.archive.archived import recorded
from tests.entrypoints.calling import call, start


def test_an_archive_is_made_verified_listed_and_read(tmp_path: Path) -> None:
    folder, place = tmp_path / "ledger", str(tmp_path / "archive")
    recorded(folder)
    made = call(folder, "archive", "create", place, "--segment-rows", "8", "--json")
    listed = call(folder, "archive", "list", place, "--json").json
    assert made.json["position"] == listed[3]["last"] == 28
    assert made.json["entry_sha256"] == listed[3]["entry_sha256"]
    assert call(folder, "archive", "verify", place, "--beside-store").code == 0
    (tmp_path / "archive" / listed[0]["name"]).unlink()
    found = call(folder, "archive", "verify", place, "--json")
    assert found.code == 1
    assert found.json["findings"] == [{"file": listed[0]["name"], "what": "The file is missing."}]


def test_an_archive_of_nothing_has_no_entry_yet(tmp_path: Path) -> None:
    folder, place = tmp_path / "ledger", str(tmp_path / "archive")
    call(folder, "record", "--lines", "-", typed=b"{}\n")
    made = call(folder, "archive", "create", place)
    assert "0 events and 0 refusals" in made.said
    assert "Last entry: none yet" in made.said
    assert call(folder, "archive", "verify", place).code == 0


def test_the_documents_are_printed_in_their_bytes(tmp_path: Path) -> None:
    folder, place = tmp_path / "ledger", str(tmp_path / "archive")
    recorded(folder)
    call(folder, "archive", "create", place, "--segment-rows", "8")
    with StoreFeed(folder) as feed:
        (batch,) = feed.batches(0)
    printed = call(folder, "archive", "read", place, "--from", "6", "--to", "19")
    assert printed.out.encode().splitlines() == list(batch.documents[5:19])


def test_tables_of_an_archive_give_the_reports_of_the_store(tmp_path: Path) -> None:
    folder, analysis, place = tmp_path / "ledger", tmp_path / "analysis", str(tmp_path / "archive")
    recorded(folder)
    call(folder, "archive", "create", place, "--segment-rows", "8")
    assert call(analysis, "archive", "tables", place, "--json").json == {"position": 28}
    for question in (["report", "wrap-ups"], ["report", "refusals", "--by", "rule"]):
        assert call(analysis, *question, "--json").json == call(folder, *question, "--json").json
    recorded(folder, calls=6, quarantined=False)
    call(folder, "archive", "create", place)
    assert call(analysis, "archive", "tables", place, "--json").json == {"position": 42}


@pytest.mark.slow
def test_it_follows_the_store_until_it_is_stopped(tmp_path: Path) -> None:
    folder, place = tmp_path / "ledger", tmp_path / "archive"
    recorded(folder, calls=2)
    place.write_text("in its way")
    with start(folder, "archive", "create", str(place), "--every", "1s") as following:
        assert following.stderr is not None
        assert b"could not be used" in following.stderr.readline()
        place.unlink()
        for position in (14, 28):
            recorded(folder, calls=position // 7, quarantined=False)
            deadline = time.monotonic() + 60
            while position_of(place) != position:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        following.terminate()
        assert following.wait(60) == 0
    last = sorted(one.name for one in place.glob("events-*.parquet"))
    assert last == [
        "events-000000000001-000000000014.parquet",
        "events-000000000001-000000000028.parquet",
    ]
    assert call(folder, "archive", "create", str(place)).code == 0
    assert call(folder, "archive", "create", str(place), "--every", "soon").code == 2


def position_of(place: Path) -> int:
    if not (place / "manifest.json").exists():
        return 0
    return read_manifest(FolderPlace(place)).ends().position


def test_what_cannot_be_looked_at_is_said_with_3(tmp_path: Path) -> None:
    answer = call(tmp_path, "archive", "verify", str(tmp_path / "nothing"))
    assert answer.code == 3
    assert "There is no archive in" in answer.said
