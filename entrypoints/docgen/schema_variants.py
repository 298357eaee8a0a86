"""The alternatives of a JSON Schema, and what tells them apart."""

from __future__ import annotations

from typing import Any

import orjson

Schema = dict[str, Any]

UNIONS = ("anyOf", "oneOf")
TYPE_OF_WORD = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}


def resolved(schema: Any, root: Schema) -> Schema:
    """The schema that references mean, with what is said beside them."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    read: Schema = dict(schema)
    while "$ref" in read:
        target = root["$defs"][read.pop("$ref").rpartition("/")[2]]
        read = {**target, **read}
    for part in read.pop("allOf", ()):
        read = together(resolved(part, root), read)
    return read


def together(one: Schema, other: Schema) -> Schema:
    """What holds when both hold, as far as schemas of ours say it in parts."""
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        both["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        both["required"] = sorted({*one["required"], *other["required"]})
    return both


def variants_of(schema: Any, root: Schema) -> list[Schema]:
    """Every alternative as a schema of its own that has none, and of one type where it says one.

    Words that are alternatives of each other are one: it does not matter how they are written.
    """
    read = resolved(schema, root)
    for union in UNIONS:
        if union in read:
            options = read.pop(union)
            beside = {name: said for name, said in read.items() if name not in ("default", "title")}
            found = [
                variant
                for option in options
                for variant in variants_of(together(beside, resolved(option, root)), root)
            ]
            return with_words_joined(found)
    types = json_types(read)
    if types is None or len(types) < 2:
        return [read]
    return [
        {**read, "type": json_type} | words_of_type(read, json_type) for json_type in sorted(types)
    ]


def words_of_type(schema: Schema, json_type: str) -> Schema:
    """The words among a schema's that are of this type."""
    if "enum" not in schema:
        return {}
    return {"enum": [word for word in schema["enum"] if TYPE_OF_WORD[type(word)] == json_type]}


def with_words_joined(variants: list[Schema]) -> list[Schema]:
    """The alternatives, those that are nothing but words of one type made into one."""
    joined: dict[str, Schema] = {}
    others = []
    for variant in variants:
        types = json_types(variant)
        if ("const" in variant or "enum" in variant) and types is not None and len(types) == 1:
            (json_type,) = types
            words = variant["enum"] if "enum" in variant else [variant["const"]]
            known = joined.setdefault(json_type, {"type": json_type, "enum": []})
            known["enum"] = [*known["enum"], *words]
        else:
            others.append(variant)
    return [*others, *joined.values()]


def json_types(schema: Schema) -> set[str] | None:
    """The types that a value may have; nothing where any type will do."""
    if "type" in schema:
        types = schema["type"]
        return {types} if isinstance(types, str) else set(types)
    words = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else None
    return None if words is None else {TYPE_OF_WORD[type(word)] for word in words}


def words_of(schema: Schema) -> frozenset[bytes] | None:
    """The values that a value must be one of, as JSON; nothing where they are not closed."""
    if "const" in schema:
        return frozenset([orjson.dumps(schema["const"], option=orjson.OPT_SORT_KEYS)])
    if "enum" in schema:
        return frozenset(orjson.dumps(word, option=orjson.OPT_SORT_KEYS) for word in schema["enum"])
    return None


def discriminator_of(variants: list[Schema]) -> str | None:
    """The field by whose fixed value the objects among the variants are told apart."""
    objects = [variant for variant in variants if json_types(variant) == {"object"}]
    for name in objects[0].get("properties", {}) if objects else ():
        values = [fixed_value(variant, name) for variant in objects]
        if None not in values and len(set(values)) == len(values):
            return str(name)
    return None


def fixed_value(schema: Schema, name: str) -> bytes | None:
    """The only value that a field may have, as JSON."""
    words = words_of(schema.get("properties", {}).get(name, {}))
    return next(iter(words)) if words is not None and len(words) == 1 else None


def name_of(variant: Schema, told_apart_by: str | None) -> str:
    """What a variant is known by: its value of the field, else its type."""
    types = json_types(variant)
    if told_apart_by is not None and types == {"object"}:
        value = fixed_value(variant, told_apart_by)
        return "an object" if value is None else value.decode()
    if types is None:
        return "anything"
    return "number" if types <= {"integer", "number"} else ", ".join(sorted(types))
