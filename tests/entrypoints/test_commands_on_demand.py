"""Only the command that is run is loaded and built, and each as Typer builds it."""

from __future__ import annotations

from typing import Any

from typer.main import get_command
from typer.models import CommandInfo

from entrypoints.cli.main import PLACES, app, whole_command_line
from entrypoints.docgen.reference import below
from entrypoints.ui.commands_on_demand import flowing, without_commands


def test_the_command_that_is_run_is_built_and_no_other() -> None:
    command = whole_command_line()
    assert command(["report", "exits", "--help"], prog_name="it", standalone_mode=False) == 0
    assert list(command.commands.built) == ["report"]
    assert list(command.commands["report"].commands.built) == ["exits"]


def test_each_command_is_the_one_that_typer_builds() -> None:
    whole = without_commands(app)
    for name, place in PLACES.items():
        registered = place.registered(name)
        if isinstance(registered, CommandInfo):
            whole.registered_commands.append(registered)
        else:
            whole.registered_groups.append(registered)
    ours, typers = (dict(below("it", one)) for one in (whole_command_line(), get_command(whole)))
    assert ours.keys() == typers.keys()
    for path, command in typers.items():
        assert type(ours[path]) is type(command)
        assert said_of(ours[path]) == {**said_of(command), "help": flowing(command.help)}


def said_of(command: Any) -> dict[str, Any]:
    """All that a command is, but for what is another object each time."""
    own = dict(vars(command))
    for name in ("commands", "callback", "_help_option"):
        own.pop(name, None)
    own["params"] = [(type(one), one.name, one.opts, one.help) for one in command.params]
    return own
