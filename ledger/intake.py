"""Reading commands from outside: one JSON object on one line, or the reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final
from unicodedata import category
from uuid import UUID

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from uuid_utils.compat import uuid7

from domain.commands import COMMAND_CLASSES, EARLIEST_YEAR, LATEST_YEAR, AnyCommand, Command
from infra.errors import FINDING, LedgerError
from infra.nearest import nearest
from ledger.outcomes import Request

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LARGEST_LINE_BYTES: Final = 64 * 1024
LARGEST_NUMBER: Final = 2**53
"""JSON readers disagree about the value of a larger number."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some programs put at the start of a file in UTF-8; it is passed over."""

COMMAND: Final[TypeAdapter[Command]] = TypeAdapter(
    Annotated[AnyCommand, Field(discriminator="type")]
)
VALIDATED: Final[Callable[[bytes], Command]] = partial(COMMAND.validator.validate_json, strict=True)
CLASS_OF_TYPE: Final = {
    command_class.model_fields["type"].default: command_class for command_class in COMMAND_CLASSES
}
A_DATE: Final = re.compile(r"\d{4}-")
JOINERS: Final = "\u200c\u200d"
WHITE_SPACE: Final = b" \t\r\n"
DATED: Final = re.compile(rb'"occurred_at"\s*:\s*"\d{4}-')


class Unreadable(LedgerError):  # noqa: N818 - the name says what the line is
    """The line is no command; the sentence says why. It belongs in quarantine."""

    exit_code = FINDING


@dataclass(frozen=True, slots=True)
class Defaults:
    """The fields that a line may leave out when a person types it."""

    occurred_at: str
    source: str = "local"
    command_id: UUID | None = None
    """Left out, each line gets an id of its own."""


def new_command_id() -> UUID:
    """A new id. Ids sort by the time they were made, which keeps the index of outcomes compact."""
    return uuid7()


def read_request(line: bytes, defaults: Defaults | None = None) -> Request:
    """Read one command, and the door that `"observed": true` chooses for it.

    Raises `Unreadable` with one sentence.
    """
    line = line.removeprefix(BYTE_ORDER_MARK)
    command = complete_command(line)
    if command is not None:
        return Request(command)
    fields = fields_of(line)
    observed = fields.pop("observed", False)
    if not isinstance(observed, bool):
        raise Unreadable("observed must be true or false.")
    if defaults is not None:
        fields.setdefault("command_id", str(defaults.command_id or new_command_id()))
        fields.setdefault("occurred_at", defaults.occurred_at)
        fields.setdefault("source", defaults.source)
    occurred_at = fields.get("occurred_at")
    if isinstance(occurred_at, str) and not A_DATE.match(occurred_at):
        raise Unreadable("occurred_at must be written as 2026-01-01T10:00:00.123456Z.")
    try:
        command = VALIDATED(orjson.dumps(fields))
    except ValidationError as error:
        raise Unreadable(reason_of(error, fields)) from None
    return Request(command, observed)


def complete_command(line: bytes) -> Command | None:
    """The command of a line that leaves nothing to fill in, choose or explain.

    Most lines are so, and this costs half of reading the fields first. A line that chooses its
    door is left to that, so that it is validated once.
    """
    if len(line) > LARGEST_LINE_BYTES or b'"observed"' in line or not DATED.search(line):
        return None
    try:
        command = VALIDATED(line)
    except ValidationError:
        return None
    # No further fields are allowed, so a key more than there are fields is one said twice.
    return command if key_ends(line) == len(command.model_fields_set) else None


def key_ends(line: bytes) -> int:
    """How many keys a flat JSON object has; more where a text in it has what looks like the end."""
    return line.translate(None, WHITE_SPACE).count(b'":')


def fields_of(line: bytes) -> dict[str, Any]:
    """The fields of a flat JSON object that names each of them once."""
    if len(line) > LARGEST_LINE_BYTES:
        raise Unreadable(too_long(f"{len(line):,}"))
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if b"\0" in line:
            raise Unreadable("It has zero bytes in it: write it in UTF-8, not UTF-16.") from None
        raise Unreadable(f"It is not valid JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise Unreadable("It is not a JSON object.")
    if key_ends(line) != len(fields):
        refuse_repeated_keys(line)
    for name, value in fields.items():
        if isinstance(value, dict | list):
            raise Unreadable(f"{shown(name)} must be a plain value, not an object or a list.")
        if isinstance(value, int | float) and abs(value) > LARGEST_NUMBER:
            raise Unreadable(f"{shown(name)} is larger than any number a command has.")
    return fields


def too_long(size_bytes: str) -> str:
    """Why a line of so many bytes is not read, and what to do."""
    return (
        f"It has {size_bytes} bytes; at most {LARGEST_LINE_BYTES:,} are read: shorten its texts, "
        "and send it again."
    )


def refuse_repeated_keys(line: bytes) -> None:
    """Refuse a key that is there twice: which of the two is meant cannot be known."""

    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise Unreadable(f"{shown(name)} is there more than once.")
        return dict(pairs)

    json.loads(line, object_pairs_hook=without_repeats)


def reason_of(error: ValidationError, fields: dict[str, Any]) -> str:
    """Say the first thing that is wrong in one sentence."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = shown(str(first["loc"][-1])) if first["loc"] else "It"
    match first["type"]:
        case "union_tag_not_found":
            return f"type is missing; it is one of {', '.join(CLASS_OF_TYPE)}."
        case "union_tag_invalid":
            given = str(fields.get("type"))
            return f"{shown(given)} is no type of command: {near_or_all(given, CLASS_OF_TYPE)}"
        case "missing":
            return f"{name} is missing."
        case "extra_forbidden":
            command_class = CLASS_OF_TYPE[str(fields["type"])]
            given = str(first["loc"][-1])
            near = near_or_all(given, command_class.model_fields)
            return f"{name} is no field of {fields['type']}: {near}"
        case "string_pattern_mismatch":
            return f"{name} has characters that are not allowed in it{hidden_in(fields, first)}."
        case "greater_than_equal" | "less_than" if name == "occurred_at":
            year = int(fields["occurred_at"][:4])
            return (
                f"{name} is in the year {year}; only {EARLIEST_YEAR} to {LATEST_YEAR}, in UTC, are."
            )
        case _:
            return f"{name} is not right: {first['msg'][0].lower()}{first['msg'][1:]}."


def hidden_in(fields: dict[str, Any], error: ErrorDetails) -> str:
    """The first character of a name that cannot be seen, by its number in Unicode."""
    value = fields.get(str(error["loc"][-1]))
    unseen = [
        character
        for character in (value if isinstance(value, str) else "")
        if category(character)[0] == "C" or category(character) in ("Zl", "Zp")
    ]
    # Joiners are allowed in places, so where there is anything else it is that.
    unseen.sort(key=JOINERS.__contains__)
    return f": U+{ord(unseen[0]):04X}, which cannot be seen" if unseen else ""


def near_or_all(given: str, known: Iterable[str]) -> str:
    """Name the closest known word, or all of them."""
    known = list(known)
    near = nearest(given, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}."


def shown(text: str) -> str:
    """Text from outside, cut short and made printable."""
    return ascii(text[:60])[1:-1]
