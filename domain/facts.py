"""What an observation says has happened, as a fingerprint by which a repeat is known (L6)."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Final

import msgspec

from domain.commands import Command
from domain.vocabulary import TargetKind

DIGEST_BYTES: Final = 8
"""Enough to tell the facts of one call apart; those of different calls are never compared."""

NOT_OF_THE_FACT: Final = frozenset(Command.model_fields) | {"type", "customer", "note", "why"}
"""The envelope, and personal text: a fingerprint would give it away after its erasure."""


@cache
def fields_of_fact(command_class: type[Command]) -> tuple[str, ...]:
    """The fields that are the command's own, but for personal text."""
    return tuple(name for name in command_class.model_fields if name not in NOT_OF_THE_FACT)


def fact_of(command: Command) -> str:
    """16 hexadecimal digits over what is reported, who did it, when, and its own arguments.

    By what it was done, and how the report came, is not of the fact: two systems may tell it.
    """
    said: dict[str, object] = {"at": command.occurred_at.timestamp(), "by": command.actor}
    for name in fields_of_fact(type(command)):
        value = getattr(command, name)
        if value is not None:
            said[name] = value
    if said.get("target_kind") is TargetKind.DIAL_NUMBER:
        said.pop("target", None)
    return blake2b(
        msgspec.json.encode([command.action, said]), digest_size=DIGEST_BYTES
    ).hexdigest()
