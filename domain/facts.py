"""What an observation says has happened, as a fingerprint by which a repeat is known (L6)."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

from msgspec.json import encode

from domain.commands import Command, RequestTransfer, StartConsult
from domain.vocabulary import TargetKind

DIGITS: Final = 16
"""Enough to tell the facts of one call apart; those of different calls are never compared."""

NOT_OF_THE_FACT: Final = frozenset(Command.model_fields) | {"type", "customer", "note", "why"}
"""The envelope, and personal text: a fingerprint would give it away after its erasure."""


@cache
def said_by(command_class: type[Command], is_dialled: bool) -> attrgetter[tuple[Any, ...]]:
    """What reads who did what with which arguments; a new field must come last in its class.

    A dial number is personal.
    """
    own = [name for name in command_class.model_fields if name not in NOT_OF_THE_FACT]
    if is_dialled:
        own.remove("target")
    return attrgetter("action", "actor", *own)


def fact_of(command: Command) -> str:
    """16 hexadecimal digits over what is reported, who did it, when, and its own arguments.

    By what it was done, and how the report came, is not of the fact: two systems may tell it.
    """
    is_dialled = (
        isinstance(command, StartConsult | RequestTransfer)
        and command.target_kind is TargetKind.DIAL_NUMBER
    )
    said = [command.occurred_at.timestamp(), *said_by(type(command), is_dialled)(command)]
    while said[-1] is None:
        said.pop()
    return sha256(encode(said)).hexdigest()[:DIGITS]
