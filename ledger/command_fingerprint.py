"""What tells two commands with one id apart: a hash of what each of them asks.

It covers the door, type, source, call, actor, `via`, and the arguments, the expected version
among them. It leaves out what may differ when the same thing is asked again: the times, because a
retry reads its clock anew, and the ids of correlation and cause and the trace, which belong to the
sending. An argument that has its default is as one that is left out. See docs/adr/0013.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from domain.commands import COMMAND_CLASSES, Command
from ledger.outcomes import Request

FINGERPRINT_BYTES: Final = 8
"""It is compared within one command id only, so that two are alike by chance is out of reach."""

NOT_ASKED: Final = frozenset(
    {
        "command_id",
        "occurred_at",
        "time_source",
        "correlation_id",
        "causation_id",
        "traceparent",
    }
)
SAID_FIRST: Final = frozenset({"type", "source", "call_id", "actor", "via"})

ARGUMENTS: Final[dict[type[Command], tuple[tuple[str, Any], ...]]] = {
    command_class: tuple(
        (name, field.default)
        for name, field in sorted(command_class.model_fields.items())
        if name not in NOT_ASKED | SAID_FIRST
    )
    for command_class in COMMAND_CLASSES
}
"""Each argument of a command with its default, by name."""


def command_fingerprint(request: Request) -> int:
    """The fingerprint as a number of 64 bits with a sign, as databases keep it."""
    command, observed = request
    said = command.__dict__
    first = (said["type"], said["source"], said["call_id"], said["actor"], said["via"])
    return fingerprint_of(observed, first, type(command), said)


def fingerprint_of(
    observed: bool,
    first: tuple[str, str, str, str, str],
    command_class: type[Command],
    said: Mapping[str, Any],
) -> int:
    """The same of a command's parts: type, source, call, actor and `via`, and its arguments."""
    arguments = [
        (name, value) for name, default in ARGUMENTS[command_class]
        if (value := said.get(name, default)) != default
    ]  # fmt: skip
    content = orjson.dumps((observed, *first, arguments))
    digest = blake2b(content, digest_size=FINGERPRINT_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)
