"""Rows as Parquet has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entrypoints.ui.values import as_text, rows_of

if TYPE_CHECKING:
    import pyarrow as pa


def without_unions(table: pa.Table) -> pa.Table:
    """The table with its unions as JSON text: Parquet has none."""
    import pyarrow as pa

    unions = [place for place, field in enumerate(table.schema) if "union" in str(field.type)]
    rows = rows_of(table)[1] if unions else []
    for place in unions:
        cells = pa.array([as_text(row[place]) for row in rows], pa.string())
        kept = table.schema.field(place).with_type(pa.string())
        table = table.set_column(place, kept, cells)
    return table
