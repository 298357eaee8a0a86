"""The help of commands, as wide as the terminal that shows it."""

from __future__ import annotations

import inspect

import typer

EXAMPLE = "[bold]"


def let_flow(app: typer.Typer) -> None:
    """Join the lines of each paragraph in every command's help; an example keeps its own line.

    Typer breaks a line where its source does too, and a narrow terminal once more.
    """
    for command in app.registered_commands:
        command.help = flowing(command.help or inspect.getdoc(command.callback) or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            let_flow(group.typer_instance)


def flowing(text: str) -> str:
    """The text with a line for each paragraph and each example."""
    joined = ""
    for line in text.splitlines():
        is_joined = joined and not joined.endswith("\n") and line and not line.startswith(EXAMPLE)
        joined += f" {line}" if is_joined else f"\n{line}" if joined else line
    return joined
