"""One command from its flags or its JSON, recorded or refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import typer

from domain.commands import COMMAND_CLASSES, Command
from domain.rule_sets import RULE_SETS
from ledger.intake import Defaults, Unreadable, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Recorded

OWN_FIELDS = set(Command.model_fields) | {"type"}
CLASS_OF_ACTION = {command_class.action: command_class for command_class in COMMAND_CLASSES}
LONGEST_NUMBER = 18


def meaning_of(command_class: type[Command]) -> str:
    """The first line of what the command says about itself."""
    return (command_class.__doc__ or "").splitlines()[0]


def flags_of(command_class: type[Command]) -> list[str]:
    """The flags that are this command's own."""
    return [
        f"--{name.replace('_', '-')}"
        for name in command_class.model_fields
        if name not in OWN_FIELDS
    ]


def as_json(action: str, given: dict[str, Any], own: Sequence[str]) -> str:
    """The command as a line of JSON, from the flags that all have and those of its own."""
    if "call" in given:
        given = {"call_id": given.pop("call"), **given}
    try:
        return orjson.dumps(given | fields_of_flags(action, own)).decode()
    except orjson.JSONEncodeError:
        raise typer.BadParameter("A flag's value is not text in UTF-8.") from None


def fields_of_flags(action: str, flags: Sequence[str]) -> dict[str, Any]:
    """The command's own fields from its own flags, each with one value."""
    command_class = CLASS_OF_ACTION.get(action)
    if command_class is None:
        known = ", ".join(CLASS_OF_ACTION)
        raise typer.BadParameter(f"{action!r} is no action; there are {known}.")
    fields: dict[str, Any] = {"type": command_class.model_fields["type"].default}
    own = flags_of(command_class)
    left = list(flags)
    while left:
        flag, _, value = left.pop(0).partition("=")
        if flag not in own:
            has = f"its own are {' '.join(own)}" if own else "it has none of its own"
            raise typer.BadParameter(f"{action} has no {flag}; {has}.")
        if not value and not left:
            raise typer.BadParameter(f"{flag} needs a value.")
        fields[flag[2:].replace("-", "_")] = as_number(value or left.pop(0), command_class, flag)
    return fields


def as_number(value: str, command_class: type[Command], flag: str) -> str | int:
    """The value as the field wants it: a number where it is one, so that JSON says so too."""
    field = command_class.model_json_schema()["properties"][flag[2:].replace("-", "_")]
    kinds = {field.get("type"), *(option.get("type") for option in field.get("anyOf", []))}
    is_number = value.isdecimal() and len(value) <= LONGEST_NUMBER and "integer" in kinds
    return int(value) if is_number else value


def record_one(folder: Path, rules: str, text: str) -> int:
    """Record one command and say what came of it; returns the exit code."""
    try:
        request = read_request(text.encode("utf-8", "surrogateescape"), defaults())
    except Unreadable as error:
        raise typer.BadParameter(str(error)) from None
    with Ledger.open(folder, RULE_SETS[rules], doing="record") as ledger:
        outcome = ledger.record(request.command, request.observed)
    again = " again: this command was recorded before" if outcome.repeated else ""
    if isinstance(outcome, Recorded):
        types = ", ".join(orjson.loads(document)["type"] for document in outcome.documents)
        typer.echo(f"Recorded{again}: {types}.")
        typer.echo(f"Position {outcome.position:,}, version {outcome.version} of the call.")
        return 0
    typer.echo(f"Refused{again} by {outcome.rule}: {outcome.sentence}")
    typer.echo(f"Kept as refusal {outcome.number}; see call-ledger report refusals --calls.")
    return 1


def defaults() -> Defaults:
    """What a person may leave out."""
    return Defaults(occurred_at=datetime.now(UTC).isoformat())
