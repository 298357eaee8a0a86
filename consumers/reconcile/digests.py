"""What reconciling reads, as digests in a file that is thrown away: memory stays bounded.

A record has two digests: that of its bytes, and that of the row which the tables make of them. So
the tables, which keep no bytes, are compared with the others too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import orjson
import pyarrow as pa

from infra.topics import EVENTS, REFUSALS
from projections.columns import BODY, EVENT_COLUMNS, REFUSAL_BODY, REFUSAL_COLUMNS, rows_of

MEMORY_LIMIT: Final = "1GB"
BATCH: Final = 50_000

TABLES: Final = """
create table store (number bigint, call_id varchar, digest blob, row_digest blob);
create table kafka (
    number bigint, call_id varchar, digest blob, row_digest blob,
    partition_number integer, message_offset bigint, is_as_published boolean
);
create table tables (number bigint, call_id varchar, row_digest blob);
"""

Columns = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Records:
    """One of the two things that are recorded: where each of the three keeps it."""

    name: str
    number: str
    """The column that counts them."""
    topic: str
    table: str
    columns: Columns
    body: dict[str, str]

    @property
    def row_digest(self) -> str:
        """The digest of a row of these columns; every value as text, whatever its column."""
        texts = ", ".join(f"{name}::varchar" for name in self.columns)
        return f"unhex(sha256(to_json([{texts}])::varchar))"


RECORDS: Final = (
    Records("event", "position", EVENTS, "events", EVENT_COLUMNS, BODY),
    Records("refusal", "refusal_number", REFUSALS, "refusal_events", REFUSAL_COLUMNS, REFUSAL_BODY),
)


class Found(NamedTuple):
    """A document as it was found, and where; only Kafka has partitions."""

    number: int | None
    """Nothing when a message says no place in the ledger."""
    call_position: int
    document: bytes
    key: str | None = None
    partition: int = 0
    offset: int = 0
    is_as_published: bool = True


class Digests:
    """The digests of the three, of events or of refusals."""

    def __init__(self, folder: Path, records: Records) -> None:
        self.records = records
        self.connection = duckdb.connect(
            str(folder / f"{records.table}.duckdb"),
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(folder)},
        )
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(TABLES)
        passed_on = ("call", "digest", "partition_number", "message_offset", "is_as_published")
        columns: Columns = {**records.columns, **{name: ("", name) for name in passed_on}}
        self._rows = rows_of("arriving", columns, records.body)

    def add(self, side: str, found: Sequence[Found]) -> None:
        """Take documents in, of the store or of Kafka."""
        for start in range(0, len(found), BATCH):
            self._add(side, found[start : start + BATCH])

    def add_rows(self, rows: pa.Table) -> None:
        """Take rows of the tables in, which come as digests."""
        self.connection.register("arriving", rows)
        self.connection.execute("insert into tables by name from arriving")
        self.connection.unregister("arriving")

    def _add(self, side: str, found: Sequence[Found], readable: bool = True) -> None:
        read = [subject_and_text(record) if readable else (record.key, None) for record in found]
        arriving = {
            self.records.number: pa.array([record.number for record in found], pa.int64()),
            "call_position": pa.array([record.call_position for record in found], pa.int64()),
            "document": pa.array([text for _, text in read], pa.binary()).view(pa.string()),
            "call": pa.array([call for call, _ in read], pa.string()),
            "digest": pa.array([sha256(record.document).digest() for record in found], pa.binary()),
            "partition_number": pa.array([record.partition for record in found], pa.int32()),
            "message_offset": pa.array([record.offset for record in found], pa.int64()),
            "is_as_published": pa.array([record.is_as_published for record in found], pa.bool_()),
        }
        columns = f"{self.records.number}, call, digest, {self.records.row_digest}"
        if side == "kafka":
            columns += ", partition_number, message_offset, is_as_published"
        self.connection.register("arriving", pa.table(arriving))
        try:
            self.connection.execute(f"insert into {side} select {columns} from ({self._rows})")
        except duckdb.Error:
            if not readable:
                raise
            middle = len(found) // 2
            if not middle:
                self._add(side, found, readable=False)
            else:
                self._add(side, found[:middle])
                self._add(side, found[middle:])
        finally:
            self.connection.unregister("arriving")


def subject_and_text(found: Found) -> tuple[str | None, bytes | None]:
    """The document's call and its text; the message's key and nothing when it is not JSON."""
    try:
        read: Any = orjson.loads(found.document)
        return str(read["subject"]), found.document
    except (ValueError, KeyError, TypeError):
        return found.key, None


@contextmanager
def digests_in_a_file(records: Records) -> Iterator[Digests]:
    """A file of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-reconcile-") as folder:
        digests = Digests(Path(folder), records)
        try:
            yield digests
        finally:
            digests.connection.close()
