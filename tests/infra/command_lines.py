"""A command line of a file, taken apart by the program itself, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from entrypoints.cli.main import whole_command_line


def parse(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The command's name, such as `topics create`, and its options.

    Fails as the program would for what it does not know, or a value that is not right.
    """
    command: Any = whole_command_line()
    context = command.make_context("call-ledger", list(words))
    names: list[str] = []
    while hasattr(command, "commands"):
        left = [*context._protected_args, *context.args]
        name, found, left = command.resolve_command(context, left)
        names.append(name)
        command = found
        context = command.make_context(name, left, parent=context)
    return " ".join(names), dict(context.params)
