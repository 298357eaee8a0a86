"""What a change of a schema would break for those who keep to an older version of it.

Others read what we write (events, refusals, outcomes): whatever they rely on must stay. Others
write what we read (commands): whatever they may send must still be taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Schema = dict[str, Any]

BOUNDS = ("pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum")


class Shape(NamedTuple):
    """What a value may be: its JSON types and, where they are closed, its words."""

    types: frozenset[str]
    words: frozenset[str] | None
    bounds: frozenset[tuple[str, Any]]


def breaks(name: str, published: Schema, current: Schema) -> list[str]:
    """What would break, a sentence each."""
    others_read = not name.startswith("commands/")
    return list(breaks_in(name, published, published, current, current, others_read))


def breaks_in(
    place: str, old: Schema, old_root: Schema, new: Schema, new_root: Schema, others_read: bool
) -> Iterator[str]:
    """Compare two objects of the schema, and the objects in them."""
    old, new = resolved(old, old_root), resolved(new, new_root)
    for one, other in zip(variants(old), variants(new), strict=False):
        yield from breaks_in(place, one, old_root, other, new_root, others_read)
    if len(variants(old)) > len(variants(new)):
        yield f"{place} has lost a variant."
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    if others_read:
        for field in sorted(old_required - new_required):
            yield f"{place} may now come without {field}."
    else:
        for field in sorted(new_required - old_required):
            yield f"{place} now needs {field}."
    fields = new.get("properties", {})
    for field, before in old.get("properties", {}).items():
        if field not in fields:
            yield f"{place} has lost {field}."
            continue
        yield from breaks_of_field(
            f"{place} {field}", shape(before, old_root), shape(fields[field], new_root), others_read
        )
        yield from breaks_in(
            f"{place} {field}", before, old_root, fields[field], new_root, others_read
        )


def breaks_of_field(place: str, old: Shape, new: Shape, others_read: bool) -> Iterator[str]:
    """Compare what a field may be."""
    wider, narrower = (old, new) if others_read else (new, old)
    if not narrower.types <= wider.types:
        yield f"{place} was {', '.join(sorted(old.types))}, now {', '.join(sorted(new.types))}."
    if wider.words is not None and (narrower.words is None or not narrower.words <= wider.words):
        yield f"{place} has other words than before."
    if not others_read and not new.bounds <= old.bounds:
        yield f"{place} is bounded otherwise than before."


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema that a reference means."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def variants(schema: Schema) -> list[Schema]:
    """The alternatives of a schema that has some, each an object of its own."""
    return [one for one in schema.get("oneOf", ()) if "$ref" in one or "properties" in one]


def shape(schema: Schema, root: Schema) -> Shape:
    """What a value of the schema may be, through references and alternatives."""
    schema = resolved(schema, root)
    if parts := [shape(one, root) for one in schema.get("anyOf", ())]:
        closed = [one.words for one in parts if one.types != {"null"}]
        words = None if None in closed else frozenset().union(*(one or () for one in closed))
        return Shape(
            frozenset().union(*(one.types for one in parts)),
            words,
            frozenset().union(*(one.bounds for one in parts)),
        )
    found = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    return Shape(
        types=frozenset([schema.get("type", "string")]),
        words=None if found is None else frozenset(found),
        bounds=frozenset((name, schema[name]) for name in BOUNDS if name in schema),
    )
