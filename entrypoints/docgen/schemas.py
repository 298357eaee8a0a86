"""The JSON Schemas of everything on Kafka, and the AsyncAPI document over them.

`python -m entrypoints.docgen` writes them into `docs/reference/`; a test fails when one has
drifted.
`docs/reference/schemas/published/` has the schemas of each release: another test fails when a
change would break those who read or write by one of them.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from inspect import cleandoc
from typing import Any, Final

import yaml
from msgspec.json import schema_components

from domain.commands import COMMAND_CLASSES, Command
from domain.event import Event
from domain.events import EVENT_CLASSES
from domain.text import TRACE_PARENT
from domain.vocabulary import Role, TimeSource, Via
from entrypoints.docgen import baselines
from entrypoints.docgen.documents import FOLDER
from entrypoints.docgen.fields import fields_of, type_name
from infra.topics import COMMANDS, EVENTS, OUTCOMES, REFUSALS, topics
from ledger.answers import ANSWER
from ledger.documents import REFUSAL_TYPE

Schema = dict[str, Any]

SCHEMAS_FOLDER: Final = FOLDER / "schemas"
BASELINES: Final = SCHEMAS_FOLDER / "published"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TEXT: Final[Schema] = {"type": "string"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}

ENVELOPE: Final[dict[str, Schema]] = {
    "specversion": {"const": "1.0"},
    "id": {**TEXT, "description": "Unique with the source: the call and the version in it."},
    "type": TEXT,
    "source": {**TEXT, "description": "The system that the call comes from."},
    "subject": {**TEXT, "description": "The call."},
    "time": {**TIME, "description": "When it happened, as it was said; never used for order."},
    "recordedat": {**TIME, "description": "When the ledger took it."},
    "version": {"type": "integer", "description": "Counts a call's events from 1: their order."},
    "actor": TEXT,
    "role": {"type": "string", "enum": [role.value for role in Role]},
    "via": {"type": "string", "enum": [via.value for via in Via]},
    "commandid": {"type": "string", "format": "uuid"},
    "correlationid": TEXT,
    "causationid": {**TEXT, "description": "What caused it; left out when the command did."},
    "traceparent": {
        **TEXT,
        "pattern": TRACE_PARENT,
        "description": "The trace that the command's sending belongs to, as CloudEvents has it.",
    },
    "timesource": {"type": "string", "enum": [time_source.value for time_source in TimeSource]},
    "observed": {"type": "boolean", "description": "Whether it was reported, not asked for."},
    "rulesbroken": {**TEXT, "description": "Ids of rules, with spaces between."},
    "ruleset": TEXT,
    "rulesethash": TEXT,
    "ledger": {**TEXT, "description": "The ledger's name, where there are several."},
}
SOMETIMES: Final = {
    "correlationid",
    "causationid",
    "traceparent",
    "timesource",
    "observed",
    "rulesbroken",
    "ledger",
}


def in_envelope(
    name: str, about: str, data: Schema, definitions: Schema, without: Iterable[str] = ()
) -> Schema:
    """The schema of a whole document: the CloudEvents envelope and its data."""
    properties = {key: schema for key, schema in ENVELOPE.items() if key not in without}
    properties["type"] = {"const": name}
    schema: Schema = {
        "$schema": DIALECT,
        "title": name,
        "description": about,
        "type": "object",
        "properties": {**properties, "data": data},
        "required": [*(key for key in properties if key not in SOMETIMES), "data"],
    }
    if definitions:
        schema["$defs"] = definitions
    return schema


def event_schema(event_class: type[Event]) -> Schema:
    """One event's document; readers pass over fields that they do not know."""
    _, definitions = schema_components([event_class], ref_template="#/$defs/{name}")
    data = definitions.pop(event_class.__name__)
    del data["additionalProperties"]
    for field in fields_of(event_class):
        if not field.required:
            data["properties"][field.name]["default"] = field.default
    return in_envelope(event_class.type, cleandoc(data.pop("description", "")), data, definitions)


