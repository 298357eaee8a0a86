"""The values of an answer in their text and JSON forms, which lose nothing.

See docs/reference/output.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from entrypoints.ui.times import day, local_moment, moment, time_of_day

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pyarrow as pa

INTEGERS_AS_TEXT: Final = frozenset({"UHUGEINT", "BIGNUM"})
"""Integers that travel as text, because Arrow has none so large."""

LARGEST_OF_64_BITS: Final = 2**64 - 1
WRITTEN_BY_DUCKDB: Final = frozenset({"INTERVAL", "TIME WITH TIME ZONE", "BIT", "UUID"})
"""What travels as text and is nobody's own words."""

SMALLEST_OF_64_BITS: Final = -(2**63)


AS_THEY_ARE: Final = frozenset({str, bool, type(None), datetime})
"""Types of most values: told first, a page of rows is written in half of the time."""


class Written(str):
    """A time or another value in its text form: nobody's own words."""

    __slots__ = ()


def unique(names: Sequence[str]) -> list[str]:
    """The names, of which a second `a` becomes `a_2`, or the next that is free."""
    taken, told_apart = set(names), []
    seen: set[str] = set()
    for name in names:
        number, own = 2, name
        while own in seen or (own != name and own in taken):
            own, number = f"{name}_{number}", number + 1
        seen.add(own)
        told_apart.append(own)
    return told_apart


def rows_of(table: pa.Table, place: ZoneInfo | None = None) -> tuple[list[str], list[list[Any]]]:
    """The names and rows of an answer, each name once.

    With a place that is not UTC, each column of times is followed by that of its local times.
    """
    import pyarrow as pa

    names: list[str] = []
    columns: list[list[Any]] = []
    for field, column in zip(table.schema, table.columns, strict=True):
        names.append(field.name)
        columns.append(forms(column, (field.metadata or {}).get(b"duckdb_type", b"").decode()))
        if place is not None and place.key != "UTC" and pa.types.is_timestamp(field.type):
            names.append(f"{field.name}_local")
            columns.append(local_times(column, place))
    return unique(names), [list(row) for row in zip(*columns, strict=True)]


def forms(column: pa.ChunkedArray | pa.Array, duckdb_type: str = "") -> list[Any]:
    """The values of a column as numbers, text, lists and dictionaries."""
    import pyarrow as pa

    kind = column.type
    if duckdb_type in INTEGERS_AS_TEXT:
        return each(column, int)
    if duckdb_type in WRITTEN_BY_DUCKDB:
        return each(column, Written)
    if pa.types.is_timestamp(kind):
        return each(column.cast(pa.int64()), lambda number: Written(moment(number, kind.unit)))
    if pa.types.is_date32(kind):
        return each(column.cast(pa.int32()), lambda number: Written(day(number)))
    if pa.types.is_time(kind):
        plain = column.cast(pa.int64())
        return each(plain, lambda number: Written(time_of_day(number, kind.unit)))
    if pa.types.is_binary(kind):
        return each(column, lambda content: Written(content.hex()))
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return each(column, int)
    if pa.types.is_nested(kind):
        return [None if not scalar.is_valid else nested(scalar) for scalar in column]
    values: list[Any] = column.to_pylist()
    return values


def each(column: pa.ChunkedArray | pa.Array, form: Callable[[Any], Any]) -> list[Any]:
    """The form of each value, and nothing where there is none."""
    return [None if value is None else form(value) for value in column.to_pylist()]


def nested(scalar: Any) -> Any:
    """A list, a struct as a dictionary, a map by its keys or as pairs, a union by its tag."""
    import pyarrow as pa

    kind = scalar.type
    if pa.types.is_map(kind):
        keys, items = (forms(scalar.values.field(number)) for number in (0, 1))
        if all(isinstance(key, str) for key in keys) and pa.types.is_string(kind.key_type):
            return dict(zip(keys, items, strict=True))
        return [{"key": key, "value": item} for key, item in zip(keys, items, strict=True)]
    if pa.types.is_struct(kind):
        return {name: forms(one_of(value))[0] for name, value in scalar.items()}
    if pa.types.is_union(kind):
        return {kind.field(scalar.type_code).name: forms(one_of(scalar.value))[0]}
    return forms(scalar.values)


def one_of(scalar: Any) -> pa.Array:
    """An array of this value alone."""
    import pyarrow as pa

    return pa.repeat(scalar, 1)


def local_times(column: pa.ChunkedArray, place: ZoneInfo) -> list[Any]:
    """The local times of a column of times, with their offsets."""
    import pyarrow as pa

    unit = column.type.unit

    def local(number: int) -> Written | None:
        text = local_moment(number, unit, place)
        return None if text is None else Written(text)

    return each(column.cast(pa.int64()), local)


def json_text(document: object, indented: bool = False) -> str:
    """One JSON document; times are in UTC with their Z."""
    option = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
    option |= orjson.OPT_INDENT_2 if indented else 0
    return orjson.dumps(in_json(document), option=option).decode()


def in_json(value: Any) -> Any:
    """The value as JSON has it.

    Numbers that its readers would round are text: integers beyond 64 bits, and decimals of which
    a float has not all digits. So is what is no number there, `NaN` and `Infinity`.
    """
    if type(value) in AS_THEY_ARE:
        return value
    match value:
        case dict():
            return {key: in_json(item) for key, item in value.items()}
        case list() | tuple():
            return [in_json(item) for item in value]
        case Decimal() if value.is_finite() and value.as_tuple().exponent == 0:
            return in_json(int(value))
        case int() if not SMALLEST_OF_64_BITS <= value <= LARGEST_OF_64_BITS:
            return str(value)
        case float() if not math.isfinite(value):
            return float_text(value)
        case Decimal():
            text = f"{value:f}"
            return orjson.Fragment(text) if Decimal(repr(float(value))) == value else text
        case UUID() | Path():
            return str(value)
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case _:
            return value


def float_text(value: float) -> str:
    """A float in as many digits as tell it from every other."""
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def as_text(value: Any) -> str | None:
    """A value as a cell of text; lists and dictionaries in JSON."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            moment_in_utc = value.astimezone(UTC) if value.tzinfo else value
            return moment_in_utc.replace(tzinfo=None).isoformat() + "Z"
        case date():
            return value.isoformat()
        case list() | tuple() | dict():
            return json_text(value)
        case _:
            return str(value)
