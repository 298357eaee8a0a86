"""Commands that are built when they are looked up: a program that runs one needs no other.

Typer builds every command with all its parameters before it runs the first: a sixth of the
processor time of a short command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any, Final

import typer
from typer.main import (
    get_command,
    get_command_from_info,
    get_command_name,
    get_group_from_info,
)
from typer.models import CommandInfo, TyperInfo

BROKEN: Final = re.compile(r"(?<!\n)\n(?!\n|\[bold\])")
"""Where a docstring breaks a paragraph, and not before an example, which has a line of its own."""


class CommandsOnDemand(Mapping[str, Any]):
    """What is registered in an app, by name, in the order in which help lists it."""

    def __init__(self, app: typer.Typer) -> None:
        """Build nothing yet."""
        self._app = app
        commands = {name_of(command): command for command in app.registered_commands}
        groups = {str(group.name): group for group in app.registered_groups}
        self._registered: dict[str, CommandInfo | TyperInfo] = {**commands, **groups}
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The command or group. Raises `KeyError` where none has that name."""
        if name not in self.built:
            self.built[name] = self._build(self._registered[name])
        return self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._registered)

    def __len__(self) -> int:
        return len(self._registered)

    def _build(self, registered: CommandInfo | TyperInfo) -> Any:
        shown: dict[str, Any] = {
            "pretty_exceptions_short": self._app.pretty_exceptions_short,
            "rich_markup_mode": self._app.rich_markup_mode,
        }
        if isinstance(registered, CommandInfo):
            command: Any = get_command_from_info(registered, **shown)
            command.help = flowing(command.help or "")
            return with_bare_flags(command)
        app = registered.typer_instance
        assert app is not None
        group: Any = copy(registered)
        group.typer_instance = without_commands(app)
        built: Any = get_group_from_info(
            group, suggest_commands=self._app.suggest_commands, **shown
        )
        built.commands = CommandsOnDemand(app)
        return with_bare_flags(built)


def command_line(app: typer.Typer) -> Any:
    """The app as the command that a program runs."""
    built: Any = get_command(without_commands(app))
    built.commands = CommandsOnDemand(app)
    return with_bare_flags(built)


def with_bare_flags(command: Any) -> Any:
    """The command, its flags shown without a type: `--json <bool>` reads as if a word followed."""
    for option in command.get_params(typer.Context(command)):
        if getattr(option, "is_flag", False):
            option.metavar = ""
    return command


def without_commands(app: typer.Typer) -> typer.Typer:
    """All that the app says of itself."""
    bare = copy(app)
    bare.registered_commands, bare.registered_groups = [], []
    return bare


def flowing(text: str) -> str:
    """The text with a line for each paragraph and each example, for a terminal of any width."""
    return BROKEN.sub(" ", text)


def name_of(registered: CommandInfo) -> str:
    """What a command is called by: its own name, or that of its function."""
    assert registered.callback is not None
    return registered.name or get_command_name(registered.callback.__name__)
