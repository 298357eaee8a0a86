"""The command line `call-ledger`: its commands."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from entrypoints.ui.commands_on_demand import Place, command_line
from entrypoints.ui.failures import OneSentence
from entrypoints.ui.options import Run
from infra.cycles import SELDOM

app = typer.Typer(
    name="call-ledger",
    cls=OneSentence,
    help="A ledger of contact-centre calls: who may hold, end, exit, transfer and wrap up, "
    "who did, and why.\n\n[bold]call-ledger demo[/bold] shows all of this with a simulated day.",
    epilog="Exit codes: 0 fine, 1 a finding (a refusal, a difference), 2 wrong usage, "
    "3 could not be done, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def say_version(asked: bool) -> None:
    """Print which version of the program this is, and end."""
    if asked:
        # Reading it loads much that no other command needs.
        from importlib.metadata import version

        typer.echo(f"call-ledger {version('call-ledger')}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The event store: sqlite, in the ledger's folder, or postgresql://…; better set "
            "by the variable CALL_LEDGER_STORE if it holds a password.",
        ),
    ] = None,
    ledgers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where there are several ledgers: the file that names them; variable "
            "CALL_LEDGER_LEDGERS.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which ledger of that file is meant; variable CALL_LEDGER_NAME.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback has ended the program where it was given
        bool,
        typer.Option(
            "--version", callback=say_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the flags that every command has."""
    context.obj = Run(store=store, ledgers=ledgers, name=name)


START, READ, SERVE = "Start here", "Read", "Serve over HTTP"
KEEP, COMPANY = "Keep", "In a company"

PLACES: Final = {
    "demo": Place(START, "demo"),
    "simulate": Place(START, "simulate"),
    "record": Place(START, "record", "COMMAND"),
    "rules": Place(READ, "rules"),
    "replay": Place(READ, "replay"),
    "sql": Place(READ, "sql", "COMMAND"),
    "snapshot": Place(READ, "snapshot"),
    "serve": Place(SERVE, "serve"),
    "access-log": Place(SERVE, "keys", "access_log"),
    "status": Place(KEEP, "status"),
    "doctor": Place(KEEP, "doctor"),
    "rebuild": Place(KEEP, "rebuild"),
    "migrate": Place(KEEP, "migrate"),
    "config": Place(KEEP, "config"),
    "publish": Place(COMPANY, "publish"),
    "project": Place(COMPANY, "project"),
    "serve-commands": Place(COMPANY, "serve_commands"),
    "reconcile": Place(COMPANY, "reconcile"),
    "import": Place(START, "import_records", "app"),
    "report": Place(READ, "report", "app"),
    "call": Place(READ, "call", "app"),
    "paper": Place(READ, "paper", "app"),
    "keys": Place(SERVE, "keys", "app"),
    "quarantine": Place(KEEP, "quarantine", "app"),
    "archive": Place(KEEP, "archive", "app"),
    "local": Place(COMPANY, "local", "app"),
    "topics": Place(COMPANY, "topics", "app"),
    "lake": Place(COMPANY, "lake", "app"),
    "ledgers": Place(COMPANY, "ledgers", "app"),
}
"""Where each command is, in the order in which help lists it."""


def whole_command_line() -> Any:
    """All commands, none of them built yet."""
    return command_line(app, PLACES)


def run() -> None:
    """Run the command line as a program."""
    gc.set_threshold(*SELDOM)
    whole_command_line()(prog_name="call-ledger")


if __name__ == "__main__":
    run()