def refusal_schema() -> Schema:
    """A refusal's document."""
    names = ("command", "rule", "sentence")
    data: Schema = {
        "type": "object",
        "properties": {**dict.fromkeys(names, TEXT), "arguments": {"type": "object"}},
        "required": [*names, "arguments"],
    }
    about = "A command that was refused, kept as evidence."
    return in_envelope(REFUSAL_TYPE, about, data, {}, {"version", "observed", "rulesbroken"})


def command_schema(command_class: type[Command]) -> Schema:
    """One command as it is sent."""
    schema = command_class.model_json_schema()
    schema["properties"]["observed"] = {
        "type": "boolean",
        "default": False,
        "description": "True reports what has already happened: it is never refused.",
    }
    schema["required"] = sorted({*schema.get("required", ()), "type"})
    return {"$schema": DIALECT, **schema, "title": schema["properties"]["type"]["const"]}


@cache
def schemas() -> dict[str, Schema]:
    """Every schema by its file's name."""
    found = {
        f"commands/{type_name(command_class)}.json": command_schema(command_class)
        for command_class in COMMAND_CLASSES
    }
    found |= {
        f"events/{event_class.type}.json": event_schema(event_class)
        for event_class in EVENT_CLASSES
    }
    found[f"events/{REFUSAL_TYPE}.json"] = refusal_schema()
    found["outcome.json"] = {"$schema": DIALECT, "title": "outcome", **ANSWER.json_schema()}
    return found


def version() -> str:
    """The version that is being worked on, which pyproject.toml says."""
    text = (FOLDER.parents[1] / "pyproject.toml").read_text("utf-8")
    said: str = tomllib.loads(text)["project"]["version"]
    return said


def asyncapi() -> Schema:
    """The topics, what is on each, and who sends and receives."""
    names = {
        COMMANDS: [name for name in schemas() if name.startswith("commands/")],
        OUTCOMES: ["outcome.json"],
        EVENTS: [name for name in schemas() if name.startswith("events/call.")],
        REFUSALS: [f"events/{REFUSAL_TYPE}.json"],
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Call Ledger",
            "version": "1.0.0",
            "description": "Ask by call-commands, be answered on call-outcomes, and follow "
            "call-events. Every message's key is the call's id.",
        },
        "channels": {topic: channel(topic, files) for topic, files in names.items()},
        "operations": {
            "take-commands": operation("receive", COMMANDS),
            "answer-commands": operation("send", OUTCOMES),
            "publish-events": operation("send", EVENTS),
            "publish-refusals": operation("send", REFUSALS),
        },
        "components": {
            "messages": {
                message_name(file): message(topic, file)
                for topic, files in names.items()
                for file in files
            }
        },
    }


def channel(topic: str, files: list[str]) -> Schema:
    """One topic."""
    return {
        "address": topic,
        "description": topics()[topic].about,
        "messages": {
            message_name(file): {"$ref": f"#/components/messages/{message_name(file)}"}
            for file in files
        },
        "bindings": {"kafka": {"topic": topic, "partitions": topics()[topic].partitions}},
    }


def operation(action: str, topic: str) -> Schema:
    """What the ledger itself does with a topic."""
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}


def message(topic: str, file: str) -> Schema:
    """One message: its value by its schema, its key and its headers."""
    is_document = topic in (EVENTS, REFUSALS)
    said: Schema = {
        "contentType": "application/cloudevents+json" if is_document else "application/json",
        "payload": {"$ref": f"./schemas/{file}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The call's id."}}},
    }
    if is_document:
        position = "Its position, its call's first position, and the CRC-32C of the value in hex."
        said["headers"] = {
            "type": "object",
            "properties": {"position": {**TEXT, "description": position}},
        }
    return said


def message_name(file: str) -> str:
    """A message's name in the document: that of its schema."""
    return file.rpartition("/")[2].removesuffix(".json")


def files() -> Iterator[tuple[str, str]]:
    """Each file under `docs/`, and its text."""
    for name, schema in schemas().items():
        yield f"schemas/{name}", json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
    text = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=100)
    yield (
        "asyncapi.yaml",
        "# Written by `python -m entrypoints.docgen`; edit there.\n" + text,
    )


def write() -> None:
    """Write every file, and bring the baseline of this release up to it."""
    for name, text in files():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")
    baselines.refresh(BASELINES, version(), schemas())
