"""The columns of the one table, which are those of every model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa

from projections.columns import EVENT_COLUMNS
from projections.database import Projections
from projections.models import Kind, kept_models, of_this_version, sha256

EVENTS: Final = "events"
REFUSALS: Final = "refusals"
DEAD_LETTERS: Final = "dead_letters"
CALLS: Final = "calls"
COMMITS: Final = "commits"
"""Beside the models: what each commit says of its shard, of which the newest counts."""

TABLE, SHARD, BUCKET, REVISION, RECORD = "table", "shard", "bucket", "revision", "record"
PARTITIONS: Final = (TABLE, SHARD, BUCKET)
"""What Delta knows of each file without opening it; a fresh file has no bucket yet."""

OF_DUCKDB: Final = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BLOB": pa.binary(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR[]": pa.list_(pa.string()),
}
"""All else travels as text: words of a closed set, ids, JSON."""

Types = Mapping[str, str]
"""The DuckDB type of each column."""


@cache
def tables() -> Mapping[str, Types]:
    """Every table that is published, with the columns that its name has for an analyst."""
    names = [model.name for model in kept_models()]
    with TemporaryDirectory() as folder, Projections(Path(folder) / "empty.duckdb") as empty:
        described = {
            name: {
                column: kind
                for column, kind, *_ in empty.connection.execute(f"describe {name}").fetchall()
            }
            for name in (*names, EVENTS, DEAD_LETTERS)
        }
    described[EVENTS] = {name: described[EVENTS][name] for name in EVENT_COLUMNS}
    return described


def tables_by_call() -> list[str]:
    """The tables whose rows are replaced with their call."""
    return [model.name for model in kept_models() if model.is_by_call]


def arrow_type(kind: str) -> pa.DataType:
    """In what a column of this DuckDB type travels."""
    return OF_DUCKDB.get(kind, pa.string())


@cache
def travelling(name: str) -> pa.Schema:
    """The columns of a table as they travel."""
    return pa.schema([(column, arrow_type(kind)) for column, kind in tables()[name].items()])


def carried(name: str, rows: pa.Table) -> pa.Table:
    """Rows of a table, with columns of these names among them, as they travel."""
    schema = travelling(name)
    return rows.select(schema.names).cast(schema)


def shown(types: Types) -> str:
    """The columns that travelled as what they are, in SQL."""
    return ", ".join(
        f'"{name}"' if kind in OF_DUCKDB or kind == "VARCHAR" else f'"{name}"::{kind} as "{name}"'
        for name, kind in types.items()
    )


@cache
def schema() -> pa.Schema:
    """The schema of the one table; columns of one name have one type in all models."""
    fields = {
        TABLE: pa.string(),
        SHARD: pa.int32(),
        BUCKET: pa.int64(),
        REVISION: pa.int64(),
        RECORD: pa.string(),
    }
    for name, types in tables().items():
        for column, kind in types.items():
            one = arrow_type(kind)
            if fields.setdefault(column, one) != one:
                raise TypeError(f"{name}.{column} is {kind}, and {fields[column]} elsewhere.")
    return pa.schema(list(fields.items()))


@cache
def made_by() -> str:
    """What all rows follow from: tables of another version are not gone on with."""
    views = [model.name for model in of_this_version().readable if model.kind is Kind.VIEW]
    hashes = {name: made for name, made in of_this_version().hashes.items() if name not in views}
    return sha256(repr((sorted(hashes.items()), EVENT_COLUMNS)))
