"""Commands that are loaded and built when they are looked up: who runs one needs no other.

Typer builds every command with all its parameters before it runs the first: a sixth of the
processor time of a short command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import partial
from importlib import import_module
from typing import Any, Final, NamedTuple

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


Registered = CommandInfo | TyperInfo
"""A command or a group of commands, as Typer has it before it is built."""


class Place(NamedTuple):
    """Where a command or a group is."""

    panel: str
    """The heading under which help lists it."""
    module: str
    """The module of `entrypoints.cli`."""
    name: str = ""
    """What it is called there: as the module, where nothing is said."""

    def registered(self, name: str) -> Registered:
        """What is there, to be called by this name."""
        module = import_module(f"entrypoints.cli.{self.module}")
        found: Any = getattr(module, self.name or self.module)
        if isinstance(found, typer.Typer):
            return TyperInfo(found, name=name, rich_help_panel=self.panel)
        command = found if isinstance(found, CommandInfo) else CommandInfo(callback=found)
        command.name, command.rich_help_panel = name, self.panel
        return command


class CommandsOnDemand(Mapping[str, Any]):
    """Commands and groups by their names, in the order in which help lists them."""

    def __init__(
        self, app: typer.Typer, registered: Mapping[str, Callable[[], Registered]]
    ) -> None:
        """Load and build nothing yet; `app` says how they are shown."""
        self._app = app
        self._registered = registered
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The command or group. Raises `KeyError` where none has that name."""
        if name not in self.built:
            self.built[name] = self._build(self._registered[name]())
        return self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._registered)

    def __len__(self) -> int:
        return len(self._registered)

    def _build(self, registered: Registered) -> Any:
        shown: dict[str, Any] = {
            "pretty_exceptions_short": self._app.pretty_exceptions_short,
            "rich_markup_mode": self._app.rich_markup_mode,
        }
        if isinstance(registered, CommandInfo):
            command: Any = get_command_from_info(registered, **shown)
            command.help = flowing(command.help or "")
            return with_bare_names(command)
        app = registered.typer_instance
        assert app is not None
        group: Any = copy(registered)
        group.typer_instance = without_commands(app)
        built: Any = get_group_from_info(
            group, suggest_commands=self._app.suggest_commands, **shown
        )
        built.commands = CommandsOnDemand(app, commands_of(app))
        return with_bare_names(built)


def command_line(app: typer.Typer, places: Mapping[str, Place]) -> Any:
    """The app with the commands of these places, as the command that a program runs."""
    built: Any = get_command(without_commands(app))
    registered = {name: partial(place.registered, name) for name, place in places.items()}
    built.commands = CommandsOnDemand(app, registered)
    return with_bare_names(built)


def with_bare_names(command: Any) -> Any:
    """The command, its flags and arguments shown without a type.

    `--json <bool>` reads as if a word followed, and `<str>` says nothing to who does not program.
    """
    for parameter in command.get_params(typer.Context(command)):
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        elif parameter.param_type_name == "argument":
            parameter.metavar = parameter.metavar or parameter.name.upper()
            parameter.display_type_rich = without_type
    return command


def without_type(ctx: Any) -> str:
    """What stands beside an argument's name."""
    del ctx
    return ""


def commands_of(app: typer.Typer) -> dict[str, Callable[[], Registered]]:
    """What is registered in an app, by name."""
    commands = {
        name_of(command): partial(of_itself, command) for command in app.registered_commands
    }
    groups = {str(group.name): partial(of_itself, group) for group in app.registered_groups}
    return {**commands, **groups}


def of_itself(registered: Registered) -> Registered:
    """What is loaded already."""
    return registered


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
