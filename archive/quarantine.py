"""What could not be read, in the archive: one file of all of it, because its rows change."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from archive.manifest import Manifest, Quarantine
from archive.place import Place
from archive.segments import Unreadable
from ledger.store.interface import Quarantined, StoreReader

ENTRIES_AT_ONCE: Final = 500

SCHEMA: Final = pa.schema(
    [
        ("number", pa.int64()),
        ("received_at", pa.string()),
        ("origin", pa.string()),
        ("reason", pa.string()),
        ("original", pa.binary()),
        ("state", pa.string()),
        ("resolved_at", pa.string()),
        ("resolved_by", pa.string()),
        ("why", pa.string()),
    ]
)


def put_quarantine(store: StoreReader, place: Place, manifest: Manifest) -> Manifest:
    """Write the quarantine as it is now, named by its hash, and name it in the manifest."""
    content, rows = quarantine_file(store)
    if not rows:
        return msgspec.structs.replace(manifest, quarantine=None)
    digest = sha256(content).hexdigest()
    entry = Quarantine(f"quarantine-{digest[:16]}.parquet", rows, len(content), digest)
    if entry != manifest.quarantine:
        place.create(entry.name, content)
    return msgspec.structs.replace(manifest, quarantine=entry)


def quarantine_file(store: StoreReader) -> tuple[memoryview, int]:
    """The file, and how many rows it has."""
    sink, rows, number = pa.BufferOutputStream(), 0, 0
    with pq.ParquetWriter(
        sink, SCHEMA, compression="zstd", use_dictionary=False, store_schema=False
    ) as writer:
        while page := store.quarantined(number, ENTRIES_AT_ONCE):
            columns = zip(*page, strict=True)
            writer.write_table(pa.table(list(columns), schema=SCHEMA))
            rows, number = rows + len(page), page[-1].number
    return memoryview(sink.getvalue()), rows


def quarantined_in(content: bytes) -> Iterator[Quarantined]:
    """The rows of the file. Raises `Unreadable`."""
    try:
        with pq.ParquetFile(BytesIO(content)) as file:
            for batch in file.iter_batches(ENTRIES_AT_ONCE):
                rows: list[Any] = [column.to_pylist() for column in batch.columns]
                yield from map(Quarantined._make, zip(*rows, strict=True))
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(str(error).splitlines()[0]) from None
