"""The command line `call-ledger`: its commands."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from entrypoints.cli import (
    archive,
    call,
    keys,
    lake,
    ledgers,
    local,
    paper,
    quarantine,
    report,
    topics,
)
from entrypoints.cli import import_records as imports
from entrypoints.cli.config import config
from entrypoints.cli.demo import demo
from entrypoints.cli.doctor import doctor
from entrypoints.cli.migrate import migrate
from entrypoints.cli.project import project
from entrypoints.cli.publish import publish
from entrypoints.cli.rebuild import rebuild
from entrypoints.cli.reconcile import reconcile
from entrypoints.cli.record import RecordCommand, record
from entrypoints.cli.replay import replay
from entrypoints.cli.rules import rules
from entrypoints.cli.serve import serve
from entrypoints.cli.serve_commands import serve_commands
from entrypoints.cli.simulate import simulate
from entrypoints.cli.snapshot import snapshot
from entrypoints.cli.sql import SqlCommand, sql
from entrypoints.cli.status import status
from entrypoints.ui.commands_on_demand import command_line
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


OWN_FLAGS = {"allow_extra_args": True, "ignore_unknown_options": True}
START, READ, SERVE = "Start here", "Read", "Serve over HTTP"
KEEP, COMPANY = "Keep", "In a company"

app.command(rich_help_panel=START)(demo)
app.command(rich_help_panel=START)(simulate)
app.command(rich_help_panel=START, cls=RecordCommand, context_settings=OWN_FLAGS)(record)
app.add_typer(imports.app, name="import", rich_help_panel=START)
app.add_typer(report.app, name="report", rich_help_panel=READ)
app.add_typer(call.app, name="call", rich_help_panel=READ)
app.add_typer(paper.app, name="paper", rich_help_panel=READ)
app.command(rich_help_panel=READ)(rules)
app.command(rich_help_panel=READ)(replay)
app.command(rich_help_panel=READ, cls=SqlCommand)(sql)
app.command(rich_help_panel=READ)(snapshot)
app.command(rich_help_panel=SERVE)(serve)
app.add_typer(keys.app, name="keys", rich_help_panel=SERVE)
app.command("access-log", rich_help_panel=SERVE)(keys.access_log)
app.command(rich_help_panel=KEEP)(status)
app.command(rich_help_panel=KEEP)(doctor)
app.command(rich_help_panel=KEEP)(rebuild)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=KEEP)
app.add_typer(archive.app, name="archive", rich_help_panel=KEEP)
app.command(rich_help_panel=KEEP)(migrate)
app.command(rich_help_panel=KEEP)(config)
app.add_typer(local.app, name="local", rich_help_panel=COMPANY)
app.add_typer(topics.app, name="topics", rich_help_panel=COMPANY)
app.command(rich_help_panel=COMPANY)(publish)
app.command(rich_help_panel=COMPANY)(project)
app.add_typer(lake.app, name="lake", rich_help_panel=COMPANY)
app.add_typer(ledgers.app, name="ledgers", rich_help_panel=COMPANY)
app.command("serve-commands", rich_help_panel=COMPANY)(serve_commands)
app.command(rich_help_panel=COMPANY)(reconcile)


def run() -> None:
    """Run the command line as a program."""
    gc.set_threshold(*SELDOM)
    command_line(app)(prog_name="call-ledger")


if __name__ == "__main__":
    run()
