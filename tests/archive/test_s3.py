"""An archive in S3: a real server, spoken to over its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from pyarrow.fs import S3FileSystem

from archive.places import ArchiveUnavailable, BucketPlace, FolderPlace, place_of
from archive.restoring import restore
from infra.folder import LedgerFolder
from tests.archive.archived import archived, files_of, findings, recorded


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    where = {"endpoint_override": f"{host}:{port}", "scheme": "http", "region": "us-east-1"}
    S3FileSystem(**where, allow_bucket_creation=True).create_dir("archives")
    yield "s3://archives/calls?" + "&".join(f"{name}={value}" for name, value in where.items())
    server.stop()


@pytest.mark.slow
def test_an_archive_in_a_bucket_is_that_of_a_folder_and_gives_the_ledger_back(
    tmp_path: Path, bucket: str
) -> None:
    recorded(tmp_path / "ledger", calls=2)
    place = place_of(bucket)
    assert isinstance(place, BucketPlace)
    archived(tmp_path / "ledger", place)
    recorded(tmp_path / "ledger", calls=4, quarantined=False)
    archived(tmp_path / "ledger", place)
    folder = FolderPlace(tmp_path / "archive")
    archived(tmp_path / "ledger", folder)
    assert {name: place.read(name) for name in place.names()} == files_of(folder)
    assert findings(place, tmp_path / "ledger") == []
    restore(place, LedgerFolder(tmp_path / "back"), lambda _done, _total: None)
    assert findings(place, tmp_path / "back") == []
    name = place.names()[0]
    place.remove(name)
    assert [one.what for one in findings(place)] == ["The file is missing."]


@pytest.mark.slow
def test_a_bucket_that_cannot_be_reached_is_told(tmp_path: Path, bucket: str) -> None:
    recorded(tmp_path / "ledger", calls=1)
    with pytest.raises(ArchiveUnavailable, match="could not be used"):
        archived(tmp_path / "ledger", place_of(bucket.replace("archives", "nowhere")))
