"""The one Delta table: its files, and commits that are made once or not at all.

Whoever commits says which transaction of its application it is, as of the files that it has seen.
Delta refuses one of which another was made meanwhile.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, Transaction

from infra.errors import LedgerMissing
from lake.columns import BUCKET, PARTITIONS, SHARD, TABLE, schema
from lake.place import LakePlace

KEEP: Final = timedelta(hours=1)
"""So long a reader may go on with the files that it has seen, and a writer has for a commit."""

CONFIGURATION: Final = {
    "delta.dataSkippingNumIndexedCols": "0",
    "delta.deletedFileRetentionDuration": "interval 1 hours",
    "delta.logRetentionDuration": "interval 1 hours",
}
AT_ONCE: Final = 8
"""Files that are written or read at once, as in S3 most of it is waiting."""

WRITTEN: Final[Mapping[str, Any]] = {"compression": "zstd"}
WRITTEN_FRESH: Final[Mapping[str, Any]] = {
    "compression": "snappy",
    "use_dictionary": False,
    "write_statistics": False,
}
"""A fresh file is read whole and replaced in minutes: so it takes a third of the time to write."""


class Overtaken(Exception):  # noqa: N818 - it reads as the state it reports
    """Another process has made this transaction, or a later one, of the application."""


class Rows(NamedTuple):
    """What a file is made of."""

    table: str
    shard: int
    bucket: int | None
    revision: int
    content: pa.Table


class File(NamedTuple):
    """A file of the table, by what Delta knows of it."""

    path: str
    size_bytes: int
    table: str
    shard: int
    bucket: int | None
    """Which calls it has; nothing for one that is fresh."""

    @property
    def revision(self) -> int:
        """Of the commit that brought it: its name begins with it."""
        return int(self.path.rpartition("/")[2].partition("-")[0])

    @property
    def is_fresh(self) -> bool:
        """Whether it is as its commit brought it, and was not folded into its bucket yet."""
        return self.bucket is None

    @property
    def partition(self) -> dict[str, str | None]:
        bucket = None if self.bucket is None else str(self.bucket)
        return {TABLE: self.table, SHARD: str(self.shard), BUCKET: bucket}


class Lake:
    """The table as it was when it was last looked at."""

    def __init__(self, place: LakePlace) -> None:
        """Open it. Raises `LedgerMissing` where there is none, and `LakeUnavailable`."""
        self.place = place
        with place.explained():
            try:
                self._delta = DeltaTable(place.uri, storage_options=place.options)
            except TableNotFoundError:
                raise LedgerMissing(
                    f"There are no tables in {place}: publish them there with `call-ledger project"
                    " --shard 1/2 --into` and the same for each other shard."
                ) from None
            self._store = place.store()

    @classmethod
    def made(cls, place: LakePlace) -> Lake:
        """Open it, or make it where there is none. Raises `LakeUnavailable`."""
        with place.explained():
            place.store()
            DeltaTable.create(
                place.uri,
                schema(),
                mode="ignore",
                partition_by=list(PARTITIONS),
                storage_options=place.options,
                configuration=CONFIGURATION,
            )
        return cls(place)

    @property
    def version(self) -> int:
        """The number of the last commit that was seen."""
        return self._delta.version()

    def look(self) -> None:
        """See what was committed since. Raises `LakeUnavailable`."""
        with self.place.explained():
            self._delta.update_incremental()

    def files(self) -> list[File]:
        """All files of the table, as it was seen."""
        with self.place.explained():
            listed = pa.table(self._delta.get_add_actions(flatten=True))
        columns = ("path", "size_bytes", *(f"partition.{name}" for name in PARTITIONS))
        if not listed.num_rows:
            return []
        values = (listed[column].to_pylist() for column in columns)
        return [File(*row) for row in zip(*values, strict=True)]

    def last_transaction(self, application: str) -> int:
        """The number of the application's last transaction that was seen; 0 where there is none."""
        with self.place.explained():
            return self._delta.transaction_version(application) or 0

    def write(self, rows: Rows) -> File:
        """Write a file, which nobody reads before it is committed. Raises `LakeUnavailable`."""
        sink = pa.BufferOutputStream()
        pq.write_table(rows.content, sink, **(WRITTEN_FRESH if rows.bucket is None else WRITTEN))
        content = bytes(memoryview(sink.getvalue()))
        path = f"{rows.table}/{rows.revision:012}-{uuid.uuid4().hex}.parquet"
        with self.place.explained():
            self._store.put(path, content)
        return File(path, len(content), rows.table, rows.shard, rows.bucket)

    def write_all(self, rows: Iterable[Rows]) -> list[File]:
        """Write several at once."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(self.write, rows))

    def content(self, file: File) -> bytes:
        """A file's bytes. Raises `LakeUnavailable`."""
        with self.place.explained():
            return bytes(self._store.get(file.path).bytes())

    def commit(
        self,
        application: str,
        transaction: int,
        add: Sequence[File],
        remove: Sequence[File] = (),
        is_new: bool = True,
    ) -> None:
        """Add files and take files away, in one commit; `is_new` says whether rows are other ones.

        Raises `Overtaken` where the application's last transaction is not the one before this
        one, and `LakeUnavailable`.
        """
        # Delta itself takes an older number as well, if the table was looked at since.
        if self.last_transaction(application) != transaction - 1:
            raise Overtaken
        now = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = [
            *(
                AddAction(file.path, file.size_bytes, file.partition, now, is_new, "{}")
                for file in add
            ),
            *(removal(file, now, is_new) for file in remove),
        ]
        properties = CommitProperties(app_transactions=[Transaction(application, transaction)])
        with self.place.explained():
            try:
                self._delta.create_write_transaction(
                    actions, "append", schema(), list(PARTITIONS), commit_properties=properties
                )
            except CommitFailedError:
                self._delta.update_incremental()
                if not self._has_all(add):
                    raise Overtaken from None
            self._delta.update_incremental()

    def _has_all(self, added: Sequence[File]) -> bool:
        """Whether a commit was made whose answer was lost: asked again, it met itself."""
        return {file.path for file in added} <= {file.path for file in self.files()}

    def vacuum(self, keep: timedelta = KEEP) -> int:
        """Delete files that no reader of the last hour needs; returns how many they were.

        So are those of commits that were never made. Raises `LakeUnavailable`.
        """
        with self.place.explained():
            deleted = self._delta.vacuum(
                int(keep.total_seconds() // 3600),
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
            )
            self._delta.cleanup_metadata()
            self._delta.update_incremental()
        return len(deleted)


def removal(file: File, now_milliseconds: int, is_new: bool) -> RemoveAction:
    """What takes a file out of the table; its bytes stay until nobody reads them."""
    return RemoveAction(
        path=file.path,
        data_change=is_new,
        deletion_timestamp=now_milliseconds,
        size=file.size_bytes,
        partition_values=file.partition,
    )
