"""The fields of a command or an event: pydantic describes the first, msgspec the second."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import NODEFAULT, structs

from domain.commands import Command
from domain.event import Event
from domain.text import PERSONAL

Model = type[Command] | type[Event]


class Field(NamedTuple):
    """One field: its type, and what it is where it is left out."""

    name: str
    annotation: Any
    required: bool
    default: Any
    personal: bool
    """Whether it can name a person."""


def type_name(model: Model) -> str:
    """The versioned name of its type."""
    if issubclass(model, Event):
        return model.type
    return str(model.model_fields["type"].default)


def fields_of(model: Model) -> list[Field]:
    """Its fields in order, without its type."""
    if issubclass(model, Event):
        return [
            Field(
                field.name, field.type, field.required, default_of(field), is_personal(field.type)
            )
            for field in structs.fields(model)
        ]
    return [
        Field(
            name,
            field.annotation,
            field.is_required(),
            field.default,
            PERSONAL in field.metadata or is_personal(field.annotation),
        )
        for name, field in model.model_fields.items()
        if name != "type"
    ]


def default_of(field: structs.FieldInfo) -> Any:
    """The default of an event's field, whether it is a value or comes from a factory."""
    return field.default if field.default_factory is NODEFAULT else field.default_factory()


def is_personal(annotation: Any) -> bool:
    """Whether the mark of what can name a person is anywhere in the type."""
    return PERSONAL in marks_in(annotation)


def marks_in(annotation: Any) -> Iterator[object]:
    """The marks of a type, those within `… | None` included."""
    yield from getattr(annotation, "__metadata__", ())
    for part in typing.get_args(annotation):
        yield from marks_in(part)
