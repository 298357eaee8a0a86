"""The documents that the code writes itself: rules, events, commands, flags and tables.

`python -m entrypoints.docgen` writes them; a test fails when one of them has drifted.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from pydantic import AwareDatetime

from domain.commands import COMMAND_CLASSES, Command
from domain.events import EVENT_CLASSES
from domain.field_meanings import FIELD_MEANINGS
from domain.readings import OWN_READINGS
from domain.rights import GRIDS
from domain.rule import KeptBy, Rule
from domain.rule_sets import RULE_SETS
from domain.rules import RULES
from domain.rules_hash import hash_of
from domain.vocabulary import Role
from entrypoints.docgen.fields import Field, Model, fields_of, type_name
from entrypoints.docgen.http import http_document, openapi_document
from entrypoints.docgen.markdown import document, table
from entrypoints.docgen.reference import command_line_document, models_document

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

GENERATED = "<!-- Written by `python -m entrypoints.docgen` from `domain/`; edit there. -->\n"


def rules_document() -> str:
    """Every rule with the page's words, the rule sets side by side, and the grids by role."""
    parts = [
        "# The rules",
        GENERATED,
        "What the ledger enforces, beside the words it comes from. A command that breaks a rule "
        "is refused and the refusal kept; an observation is recorded, with the ids of the rules "
        "it broke. Who may do something at all stands before what the call allows at that moment.",
        "R is the help page “Avviare una conferenza”, in its own words; Q is how a gap or a "
        "contradiction of the page is read; C, H, E, T, W and O are its sibling pages; L is the "
        "ledger's own. **A1** is the owner, **A2** the consulted agent or other member.",
        "## Every rule",
        table(
            ("id", "the rule", "the page's words, or what it stands beside", "kept by"),
            (rule_row(rule) for rule in RULES),
        ),
        "## The rule sets",
        "The rules are the same; these parameters differ. Every event carries the name and the "
        "hash of the set by which it was judged.",
        table(("parameter", "meaning", *RULE_SETS), rule_set_rows()),
        "## Who may do what, and when",
        "One grid a role: down the actions, across the phases in which the role can exist. "
        "**ok** is allowed, if the guards of the table above let it pass; anything else is the "
        "rule that refuses. What no grid speaks of is refused by R22.",
        *(
            f"### {role.value.replace('_', ' ').capitalize()}\n\n{grid_table(grid)}"
            for role, grid in GRIDS.items()
        ),
        "### Everybody else",
        f"An {Role.OUTSIDER.value} has no rights (R22, Q21). An {Role.UNKNOWN.value} actor has "
        "none either as a command; an observation by an unknown actor is judged by what anybody "
        "could have done in that phase. Corrections, noted activities and marks of an incomplete "
        "record act on the record and not in the call: they need no role, only a call that has "
        "been received (L1).",
        "## Where page and readings are silent",
        "\n".join(f"- {reading}" for reading in OWN_READINGS),
    ]
    return document(parts)


def rule_row(rule: Rule) -> tuple[str, ...]:
    """One rule as a row; a guard names the actions that it guards."""
    actions = dict.fromkeys(f"`{action}`" for guard in rule.guards for action in guard.actions)
    guarded = ", ".join(actions) or "every command"
    kept_by = rule.kept_by.value + (f" of {guarded}" if rule.kept_by is KeptBy.GUARD else "")
    return rule.id, rule.sentence, rule.page, kept_by


def rule_set_rows() -> Iterable[tuple[str, ...]]:
    """The parameters of the rule sets, side by side, and their hashes."""
    sets = RULE_SETS.values()
    for parameter in fields(next(iter(sets))):
        if parameter.name != "name":
            values = (value_words(getattr(rules, parameter.name)) for rules in sets)
            yield f"`{parameter.name}`", PARAMETERS[parameter.name], *values
    yield "hash", "over parameters, rules and grids", *(f"`{hash_of(rules)}`" for rules in sets)


