"""The columns of a segment: what the store has, and beside it what models read of the documents.

The latter come from the columns of the read side: a new field of an event is a new column here too.
"""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from archive.manifest import Kind
from infra.errors import LedgerError
from ledger.store.interface import NewRows
from projections.columns import BODY, EVENT_COLUMNS, REFUSAL_BODY, REFUSAL_COLUMNS, rows_of

NUMBER: Final[dict[Kind, str]] = {"events": "position", "refusals": "refusal_number"}
"""The column by which rows are numbered."""

UNTYPED: Final = frozenset({"position", "call_position", "version", "refusal_number"})
"""What the store says itself; it is not read of the documents."""

MOST_BYTES: Final = 2**31 - 1
"""As much as a column's begins can count."""


def segment_table(kind: Kind, rows: NewRows) -> pa.Table:
    """A segment's rows by call and version, or refusals by number, in all of their columns."""
    own = events_table(rows) if kind == "events" else refusals_table(rows)
    if own["document"].num_chunks != 1:
        raise LedgerError(
            "The documents of one segment have more than 2 GiB: make the archive with fewer rows "
            "in a segment (--segment-rows)."
        )
    typed = typed_columns(kind, own)
    return pa.table({**columns_in(own), **columns_in(typed)})


def columns_in(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    """A table's columns by their names."""
    return dict(zip(table.column_names, table.columns, strict=True))


def events_table(rows: NewRows) -> pa.Table:
    """What the store says of events, the events of a call together."""
    of_position = {outcome[1]: outcome for outcome in rows.outcomes}
    in_order = sorted(rows.events, key=lambda row: (row[1], row[2]))
    positions, calls, versions, documents = zip(*in_order, strict=True)
    outcomes = [of_position.get(position) for position in positions]
    return pa.table(
        {
            "position": pa.array(positions, pa.int64()),
            "call_position": pa.array(calls, pa.int64()),
            "version": pa.array(versions, pa.int64()),
            "document": texts(documents),
            "outcome_events": pa.array(
                [outcome and outcome[2] for outcome in outcomes], pa.int64()
            ),
            "outcome_fingerprint": pa.array(
                [outcome and outcome[4] for outcome in outcomes], pa.int64()
            ),
        }
    )


def refusals_table(rows: NewRows) -> pa.Table:
    """What the store says of refusals; each has its command's id, which L5 may have made anew."""
    of_number = {outcome[3]: outcome for outcome in rows.outcomes}
    numbers, documents = zip(*rows.refusals, strict=True)
    outcomes = [of_number.get(number) for number in numbers]
    return pa.table(
        {
            "refusal_number": pa.array(numbers, pa.int64()),
            "document": texts(documents),
            "outcome_command_id": uuids([outcome and outcome[0] for outcome in outcomes]),
            "outcome_fingerprint": pa.array(
                [outcome and outcome[4] for outcome in outcomes], pa.int64()
            ),
        }
    )


def texts(documents: tuple[bytes, ...]) -> pa.ChunkedArray:
    """Documents as text. Raises `LedgerError` where one is not UTF-8."""
    if sum(map(len, documents)) > MOST_BYTES:
        return pa.chunked_array([], pa.string())
    column = pa.array(documents, pa.binary()).view(pa.string())
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raise LedgerError(
            "A document is not text (UTF-8): restore the event store from its last backup."
        ) from None
    return pa.chunked_array([column])


def uuids(ids: list[bytes | None]) -> pa.Array:
    """Command ids as what Parquet calls UUID."""
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(ids, pa.binary(16)))


def typed_columns(kind: Kind, own: pa.Table) -> pa.Table:
    """What models read of the documents, as their tables have it."""
    number = NUMBER[kind]
    declared, body = (EVENT_COLUMNS, BODY) if kind == "events" else (REFUSAL_COLUMNS, REFUSAL_BODY)
    columns = {name: column for name, column in declared.items() if name not in UNTYPED}
    with duckdb.connect() as connection:
        connection.register("documents", own.select([number, "document"]))
        query = rows_of("documents", {number: ("", number), **columns}, body)
        table = connection.sql(query).to_arrow_table()
    assert table[number].combine_chunks().equals(own[number].combine_chunks()), "order has changed"
    return pa.table({name: in_parquet(name, table[name].combine_chunks()) for name in columns})


def in_parquet(name: str, column: pa.Array) -> pa.Array:
    """A column in a type that every reader of Parquet knows."""
    if name == "command_id":
        hexes = pc.replace_substring(column.cast(pa.string()), "-", "").to_pylist()
        return uuids([digits and bytes.fromhex(digits) for digits in hexes])
    if isinstance(column, pa.ExtensionArray):
        return column.storage
    return column
