"""A segment as a file: the same rows give the same bytes, wherever and whenever it is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from archive.columns import NUMBER, segment_table
from archive.manifest import Kind, Segment, segment_name
from archive.place import Place
from infra.errors import LedgerError
from ledger.store.interface import NewRows, StoredOutcome

ROWS_OF_GROUP: Final = 50_000
"""Rows of one row group: calls that began next to each other."""

DOCUMENT: Final = "document"

SETTINGS: Final = {
    "version": "2.6",
    "data_page_version": "1.0",
    "data_page_size": 2**20,
    "compression": "zstd",
    "compression_level": 3,
    "row_group_size": ROWS_OF_GROUP,
    "store_schema": False,
    "write_statistics": True,
}
"""All that decides over the bytes. Beside each other the documents of a call compress so well that
a higher level, measured, is a fifth smaller and takes eight times as long."""


class Unreadable(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A file is no segment; the text says why."""


def segment_of(kind: Kind, rows: NewRows, previous_sha256: str) -> tuple[memoryview, Segment]:
    """A segment's file and its entry in the manifest."""
    table = segment_table(kind, rows)
    sink = pa.BufferOutputStream()
    repeating = [
        name
        for name, field in zip(table.column_names, table.schema, strict=True)
        if name != DOCUMENT and (pa.types.is_string(field.type) or pa.types.is_list(field.type))
    ]
    paths = [
        f"{name}.list.element" if pa.types.is_list(table.schema.field(name).type) else name
        for name in repeating
    ]
    pq.write_table(table, sink, use_dictionary=paths, **SETTINGS)
    content = memoryview(sink.getvalue())
    own = numbered_rows(kind, rows)
    first, last = own[0][0], own[-1][0]
    entry = Segment(
        name=segment_name(kind, first, last),
        first=first,
        last=last,
        calls=len(rows.calls),
        outcomes=len(rows.outcomes),
        size_bytes=len(content),
        sha256=sha256(content).hexdigest(),
        documents_sha256=documents_sha256(row[-1] for row in own),
        previous_sha256=previous_sha256,
    )
    return content, entry.sealed()


def content_of(place: Place, name: str, digest: str) -> bytes:
    """A file's bytes. Raises `LedgerError` when they are not those that the manifest names."""
    content = place.read(name)
    if content is None or sha256(content).hexdigest() != digest:
        raise damaged(place, f"{name} is missing or was changed")
    return content


def damaged(place: Place, why: str) -> LedgerError:
    """The error for an archive that a ledger cannot be made of."""
    return LedgerError(
        f"The archive in {place} is not what was archived ({why}): look with `call-ledger archive "
        f"verify {place}`, and restore from a copy of it."
    )


def numbered_rows(kind: Kind, rows: NewRows) -> Sequence[tuple[Any, ...]]:
    """The rows that a segment's numbers count: its events, or its refusals."""
    return rows.events if kind == "events" else rows.refusals


def documents_sha256(documents: Iterable[bytes]) -> str:
    """The hash of documents in order of position, each with a line feed after it."""
    total = sha256()
    for document in documents:
        total.update(document)
        total.update(b"\n")
    return total.hexdigest()


def table_in(kind: Kind, content: bytes, columns: list[str] | None = None) -> pa.Table:
    """A segment's rows in order of position. Raises `Unreadable`."""
    try:
        table = pq.read_table(BytesIO(content), columns=columns)
        return table.take(pc.sort_indices(table[NUMBER[kind]])).combine_chunks()
    except (pa.ArrowException, OSError, KeyError) as error:
        raise Unreadable(str(error).splitlines()[0]) from None


def rows_in_file(kind: Kind, content: bytes) -> NewRows:
    """What a store takes back of a segment. Raises `Unreadable`."""
    return events_in_file(content) if kind == "events" else refusals_in_file(content)


def events_in_file(content: bytes) -> NewRows:
    """Events by position, with the calls that begin and the outcomes."""
    names = (
        "position", "call_position", "version", DOCUMENT, "source", "call_id",
        "command_id", "outcome_events", "outcome_fingerprint",
    )  # fmt: skip
    table = table_in("events", content, list(names))
    rows = NewRows()
    for position, call, version, document, source, call_id, command_id, events, fingerprint in zip(
        *(values_of(table, name) for name in names), strict=True
    ):
        rows.events.append((position, call, version, document))
        if position == call:
            rows.calls.append((source, call_id, call))
        if events is not None:
            rows.outcomes.append(StoredOutcome(command_id, position, events, None, fingerprint))
    return rows


def refusals_in_file(content: bytes) -> NewRows:
    """Refusals by number, with their outcomes."""
    names = ("refusal_number", DOCUMENT, "outcome_command_id", "outcome_fingerprint")
    table = table_in("refusals", content, list(names))
    rows = NewRows()
    for number, document, command_id, fingerprint in zip(
        *(values_of(table, name) for name in names), strict=True
    ):
        rows.refusals.append((number, document))
        if command_id is not None:
            rows.outcomes.append(StoredOutcome(command_id, None, 0, number, fingerprint))
    return rows


def values_of(table: pa.Table, name: str) -> list[object]:
    """A column's values; documents and command ids as their bytes."""
    column = table[name].combine_chunks()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if name == DOCUMENT:
        column = column.view(pa.binary())
    values: list[object] = column.to_pylist()
    return values
