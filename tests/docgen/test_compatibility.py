"""Each kind of change of a schema is found when it breaks somebody, and passed over when not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from entrypoints.docgen.compatibility import breaks
from entrypoints.docgen.schemas import schemas

Schema = dict[str, Any]
Change = Callable[[Schema], object]

EVENT, COMMAND = "events/example.json", "commands/example.json"

EXAMPLE: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "type": {"const": "example"},
        "name": {"type": "string", "maxLength": 20, "minLength": 1, "pattern": "^a"},
        "at": {"type": "string", "format": "date-time"},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "via": {"$ref": "#/$defs/Via"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "exits": {"type": "array", "items": {"$ref": "#/$defs/Exit"}, "maxItems": 8},
        "reported": {
            "oneOf": [{"$ref": "#/$defs/Held"}, {"$ref": "#/$defs/Moved"}],
            "discriminator": {"propertyName": "kind"},
        },
        "figures": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["type", "name", "exits"],
    "additionalProperties": False,
    "$defs": {
        "Via": {"enum": ["desktop", "device"], "title": "Via", "type": "string"},
        "Exit": {
            "type": "object",
            "properties": {
                "who": {"type": "string"},
                "why": {"enum": ["left", "dropped"]},
                "after": {"$ref": "#/$defs/Exit"},
            },
            "required": ["who"],
        },
        "Held": {
            "type": "object",
            "properties": {"kind": {"const": "held"}, "seconds": {"type": "number"}},
            "required": ["kind", "seconds"],
        },
        "Moved": {
            "type": "object",
            "properties": {"kind": {"const": "moved"}, "to": {"type": "string"}},
            "required": ["kind"],
        },
    },
}


def fields(schema: Schema) -> Schema:
    found: Schema = schema["properties"]
    return found


def part(schema: Schema, name: str) -> Schema:
    found: Schema = schema["$defs"][name]
    return found


def opened(schema: Schema) -> Schema:
    """As events are: readers pass over what they do not know."""
    return {name: said for name, said in schema.items() if name != "additionalProperties"}


def changed(change: Change, name: str) -> list[str]:
    before = copy.deepcopy(EXAMPLE if name == COMMAND else opened(EXAMPLE))
    after = copy.deepcopy(before)
    change(after)
    assert after != before
    return breaks(name, before, after)


BREAK_BOTH: dict[str, Change] = {
    "a field is gone": lambda s: fields(s).pop("count"),
    "a field of array items is gone": lambda s: part(s, "Exit")["properties"].pop("why"),
    "a field of a variant is gone": lambda s: part(s, "Moved")["properties"].pop("to"),
    "a type is another": lambda s: fields(s).update(count={"type": "string"}),
    "a type in array items is another": lambda s: part(s, "Exit")["properties"].update(
        who={"type": "integer"}
    ),
    "the items are of another type": lambda s: fields(s)["exits"].update(items={"type": "string"}),
    "a type within a variant is another": lambda s: part(s, "Held")["properties"].update(
        seconds={"type": "string"}
    ),
    "a variant is gone": lambda s: fields(s)["reported"]["oneOf"].pop(0),
    "a variant is called otherwise": lambda s: part(s, "Held")["properties"].update(
        kind={"const": "on hold"}
    ),
    "a fixed value is another": lambda s: fields(s).update(type={"const": "other"}),
    "a pattern is another": lambda s: fields(s)["name"].update(pattern="^b"),
    "a format is another": lambda s: fields(s)["at"].update(format="date"),
    "a default is another": lambda s: fields(s)["note"].update(default="none"),
    "the values of a map are of another type": lambda s: fields(s)["figures"].update(
        additionalProperties={"type": "string"}
    ),
    "an array is no array any more": lambda s: fields(s).update(exits={"type": "object"}),
    "a keyword that is not compared comes": lambda s: s.update(
        dependentRequired={"count": ["note"]}
    ),
}

BREAK_READERS: dict[str, Change] = {
    "a field may be left out": lambda s: s["required"].remove("name"),
    "a field of array items may be left out": lambda s: part(s, "Exit").update(required=[]),
    "a field of a variant may be left out": lambda s: part(s, "Held").update(required=["kind"]),
    "there is another word": lambda s: part(s, "Via")["enum"].append("system"),
    "there is another word in array items": lambda s: part(s, "Exit")["properties"]["why"][
        "enum"
    ].append("lost"),
    "words are closed no more": lambda s: part(s, "Via").pop("enum"),
    "a value may be null": lambda s: fields(s).update(
        count={"anyOf": [fields(s)["count"], {"type": "null"}]}
    ),
    "there is another variant": lambda s: fields(s)["reported"]["oneOf"].append(
        {"type": "object", "properties": {"kind": {"const": "told"}}, "required": ["kind"]}
    ),
    "a text may be longer": lambda s: fields(s)["name"].update(maxLength=21),
    "a text may be empty": lambda s: fields(s)["name"].pop("minLength"),
    "a number may be larger": lambda s: fields(s)["count"].pop("maximum"),
    "a number may be smaller": lambda s: fields(s)["count"].update(minimum=-1),
    "there may be more items": lambda s: fields(s)["exits"].update(maxItems=9),
    "a pattern is gone": lambda s: fields(s)["name"].pop("pattern"),
    "a pattern has another alternative": lambda s: fields(s)["name"].update(pattern="^a|^b"),
    "a whole number may have decimals": lambda s: fields(s)["count"].update(type="number"),
    "the values of a map may be anything": lambda s: fields(s)["figures"].pop(
        "additionalProperties"
    ),
}

BREAK_WRITERS: dict[str, Change] = {
    "another field is needed": lambda s: s["required"].append("count"),
    "a new field is needed": lambda s: (
        fields(s).update(reason={"type": "string"}),
        s["required"].append("reason"),
    ),
    "a field of array items is needed": lambda s: part(s, "Exit")["required"].append("why"),
    "a field of a variant is needed": lambda s: part(s, "Moved")["required"].append("to"),
    "a word is gone": lambda s: part(s, "Via")["enum"].remove("device"),
    "a word in array items is gone": lambda s: part(s, "Exit")["properties"]["why"]["enum"].remove(
        "left"
    ),
    "a text has words now": lambda s: part(s, "Exit")["properties"]["who"].update(enum=["agent"]),
    "null is taken no more": lambda s: fields(s).update(note={"type": "string", "default": None}),
    "a text must be shorter": lambda s: fields(s)["name"].update(maxLength=19),
    "a text must be longer": lambda s: fields(s)["name"].update(minLength=2),
    "a number must be smaller": lambda s: fields(s)["count"].update(maximum=8),
    "a number must be less than its bound": lambda s: (
        fields(s)["count"].pop("maximum"),
        fields(s)["count"].update(exclusiveMaximum=9),
    ),
    "a number must be larger": lambda s: fields(s)["count"].update(minimum=1),
    "there must be fewer items": lambda s: fields(s)["exits"].update(maxItems=7),
    "a text has a pattern now": lambda s: part(s, "Exit")["properties"]["who"].update(pattern="^a"),
    "other fields of array items are refused": lambda s: part(s, "Exit").update(
        additionalProperties=False
    ),
    "other fields of a variant are refused": lambda s: part(s, "Moved").update(
        additionalProperties=False
    ),
    "the keys of a map are bounded": lambda s: fields(s)["figures"].update(
        propertyNames={"maxLength": 3}
    ),
}

BREAK_NOBODY: dict[str, Change] = {
    "there is a new field that may be left out": lambda s: fields(s).update(
        music={"type": "string"}
    ),
    "there is a new field in array items": lambda s: part(s, "Exit")["properties"].update(
        music={"type": "string"}
    ),
    "there is a new field in a variant": lambda s: part(s, "Held")["properties"].update(
        music={"type": "string"}
    ),
    "it is described otherwise": lambda s: fields(s)["name"].update(description="A name."),
    "variants are in another order": lambda s: fields(s)["reported"]["oneOf"].reverse(),
    "words are in another order": lambda s: part(s, "Via")["enum"].reverse(),
    "a reference is written out": lambda s: fields(s).update(via=part(s, "Via")),
    "a definition has another name": lambda s: (
        s["$defs"].update(How=s["$defs"].pop("Via")),
        fields(s).update(via={"$ref": "#/$defs/How"}),
    ),
    "alternatives are written as types": lambda s: fields(s).update(
        note={"type": ["string", "null"], "default": None}
    ),
    "words are written as alternatives": lambda s: fields(s).update(
        via={"anyOf": [{"const": "device"}, {"const": "desktop"}]}
    ),
    "a single word is written as a fixed value": lambda s: fields(s).update(
        type={"enum": ["example"], "type": "string"}
    ),
}


@pytest.mark.parametrize("name", [EVENT, COMMAND])
@pytest.mark.parametrize("change", BREAK_BOTH.values(), ids=BREAK_BOTH)
def test_it_breaks_those_who_read_and_those_who_write(change: Change, name: str) -> None:
    assert changed(change, name)


@pytest.mark.parametrize("change", BREAK_READERS.values(), ids=BREAK_READERS)
def test_it_breaks_those_who_read_alone(change: Change) -> None:
    assert changed(change, EVENT)
    assert changed(change, COMMAND) == []


@pytest.mark.parametrize("change", BREAK_WRITERS.values(), ids=BREAK_WRITERS)
def test_it_breaks_those_who_write_alone(change: Change) -> None:
    assert changed(change, COMMAND)
    assert changed(change, EVENT) == []


@pytest.mark.parametrize("name", [EVENT, COMMAND])
@pytest.mark.parametrize("change", BREAK_NOBODY.values(), ids=BREAK_NOBODY)
def test_it_breaks_nobody(change: Change, name: str) -> None:
    assert changed(change, name) == []


def test_each_change_is_told_once_and_where_it_is() -> None:
    said = changed(BREAK_BOTH["a type within a variant is another"], EVENT)
    assert said == ['events/example.json reported "held" seconds was number, now string.']
    said = changed(BREAK_BOTH["a type in array items is another"], COMMAND)
    assert said == ["commands/example.json exits items who was string, now integer."]


def test_other_fields_that_were_forbidden_and_are_no_more_break_those_who_read() -> None:
    assert breaks(EVENT, EXAMPLE, opened(EXAMPLE))
    assert breaks(COMMAND, EXAMPLE, opened(EXAMPLE)) == []
    assert breaks(COMMAND, opened(EXAMPLE), EXAMPLE)
    assert breaks(EVENT, opened(EXAMPLE), EXAMPLE) == []


@pytest.mark.parametrize("name", schemas())
def test_a_schema_does_not_break_those_who_keep_to_itself(name: str) -> None:
    assert breaks(name, schemas()[name], copy.deepcopy(schemas()[name])) == []
