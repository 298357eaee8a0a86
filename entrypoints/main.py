"""The command line `call-ledger`: its commands, and what an error becomes."""

from __future__ import annotations

import sys

import typer

from entrypoints import call, imports, quarantine, report
from entrypoints.demo import demo
from entrypoints.maintenance import config, doctor, rebuild, status
from entrypoints.output import FormatsExcludeEachOtherError
from entrypoints.period import UnreadablePeriodError
from entrypoints.record import actions_table, record
from entrypoints.rules import rules
from entrypoints.simulate import simulate
from entrypoints.sql import sql, tables_help
from infra.folder import LedgerError
from projections.database import ProjectionError
from projections.reports.query import UnknownGroupingError
from projections.sandbox import QueryFailed, QueryRefused

app = typer.Typer(
    name="call-ledger",
    help="A ledger of contact-centre calls: who may hold, end, exit, transfer and wrap up, "
    "who did, and why. Exit codes: 0 fine, 1 a finding, 2 wrong usage, 3 could not be done.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

OWN_FLAGS = {"allow_extra_args": True, "ignore_unknown_options": True}
START, READ, KEEP = "Start here", "Read", "Keep"

app.command(rich_help_panel=START)(demo)
app.command(rich_help_panel=START)(simulate)
app.command(rich_help_panel=START, context_settings=OWN_FLAGS, epilog=actions_table())(record)
app.add_typer(imports.app, name="import", rich_help_panel=START)
app.add_typer(report.app, name="report", rich_help_panel=READ)
app.add_typer(call.app, name="call", rich_help_panel=READ)
app.command(rich_help_panel=READ)(rules)
app.command(rich_help_panel=READ, epilog=tables_help())(sql)
app.command(rich_help_panel=KEEP)(status)
app.command(rich_help_panel=KEEP)(doctor)
app.command(rich_help_panel=KEEP)(rebuild)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=KEEP)
app.command(rich_help_panel=KEEP)(config)

WRONG_USAGE = (
    FormatsExcludeEachOtherError,
    QueryFailed,
    QueryRefused,
    UnknownGroupingError,
    UnreadablePeriodError,
)


def run() -> None:
    """Run the command line; an error is one sentence and its exit code."""
    try:
        app()
    except WRONG_USAGE as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except (LedgerError, ProjectionError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(3)


if __name__ == "__main__":
    run()
