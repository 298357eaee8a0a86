"""What a command comes to: recorded, or refused. Both are final and survive a restart."""

from __future__ import annotations

from typing import NamedTuple

from domain.commands import Command


class Request(NamedTuple):
    """A command, and the door it comes through."""

    command: Command
    observed: bool = False
    """An observation: it has already happened, so it is recorded whatever rules it broke."""


class Recorded(NamedTuple):
    """The command's events are in the ledger, on disk."""

    position: int
    """The position of the last of its events; they are next to each other."""
    version: int
    """The call's version after them."""
    documents: tuple[bytes, ...]
    """The events in order, as the bytes that were stored."""
    repeated: bool = False
    """Whether this is the first outcome of a command that was sent again."""


class RefusedOutcome(NamedTuple):
    """The command is not in the ledger, but the refusal is, as evidence."""

    number: int
    """The refusal's own number, which counts from 1 in the ledger."""
    rule: str
    sentence: str
    repeated: bool = False


Outcome = Recorded | RefusedOutcome
