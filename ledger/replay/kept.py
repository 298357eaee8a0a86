"""What the ledger kept of a command, read out of a document once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, get_args
from uuid import UUID

from msgspec import Raw, Struct, convert
from msgspec.json import Decoder

from domain.commands import COMMAND_CLASSES, Command
from domain.event import Event
from domain.vocabulary import TimeSource, Via
from ledger.documents import BODIES, Refusal


class Kept(Struct, frozen=True, gc=False):
    """What a document says of its command; as text, what rules do not look at."""

    type: str
    source: str
    subject: str
    time: str
    recordedat: str
    actor: str
    role: str
    via: str
    commandid: str
    ruleset: str
    rulesethash: str
    data: Raw
    version: int = 0
    correlationid: str | None = None
    causationid: str | None = None
    timesource: TimeSource = TimeSource.EXACT
    observed: bool = False
    rulesbroken: str = ""


KEPT: Final = Decoder(Kept)
REFUSAL: Final = Decoder(Refusal)

CLASS_OF_TYPE: Final = {one.model_fields["type"].default: one for one in COMMAND_CLASSES}

Asked = tuple[type[Command], dict[str, Any]]
"""A command's class and its own arguments."""

DEFAULTS: Final[dict[type[Command], dict[str, Any]]] = {
    command_class: {
        name: field.default
        for name, field in command_class.model_fields.items()
        if not field.is_required()
    }
    for command_class in COMMAND_CLASSES
}
"""What a command says where nobody says otherwise."""


def words_of(annotation: object) -> type[StrEnum] | None:
    """The closed set of words that a field's value is of, if it is of one."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return annotation
    return next((found for one in get_args(annotation) if (found := words_of(one))), None)


WORDS: Final = {
    name: words
    for command_class in COMMAND_CLASSES
    for name, field in command_class.model_fields.items()
    if (words := words_of(field.annotation))
}
"""The arguments that are words of a closed set, which a refusal keeps as text."""


class RecordedEvent(NamedTuple):
    """An event with its position and what its document says of its command."""

    position: int
    kept: Kept
    event: Event


def recorded_event(position: int, document: bytes) -> RecordedEvent:
    """The event in a document."""
    kept = KEPT.decode(document)
    return RecordedEvent(position, kept, BODIES[kept.type].decode(kept.data))


def refused(kept: Kept) -> tuple[Asked, str]:
    """What was refused, exactly as it was asked, and the rule."""
    body = REFUSAL.decode(kept.data)
    arguments = {
        name: WORDS[name](value) if name in WORDS else value
        for name, value in body.arguments.items()
    }
    return (CLASS_OF_TYPE[body.command], arguments), body.rule


def judged_command(kept: Kept, asked: Asked, with_version: bool = False) -> Command:
    """As much of the command as rules look at: who asks for what.

    It is made without pydantic, which costs as much as the verdict and all else together. It has
    no id, call or time, and the version it expected, which is of the recorded history, on request.
    """
    command_class, arguments = asked
    command = object.__new__(command_class)
    said = {**DEFAULTS[command_class], **arguments, "actor": kept.actor}
    if not with_version:
        said["expected_version"] = None
    object.__setattr__(command, "__dict__", said)
    return command


def whole_command(kept: Kept, asked: Asked) -> Command:
    """The command in the envelope that its document kept."""
    command_class, arguments = asked
    return command_class.model_construct(
        command_id=UUID(kept.commandid),
        source=kept.source,
        call_id=kept.subject,
        actor=kept.actor,
        via=Via(kept.via),
        occurred_at=convert(kept.time, datetime),
        time_source=kept.timesource,
        correlation_id=kept.correlationid,
        causation_id=kept.causationid,
        **arguments,
    )
