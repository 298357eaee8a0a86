"""What a change of a schema would break for those who keep to an older version of it.

Others read what we write (events, refusals, outcomes): every value that the new schema allows must
be one that the old schema allows, except that readers pass over fields they do not know. Others
write what we read (commands): every value that the old schema allows must still be taken. In both
directions no field and no kind of document that was published may go.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from entrypoints.docgen.schema_variants import (
    Schema,
    discriminator_of,
    json_types,
    name_of,
    resolved,
    variants_of,
    words_of,
)

UPPER = (("maximum", "exclusiveMaximum"), ("maxLength",), ("maxItems",), ("maxProperties",))
LOWER = (("minimum", "exclusiveMinimum"), ("minLength",), ("minItems",), ("minProperties",))
SAME = ("pattern", "format", "multipleOf", "uniqueItems")
"""Keywords that only an equal one is known to keep, and a pattern its alternatives."""

COMPARED = {
    *("type", "enum", "const", "properties", "required", "additionalProperties", "propertyNames"),
    *("items", "prefixItems", "default"),
    *(name for names in (*UPPER, *LOWER) for name in names),
    *SAME,
}
ANNOTATIONS = {"title", "description", "examples", "deprecated", "discriminator", "$comment"}
TOP = {"$schema", "$id", "$defs"}


def breaks(name: str, published: Schema, current: Schema) -> list[str]:
    """What would break, a sentence each."""
    comparison = Comparison(published, current, others_read=not name.startswith("commands/"))
    return list(comparison.of(name, published, current))


@dataclass
class Comparison:
    """An old schema and a new one, seen from one side of the topic."""

    old_root: Schema
    new_root: Schema
    others_read: bool
    _under_way: set[tuple[str, str]] = field(default_factory=set)
    """References that are being compared, so that a schema within itself comes to an end."""

    def of(self, place: str, old: Any, new: Any) -> Iterator[str]:
        """Compare two schemas, alternative by alternative."""
        references = (reference_in(old), reference_in(new))
        if all(references):
            if references in self._under_way:
                return
            self._under_way.add(references)
        yield from self._of_defaults(
            place, resolved(old, self.old_root), resolved(new, self.new_root)
        )
        yield from self._of_variants(
            place, variants_of(old, self.old_root), variants_of(new, self.new_root)
        )
        self._under_way.discard(references)

    def _of_defaults(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """What is left out means the default, so another default is another meaning."""
        if "default" in old and old["default"] != new.get("default"):
            yield f"{place} has another default."

    def _of_variants(self, place: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
        if len(old) == len(new) == 1:
            yield from self._of_one(place, old[0], new[0])
            return
        told_apart_by = discriminator_of(old)
        left = list(new)
        for variant in old:
            name = name_of(variant, told_apart_by)
            same = [
                other_variant
                for other_variant in left
                if name_of(other_variant, told_apart_by) == name
            ]
            if same:
                found = [
                    (list(self._of_one(f"{place} {name}", variant, other_variant)), other_variant)
                    for other_variant in same
                ]
                reasons, other = min(found, key=lambda pair: len(pair[0]))
                left = [other_variant for other_variant in left if other_variant is not other]
                yield from reasons
            elif not self.others_read or json_types(variant) == {"object"}:
                yield f"{place} has lost its variant {name}."
        if self.others_read:
            for variant in left:
                yield f"{place} may now be {name_of(variant, told_apart_by)}."

    def _of_one(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """Compare two schemas that have no alternatives."""
        inner, outer = (new, old) if self.others_read else (old, new)
        if not accepts_types(outer, inner):
            yield f"{place} was {types_in(old)}, now {types_in(new)}."
            return
        inner_words, outer_words = words_of(inner), words_of(outer)
        if outer_words is not None and (inner_words is None or not inner_words <= outer_words):
            yield f"{place} has other words than before."
        if outer_words is None:
            yield from bounds_broken(place, inner, outer)
        yield from self._of_fields(place, old, new)
        yield from self._of_items(place, old, new)
        for keyword in sorted((old.keys() | new.keys()) - COMPARED - ANNOTATIONS - TOP):
            if old.get(keyword) != new.get(keyword):
                yield f"{place} has another {keyword}, which this check cannot compare."

    def _of_fields(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            if name not in after:
                yield f"{place} has lost {name}."
        if self.others_read:
            for name in sorted((old_required - new_required) & after.keys()):
                yield f"{place} may now come without {name}."
        else:
            for name in sorted(new_required - old_required):
                yield f"{place} now needs {name}."
        for name in before.keys() & after.keys():
            yield from self.of(f"{place} {name}", before[name], after[name])
        yield from self._of_other_fields(place, old, new)
        yield from self._of_part(place, "propertyNames", old, new)

    def _of_other_fields(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """Fields that have no name in the schema: forbidden, of any kind, or of one."""
        before, after = (schema.get("additionalProperties", True) for schema in (old, new))
        inner, outer = (after, before) if self.others_read else (before, after)
        if outer is False and (inner is not False):
            yield f"{place} {'may now have' if self.others_read else 'now refuses'} other fields."
        elif (
            self.others_read
            and before is False
            and new.get("properties", {}).keys() - old.get("properties", {})
        ):
            yield f"{place} has a field more, where readers were told that there is none."
        elif isinstance(outer, dict) and inner is not False:
            yield from self.of(f"{place} other fields", before, after)

    def _of_items(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        first, second = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(first) != len(second):
            yield f"{place} had {len(first)} items in fixed places, now {len(second)}."
        for number, (before, after) in enumerate(zip(first, second, strict=False), 1):
            yield from self.of(f"{place} item {number}", before, after)
        yield from self._of_part(place, "items", old, new)

    def _of_part(self, place: str, keyword: str, old: Schema, new: Schema) -> Iterator[str]:
        """Compare what a keyword says of every part of a value; where it says nothing, anything."""
        if keyword in old or keyword in new:
            yield from self.of(f"{place} {keyword}", old.get(keyword, {}), new.get(keyword, {}))


def reference_in(schema: Any) -> str:
    """What the schema refers to, if it does."""
    return str(schema.get("$ref", "")) if isinstance(schema, dict) else ""


def accepts_types(outer: Schema, inner: Schema) -> bool:
    """Whether every type of the one is a type of the other; a whole number is a number."""
    wide, narrow = json_types(outer), json_types(inner)
    if wide is None:
        return True
    return narrow is not None and narrow <= wide | ({"integer"} if "number" in wide else set())


def types_in(schema: Schema) -> str:
    """The types in words."""
    return ", ".join(sorted(json_types(schema) or {"anything"}))


def bounds_broken(place: str, inner: Schema, outer: Schema) -> Iterator[str]:
    """Where a value within the bounds of the one may be beyond those of the other."""
    for names in UPPER:
        if bound(inner, names, math.inf) > bound(outer, names, math.inf):
            yield f"{place} has another {names[0]} than before."
    for names in LOWER:
        if bound(inner, names, -math.inf) < bound(outer, names, -math.inf):
            yield f"{place} has another {names[0]} than before."
    for name in SAME:
        if outer.get(name) and not keeps(name, inner.get(name), outer[name]):
            yield f"{place} has another {name} than before."


def keeps(name: str, inner: Any, outer: Any) -> bool:
    """Whether what one keyword demands is enough for the other: equal, or its first alternative."""
    if name == "pattern" and inner is not None:
        return inner == outer or str(outer).startswith(f"{inner}|")
    return bool(inner == outer)


def bound(schema: Schema, names: tuple[str, ...], unbounded: float) -> tuple[float, int]:
    """The bound, and how much of it is itself excluded; the narrowest of those that are there."""
    narrows = -1 if unbounded > 0 else 1
    found = [
        (float(schema[name]), narrows if name.startswith("exclusive") else 0)
        for name in names
        if name in schema
    ]
    return (min if unbounded > 0 else max)(found, default=(unbounded, 0))
