"""Only the command that is run is built, and each as Typer builds it."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from entrypoints.cli.main import app
from entrypoints.docgen.reference import below
from entrypoints.ui.commands_on_demand import command_line, flowing


def test_the_command_that_is_run_is_built_and_no_other() -> None:
    command = command_line(app)
    assert command(["report", "exits", "--help"], prog_name="it", standalone_mode=False) == 0
    assert list(command.commands.built) == ["report"]
    assert list(command.commands["report"].commands.built) == ["exits"]


def test_each_command_is_the_one_that_typer_builds() -> None:
    ours, typers = (dict(below("it", one)) for one in (command_line(app), get_command(app)))
    assert list(ours) == list(typers)
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
