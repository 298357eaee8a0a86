"""An archive in S3: a real server, spoken to over its protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from pyarrow.fs import S3FileSystem

from archive.bucket import BucketPlace
from archive.creation import create
from archive.folder import FolderPlace
from archive.parallel.computed import Computed, computed
from archive.parallel.plan import Wanted
from archive.place import ArchiveUnavailable
from archive.places import place_of
from archive.restoring import restore
from infra.errors import LedgerInUse
from infra.folder import LedgerFolder
from ledger.store.opening import store_to_read
from projections.models import of_this_version
from tests.archive.archived import archived, files_of, findings, recorded
from tests.archive.dying import Here

PREFIXES = count()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty prefix of a bucket: the server keeps what it has between tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    where = {"endpoint_override": f"{host}:{port}", "scheme": "http", "region": "us-east-1"}
    S3FileSystem(**where, allow_bucket_creation=True).create_dir("archives")
    yield f"s3://archives/{next(PREFIXES)}?" + "&".join(
        f"{name}={value}" for name, value in where.items()
    )
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


class Interrupted(BucketPlace):
    """A place at which somebody else does something just before the manifest is replaced."""

    def __init__(self, url: str, meanwhile: Callable[[], object]) -> None:
        super().__init__(url)
        self._meanwhile = meanwhile

    def replace(self, name: str, content: memoryview, state: str | None) -> bool:
        self._meanwhile()
        return super().replace(name, content, state)


@pytest.mark.slow
def test_of_two_writers_one_is_told_and_the_archive_is_that_of_the_other(
    tmp_path: Path, bucket: str
) -> None:
    ledger, place = tmp_path / "ledger", place_of(bucket)
    recorded(ledger, calls=2)

    def another() -> None:
        recorded(ledger, calls=4, quarantined=False)
        archived(ledger, place)

    for _ in range(2):
        with pytest.raises(LedgerInUse, match="brought up by another process meanwhile"):
            archived(ledger, Interrupted(bucket, another))
        assert findings(place, ledger) == []
        recorded(ledger, calls=6, quarantined=False)
    archived(ledger, place)
    folder = FolderPlace(tmp_path / "archive")
    archived(ledger, folder)
    assert {name: place.read(name) for name in files_of(folder)} == files_of(folder)


@pytest.mark.slow
def test_of_many_writers_at_once_each_leaves_a_whole_archive(tmp_path: Path, bucket: str) -> None:
    ledger, place = tmp_path / "ledger", place_of(bucket)
    recorded(ledger, calls=1)
    told: list[str] = []

    def bring_up() -> None:
        for _ in range(4):
            try:
                archived(ledger, place_of(bucket))
            except LedgerInUse as error:
                told.append(str(error))

    writers = [threading.Thread(target=bring_up) for _ in range(3)]
    for one in writers:
        one.start()
    for calls in range(2, 8):
        recorded(ledger, calls=calls, quarantined=False)
    for one in writers:
        one.join()
    assert findings(place) == []
    archived(ledger, place)
    assert findings(place, ledger) == []


@pytest.mark.slow
def test_a_shorter_last_segment_stays_one_turn_for_who_reads_and_no_longer(
    tmp_path: Path, bucket: str
) -> None:
    ledger, place = tmp_path / "ledger", place_of(bucket)
    lasts = []
    for calls in (1, 2, 3):
        recorded(ledger, calls, quarantined=False)
        with closing(store_to_read(LedgerFolder(ledger))) as store:
            create(store, place, lambda _done, _total: None, 1000, keeps_before=True)
        lasts.append([one for one in place.names() if one.startswith("events-")])
    assert [len(one) for one in lasts] == [1, 2, 2]
    assert lasts[2][0] == lasts[1][1]


@pytest.mark.slow
def test_a_sealed_segment_is_never_written_over(tmp_path: Path, bucket: str) -> None:
    ledger, place = tmp_path / "ledger", place_of(bucket)
    recorded(ledger, calls=2)
    name = "events-000000000001-000000000008.parquet"
    place.write(name, memoryview(b"of another program"))
    with pytest.raises(LedgerInUse, match="has another events-000000000001"):
        archived(ledger, place)
    assert place.read(name) == b"of another program"


@pytest.mark.slow
def test_an_object_is_read_in_parts_as_a_file_is(bucket: str) -> None:
    place = place_of(bucket)
    table = pa.table({"number": range(1000)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=100)
    place.write("numbers.parquet", memoryview(sink.getvalue()))
    with place.opened("numbers.parquet") as file:
        assert pq.ParquetFile(file).read_row_group(3)["number"].to_pylist() == [*range(300, 400)]
    with place.opened("none.parquet") as nothing:
        assert nothing is None


@pytest.mark.slow
def test_tables_are_computed_from_a_bucket_into_a_bucket(tmp_path: Path, bucket: str) -> None:
    ledger = tmp_path / "ledger"
    recorded(ledger, calls=3)
    archived(ledger, place_of(bucket))
    work = bucket.replace("?", "-work?")
    models = of_this_version()
    wanted = Wanted.all_of(models, 500)
    found = computed((bucket, work), Here(), models, wanted, lambda *_: None, 10)
    assert [sum(one.values()) for one in counts_of(found)] == [21, 3]
    found.forget()
    assert place_of(work).names() == []


def counts_of(found: Computed) -> tuple[dict[int, int], dict[int, int]]:
    """The events and the rows of `calls`, by the first position of each part."""
    parts = list(found.parts())
    events = {part.first: part.events for part in parts}
    return events, {part.first: len(part.tables["calls"]) for part in parts}