def value_words(value: object) -> str:
    """A parameter's value: yes and no in words."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


PARAMETERS = {
    "members_limit": "how many may be in a conference, the customer included (Q7)",
    "owner_may_leave": "whether the owner may exit, and the agent longest in the call owns it (Q6)",
    "consult_in_conference": "whether the owner may consult a further party in conference (Q7, C1)",
    "wrap_up_extensions": "how often an agent may extend one wrap-up (W8)",
    "default_reason": "the reason applied when the wrap-up's time is out (W7)",
}


def grid_table(grid: str) -> str:
    """A grid of `rights.py` as a table, its words made readable."""
    header, *rows = (line.split() for line in grid.strip().splitlines())
    return table([name.replace("_", " ") for name in header], rows)


def events_document() -> str:
    """Every event: its versioned type, its meaning, its fields."""
    parts = [
        "# The events",
        GENERATED,
        "What has happened in a call, for good: an event is never changed, only corrected by "
        "another one. Each is one CloudEvents 1.0 JSON document; the fields below are its `data`, "
        "without those that have no value; one with an empty *left out* is always there.",
        "Whatever an event opens has a number that counts from 1 within its call (hold 1, consult "
        "2, transfer 1); every later event that touches it carries the same number. Fields marked "
        "*personal* can name a person.",
        *(section(event_class) for event_class in EVENT_CLASSES),
        "## The words of the fields",
        *vocabulary(EVENT_CLASSES),
    ]
    return document(parts)


def commands_document() -> str:
    """Every command: its versioned type, its meaning, its own fields."""
    parts = [
        "# The commands",
        GENERATED,
        "What can be asked of a call. The same words are an observation when another system "
        "reports that it has already happened: then nothing is refused, and the event carries the "
        "ids of the rules it broke. A field with an empty *left out* must be given.",
        "## What every command says",
        field_table(fields_of(Command)),
        *(section(command_class, Command) for command_class in COMMAND_CLASSES),
        "## The words of the fields",
        *vocabulary((Command, *COMMAND_CLASSES)),
    ]
    return document(parts)


def section(model: Model, base: Model | None = None) -> str:
    """One event or command with the fields of its own."""
    inherited = fields_of(base) if base else []
    own = [field for field in fields_of(model) if field not in inherited]
    meaning = (model.__doc__ or "").strip().replace("\n    ", "\n")
    return f"## `{type_name(model)}`\n\n{meaning}\n\n{field_table(own)}"


def field_table(fields: Iterable[Field]) -> str:
    """Each field's meaning, type, what it means to leave it out, and its personal mark."""
    rows = [
        (
            f"`{field.name}`",
            FIELD_MEANINGS[field.name],
            type_words(field.annotation),
            when_missing(field),
            "personal" if field.personal else "",
        )
        for field in fields
    ]
    header = ("field", "meaning", "type", "left out", "")
    return table(header, rows) if rows else "No fields of its own."


def when_missing(field: Field) -> str:
    """What a field that is left out means."""
    if field.required:
        return ""
    if field.default is None:
        return "no value"
    return f"`{field.default}`"


def type_words(annotation: object) -> str:
    """A type in words; a field's bounds are in the shapes of `domain/text.py`."""
    if typing.get_origin(annotation) is typing.Annotated:
        return type_words(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        parts = [part for part in typing.get_args(annotation) if part is not types.NoneType]
        return " or ".join(type_words(part) for part in parts)
    if typing.get_origin(annotation) is tuple:
        return "list of " + type_words(typing.get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return WORDS[annotation]


WORDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    UUID: "UUID",
    AwareDatetime: "time with zone",
}


def vocabulary(models: Iterable[Model]) -> list[str]:
    """The choices of every field that has a closed list of words."""
    found: dict[str, type[StrEnum]] = {}
    for model in models:
        for field in fields_of(model):
            for part in (field.annotation, *typing.get_args(field.annotation)):
                if isinstance(part, type) and issubclass(part, StrEnum):
                    found[part.__name__] = part
    return [
        f"### {name}\n\n{words.__doc__}\n\n{', '.join(f'`{word.value}`' for word in words)}"
        for name, words in sorted(found.items())
    ]


DOCUMENTS = {
    "rules.md": rules_document,
    "events.md": events_document,
    "commands.md": commands_document,
    "command-line.md": command_line_document,
    "models.md": models_document,
    "http.md": http_document,
    "openapi.json": openapi_document,
}


def write() -> None:
    """Write every document into `docs/reference/`."""
    FOLDER.mkdir(exist_ok=True)
    for name, text_of in DOCUMENTS.items():
        (FOLDER / name).write_text(text_of(), encoding="utf-8")
