"""What every event of a call is, whichever it is."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Event(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """The body of an event; call, version, times, actor, ids and its type are in its envelope."""

    type: ClassVar[str]
    """The versioned name of the event's type: the contract, which the class's name is not."""

    fact: str | None = None
    """Of an observation's first event: what was reported, so that a repeat is known (L6)."""
