"""Columns whose type Arrow cannot carry without loss travel as text.

Arrow has no equal for them, or DuckDB gives it something else: an unsigned 128-bit number comes
out as -1, a time with a zone without its zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import duckdb
import pyarrow as pa

DUCKDB_TYPE: Final = b"duckdb_type"
"""Under this name the metadata of an answer's column has its type in DuckDB's words."""

CARRIED_AS: Final = {
    "uhugeint": "VARCHAR",
    "bignum": "VARCHAR",
    "bit": "VARCHAR",
    "interval": "VARCHAR",
    "time with time zone": "VARCHAR",
    "geometry": "VARCHAR",
    "type": "VARCHAR",
    "variant": "JSON",
    "timestamp_s": "TIMESTAMP",
}
"""The type in which another travels; Parquet has no times in whole seconds."""


def is_held_by_arrow(kinds: Iterable[Any]) -> bool:
    """Whether Arrow carries columns of these types as they are."""
    return all(str(kind) == carried_as(kind) for kind in kinds)


def as_arrow_can_hold(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The relation with such types, in lists, structs and maps too, cast to what Arrow holds."""
    if is_held_by_arrow(relation.types):
        return relation
    kinds = [(str(kind), carried_as(kind)) for kind in relation.types]
    columns = (
        (f"#{number}" if kind == carried else f"cast(#{number} as {carried})")
        + f" as {quoted(name)}"
        for number, (name, (kind, carried)) in enumerate(
            zip(relation.columns, kinds, strict=True), 1
        )
    )
    return relation.project(", ".join(columns))


def carried_as(kind: Any) -> str:
    """The type in which a column of this type travels, in DuckDB's words."""
    words = str(kind)
    inner = parts(kind)
    carried = [carried_as(part) for _, part in inner]
    if carried == [str(part) for _, part in inner]:
        return CARRIED_AS.get(name_of(words), words)
    named = ", ".join(
        f"{quoted(name)} {part}" for (name, _), part in zip(inner, carried, strict=True)
    )
    match kind.id:
        case "list":
            return f"{carried[0]}[]"
        case "array":
            return f"{carried[0]}{words[words.rindex('[') :]}"
        case "map":
            return f"MAP({', '.join(carried)})"
        case "tuple":
            return f"TUPLE({', '.join(carried)})"
        case other:
            return f"{other.upper()}({named})"


def parts(kind: Any) -> list[tuple[str, Any]]:
    """The types that a type is made of, with their names."""
    if kind.id not in ("list", "array", "map", "struct", "tuple", "union"):
        return []
    types = [(name, part) for name, part in kind.children if name != "size"]
    return types[1:] if kind.id == "union" else types[:1] if kind.id == "array" else types


def name_of(words: str) -> str:
    """A type's name without what is in brackets after it."""
    return words.partition("(")[0].lower()


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def with_types(table: pa.Table, types: list[str]) -> pa.Table:
    """The table with the type of each column in DuckDB's words in its metadata."""
    fields = [
        field.with_metadata({**(field.metadata or {}), DUCKDB_TYPE: kind})
        for field, kind in zip(table.schema, types, strict=True)
    ]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields))
