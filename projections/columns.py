"""The columns of `events` and `refusal_events`, and how a document becomes a row of them.

The columns of the event bodies come from `domain.events`: a new field is a new column, and
nobody keeps a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from msgspec.structs import fields

from domain.events import EVENT_CLASS_OF_TYPE, EVENT_CLASSES
from domain.vocabulary import Role, TimeSource, Via

TYPES_OF_PYTHON: Final[dict[object, str]] = {
    str: "VARCHAR",
    int: "BIGINT",
    bool: "BOOLEAN",
    tuple[str, ...]: "VARCHAR[]",
}


def words(names: Iterable[str]) -> str:
    """A column of a closed set of words: a number in the file, a word in every query.

    A word that is unknown to the code does not pass.
    """
    return f"ENUM ({', '.join(repr(str(name)) for name in names)})"


ENVELOPE: Final[dict[str, tuple[str, str]]] = {
    "source": ("VARCHAR NOT NULL", "document.source"),
    "call_id": ("VARCHAR NOT NULL", "document.subject"),
    "occurred_at": ("TIMESTAMP NOT NULL", "document.time"),
    "recorded_at": ("TIMESTAMP NOT NULL", "document.recordedat"),
    "actor": ("VARCHAR NOT NULL", "document.actor"),
    "role": (f"{words(Role)} NOT NULL", "document.role"),
    "via": (f"{words(Via)} NOT NULL", "document.via"),
    "command_id": ("UUID NOT NULL", "document.commandid"),
    "correlation_id": ("VARCHAR", "document.correlationid"),
    "caused_by": ("VARCHAR", "document.causationid"),
    "time_source": (f"{words(TimeSource)} NOT NULL", "coalesce(document.timesource, 'exact')"),
    "rule_set": ("VARCHAR NOT NULL", "document.ruleset"),
    "rule_set_hash": ("VARCHAR NOT NULL", "document.rulesethash"),
}
"""What events and refusals share: each column's type, and its place in the document."""

ENVELOPE_KEYS: Final[dict[str, str]] = {
    "source": "VARCHAR",
    "subject": "VARCHAR",
    "type": "VARCHAR",
    "time": "TIMESTAMP",
    "recordedat": "TIMESTAMP",
    "version": "BIGINT",
    "actor": "VARCHAR",
    "role": "VARCHAR",
    "via": "VARCHAR",
    "commandid": "UUID",
    "correlationid": "VARCHAR",
    "causationid": "VARCHAR",
    "timesource": "VARCHAR",
    "observed": "BOOLEAN",
    "rulesbroken": "VARCHAR",
    "ruleset": "VARCHAR",
    "rulesethash": "VARCHAR",
}

CAUSE: Final = "coalesce(caused_by, command_id::VARCHAR)"
"""What caused it: the command itself, unless it names another cause."""

CAUSATION: Final = f"causation_id VARCHAR GENERATED ALWAYS AS ({CAUSE}) VIRTUAL"
"""Computed when read."""

REFUSAL_BODY: Final[dict[str, str]] = {
    "command": "VARCHAR",
    "rule": "VARCHAR",
    "sentence": "VARCHAR",
    "arguments": "JSON",
}


def column_type(annotation: Any) -> str:
    """The DuckDB type of a body field; a field of an unforeseen type raises TypeError."""
    if annotation in TYPES_OF_PYTHON:
        return TYPES_OF_PYTHON[annotation]
    if get_origin(annotation) is Annotated:
        return column_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        types = {column_type(one) for one in get_args(annotation) if one is not type(None)}
        if len(types) == 1:
            return types.pop()
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return words(annotation)
    raise TypeError(f"No column type for {annotation}; add one to projections/columns.py.")


def body_columns() -> dict[str, str]:
    """Every field of the event bodies with its DuckDB type; one name has one type.

    A name that has a closed set of words in one event and free text in another is text.
    """
    columns: dict[str, str] = {}
    for event_class in EVENT_CLASSES:
        for field in fields(event_class):
            name, found = field.name, column_type(field.type)
            known = columns.setdefault(name, found)
            if known != found and {known[:4], found[:4]} <= {"ENUM", "VARC"}:
                columns[name] = "VARCHAR"
            elif known != found:
                raise TypeError(
                    f"{event_class.__name__}.{name} is {found}, elsewhere {columns[name]}; "
                    "one name has one type in every event."
                )
    return columns


BODY: Final = body_columns()

EVENT_COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "position": ("BIGINT NOT NULL", "position"),
    "call_position": ("BIGINT NOT NULL", "call_position"),
    "version": ("BIGINT NOT NULL", "document.version"),
    "type": (f"{words(EVENT_CLASS_OF_TYPE)} NOT NULL", "document.type"),
    **ENVELOPE,
    "observed": ("BOOLEAN NOT NULL", "coalesce(document.observed, false)"),
    "rules_broken": ("VARCHAR[]", "string_split(document.rulesbroken, ' ')"),
    **{name: (kind, f"document.data.{name}") for name, kind in BODY.items()},
}

REFUSAL_COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "refusal_number": ("BIGINT NOT NULL", "refusal_number"),
    **ENVELOPE,
    **{name: (kind, f"document.data.{name}") for name, kind in REFUSAL_BODY.items()},
}


def table_of(name: str, columns: dict[str, tuple[str, str]]) -> str:
    """The statement that makes the table."""
    defined = ", ".join(f"{column} {kind}" for column, (kind, _) in columns.items())
    return f"create table {name} ({defined}, {CAUSATION})"


def rows_of(relation: str, columns: dict[str, tuple[str, str]], body: dict[str, str]) -> str:
    """The query that reads the relation's documents as rows of these columns."""
    structure = json.dumps({**ENVELOPE_KEYS, "data": json_structure(body)})
    keys = [name for name, (_, place) in columns.items() if place == name]
    places = ", ".join(f"{place} as {name}" for name, (_, place) in columns.items())
    return (
        f"select {places} from (select {', '.join(keys)}, "
        f"json_transform(document, '{structure}') as document from {relation})"
    )


def json_structure(body: dict[str, str]) -> dict[str, object]:
    """The body's columns in the notation of `json_transform`."""
    structure: dict[str, object] = {}
    for name, kind in body.items():
        plain = "VARCHAR" if kind.startswith("ENUM") else kind.removesuffix("[]")
        structure[name] = [plain] if kind.endswith("[]") else plain
    return structure
