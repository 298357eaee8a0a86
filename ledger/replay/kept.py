"""What the ledger kept of a command, read out of a document once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, get_args

from msgspec import MsgspecError, Raw, Struct, convert
from msgspec.json import Decoder

from domain.commands import COMMAND_CLASSES, Command
from domain.event import Event
from domain.vocabulary import Via
from infra.errors import LedgerError
from ledger.document_validation import why_no_event
from ledger.documents import BODIES, Refusal


class UnreadableDocument(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A document is none that this version can read; the sentence says where and why."""


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
    observed: bool = False
    rulesbroken: str = ""


KEPT: Final = Decoder(Kept)
REFUSAL: Final = Decoder(Refusal)

NOT_READ: Final = (MsgspecError, UnicodeDecodeError, KeyError, ValueError)

CLASS_OF_TYPE: Final = {one.model_fields["type"].default: one for one in COMMAND_CLASSES}

Asked = tuple[type[Command], dict[str, Any]]
"""A command's class and its own arguments."""

OWN_DEFAULTS: Final[dict[type[Command], dict[str, Any]]] = {
    command_class: {
        name: field.default
        for name, field in command_class.model_fields.items()
        if name == "type" or (name not in Command.model_fields and not field.is_required())
    }
    for command_class in COMMAND_CLASSES
}
"""A command's type, and what its arguments are where nobody says otherwise."""


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


RecordedEvent = tuple[int, Kept, Event]
"""An event with its position and what its document says of its command."""


def recorded_event(position: int, document: bytes) -> RecordedEvent:
    """The event in a document. Raises `UnreadableDocument`."""
    try:
        kept = KEPT.decode(document)
        return position, kept, BODIES[kept.type].decode(kept.data)
    except NOT_READ:
        raise unreadable(f"position {position:,}", why_no_event(bytes(document))) from None


def refusal_kept(number: int, document: bytes) -> Kept:
    """What a refusal's document says. Raises `UnreadableDocument`."""
    try:
        return KEPT.decode(document)
    except NOT_READ as error:
        raise unreadable(f"refusal {number:,}", str(error)) from None


def refused(number: int, kept: Kept) -> tuple[Asked, str]:
    """What was refused, as it was asked, and the rule. Raises `UnreadableDocument`."""
    try:
        body = REFUSAL.decode(kept.data)
        arguments = {
            name: WORDS[name](value) if name in WORDS else value
            for name, value in body.arguments.items()
        }
        return (CLASS_OF_TYPE[body.command], arguments), body.rule
    except NOT_READ as error:
        raise unreadable(f"refusal {number:,}", str(error)) from None


def unreadable(where: str, why: str) -> UnreadableDocument:
    """The error for a document that is none of ours."""
    return UnreadableDocument(
        f"The document at {where} cannot be read ({why.rstrip('.')}): restore the event store from"
        " its last backup, or replay an archive of it (--archive)."
    )


def judged_command(actor: str, asked: Asked, expected_version: int | None = None) -> Command:
    """As much of a command as rules look at: who asks for what.

    It is made without pydantic, which costs as much as the verdict and all else together, and has
    no id, call or time. Where it has no arguments it is the same object each time.
    """
    command_class, arguments = asked
    if not arguments and expected_version is None:
        return bare_command(command_class, actor)
    return made(command_class, {**arguments, "actor": actor, "expected_version": expected_version})


@lru_cache(maxsize=4096)
def bare_command(command_class: type[Command], actor: str) -> Command:
    """A command that says no more than who asks."""
    return made(command_class, {"actor": actor, "expected_version": None})


def done_command(kept: Kept, asked: Asked) -> Command:
    """As much of a command as its events depend on: by what and when it was done, too."""
    command_class, arguments = asked
    envelope = {
        "actor": kept.actor,
        "expected_version": None,
        "via": Via(kept.via),
        "occurred_at": convert(kept.time, datetime),
    }
    return made(command_class, {**arguments, **envelope})


def made(command_class: type[Command], said: dict[str, Any]) -> Command:
    """A command that says this, and has the defaults of its class for other arguments."""
    command = object.__new__(command_class)
    object.__setattr__(command, "__dict__", {**OWN_DEFAULTS[command_class], **said})
    return command
