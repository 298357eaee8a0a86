"""What a snapshot file has in it, as the statements that make it from the tables of a ledger.

Whoever opens it needs DuckDB alone: the models are tables or views over them, the macros that
views need come with them, and each table and column says what it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final, get_args

import yaml
from msgspec.structs import fields

from domain.events import EVENT_CLASSES
from domain.text import PERSONAL
from projections.columns import EVENT_COLUMNS, table_of
from projections.models import (
    FOLDER,
    MACROS,
    Kind,
    Model,
    of_this_version,
    readable_models,
)
from projections.snapshot_ids import NUMBERS_AS_IDS, with_pseudonyms

TABLES: Final = "ledger"
"""The catalog that is read."""

FILE: Final = "made"
"""The catalog that is made."""

REFUSED_ARGUMENTS: Final = ("refusals", "arguments")
"""All that was asked for, free text and numbers included; it has no type of its own."""

SNAPSHOT: Final = """
create table snapshot (
  position bigint, refusal_number bigint, made_at timestamp, made_by_version varchar,
  ledger_identity varchar, has_personal_data boolean
)
"""
MEANINGS: Final = {
    "position": "Every event up to this position is in the file, and none after it.",
    "refusal_number": "Every refusal up to this number is in the file, and none after it.",
    "made_at": "When the file was made, UTC.",
    "made_by_version": "The version of call-ledger that made it.",
    "ledger_identity": "A hash of the ledger's first event: files of one ledger have the same.",
    "has_personal_data": "Whether fields that can name a person are filled; else all are null.",
}


@cache
def personal_columns() -> frozenset[str]:
    """The columns of `events` that can name a person, as `domain.events` marks them."""
    return frozenset(
        field.name
        for event_class in EVENT_CLASSES
        for field in fields(event_class)
        if is_personal(field.type)
    )


def is_personal(annotation: Any) -> bool:
    """Whether a field's type, or a part of it, has the mark."""
    marks = getattr(annotation, "__metadata__", ())
    return PERSONAL in marks or any(is_personal(part) for part in get_args(annotation))


def statements(with_personal: bool) -> Iterator[str]:
    """The statements, in their order, for a connection that has both catalogs attached."""
    yield f"use {FILE}"
    for name, macro in MACROS.items():
        yield f"create macro {name}{macro}"
    yield SNAPSHOT
    yield f"""
insert into snapshot
select
  projected_position, projected_refusal_number, now() at time zone 'UTC',
  {quoted(version("call-ledger"))},
  (
    select left(sha256(command_id::varchar || ' ' || recorded_at::varchar), 12)
    from {TABLES}.main.events where position = 1
  ),
  {with_personal}
from {TABLES}.main.feed_positions
"""
    yield from comments("table", "snapshot", "One row: what this file is.", MEANINGS)
    if not with_personal:
        yield NUMBERS_AS_IDS.format(tables=TABLES)
    yield table_of("events", EVENT_COLUMNS)
    rows = rows_of(
        "events", {name: kind for name, (kind, _) in EVENT_COLUMNS.items()}, with_personal
    )
    yield (
        f"insert into events by name select {columns_of_events(with_personal)}"
        f" from ({rows}) where position <= (select position from snapshot)"
    )
    yield from comments("table", "events", "One row per event.", {})
    for model in readable_models():
        yield from of_model(model, with_personal)


def columns_of_events(with_personal: bool) -> str:
    """The stored columns of `events`; those that can name a person are null unless asked for."""
    left_out = frozenset[str]() if with_personal else personal_columns()
    return ", ".join(f"null as {name}" if name in left_out else name for name in EVENT_COLUMNS)


def rows_of(table: str, columns: Mapping[str, str], with_personal: bool) -> str:
    """The rows of a table of the ledger, without numbers as ids unless asked for."""
    name = f"{TABLES}.main.{table}"
    return f"from {name}" if with_personal else with_pseudonyms(name, columns)


def of_model(model: Model, with_personal: bool) -> Iterator[str]:
    """The statements that make one model and say what it means."""
    if model.kind is Kind.VIEW:
        yield f"create view {model.name} as {model.sql}"
    else:
        without = ""
        if model.name == REFUSED_ARGUMENTS[0] and not with_personal:
            column = REFUSED_ARGUMENTS[1]
            without = f"replace (null::json as {column})"
        rows = rows_of(model.name, of_this_version().column_types[model.name], with_personal)
        yield f"create table {model.name} as select * {without} from ({rows})"
    kind = "view" if model.kind is Kind.VIEW else "table"
    yield from comments(kind, model.name, f"{model.grain} {model.description}", meanings(model))


def meanings(model: Model) -> dict[str, str]:
    """What each column means, from the model's declaration."""
    lines = (FOLDER / f"{model.name}.yml").read_text("utf-8").splitlines()
    start = lines.index("columns:")
    told = [lines[start]]
    for line in lines[start + 1 :]:
        if not line.startswith(" "):
            break
        told.append(line)
    columns: dict[str, str] = yaml.safe_load("\n".join(told))["columns"]
    return columns


def comments(kind: str, name: str, meaning: str, columns: dict[str, str]) -> Iterator[str]:
    """The statements that say what a table or view and its columns mean."""
    yield f"comment on {kind} {name} is {quoted(meaning)}"
    for column, words in columns.items():
        yield f"comment on column {name}.{column} is {quoted(str(words))}"


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
