"""`call-ledger record`: one command from flags or JSON, or many as JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from entrypoints.ui.failures import ListingCommand
from entrypoints.ui.options import DEFAULT_FOLDER, LedgerFolder, RuleSetName


class RecordCommand(ListingCommand):
    """Its help ends with the actions."""

    def listing(self) -> str:
        """Every action with its meaning, and its own flags below."""
        from entrypoints.cli.one_command import CLASS_OF_ACTION, flags_of, meaning_of

        rows = [
            " ".join([f"[bold]{action}[/bold]:", meaning_of(one), *flags_of(one)])
            for action, one in CLASS_OF_ACTION.items()
        ]
        return "\n\n".join(["Actions, with the flags of their own:", *rows])


def actions(incomplete: str) -> list[tuple[str, str]]:
    """Actions and what they mean, for completion."""
    from entrypoints.cli.one_command import CLASS_OF_ACTION, meaning_of

    return [
        (action, meaning_of(one))
        for action, one in CLASS_OF_ACTION.items()
        if action.startswith(incomplete)
    ]


def record(
    context: typer.Context,
    action: Annotated[
        str | None,
        typer.Argument(
            help="What is asked, for example hold; listed below.", autocompletion=actions
        ),
    ] = None,
    call: Annotated[
        str | None, typer.Option(metavar="ID", help="The call's id in its source.")
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(metavar="ID", help="An agent's id, or customer, system or unknown."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The call's source; local when left out."),
    ] = None,
    via: Annotated[
        str | None, typer.Option(metavar="HOW", help="desktop, device or system.")
    ] = None,
    occurred_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it happens, with its zone; now when left out."),
    ] = None,
    expected_version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Refuse when the call is at another version than this."),
    ] = None,
    command_id: Annotated[
        str | None, typer.Option(metavar="UUID", help="The same one again records nothing new.")
    ] = None,
    observed: Annotated[
        bool, typer.Option("--observed", help="It has already happened: record it, never refuse.")
    ] = False,
    json: Annotated[
        str | None, typer.Option("--json", metavar="TEXT", help="One command as JSON.")
    ] = None,
    lines: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Many as JSON lines, in order; - is standard input."),
    ] = None,
    rules: RuleSetName = "seed",
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Record a command: the rules decide, and it is on disk when this answers.

    One: [bold]call-ledger record receive --call 4711 --actor system --queue sales[/bold]

    Many: [bold]call-ledger record --lines FILE[/bold], one JSON object a line with the
    fields of docs/commands.md. Each gets one outcome line; what cannot be read
    goes to quarantine.

    Exit code 1 when anything was refused or could not be read.
    """
    if action is not None and action.startswith("-"):
        raise typer.BadParameter(f"There is no flag {action} without an action; see --help.")
    if sum(given is not None for given in (action, json, lines)) != 1:
        raise typer.BadParameter("Give an action, --json or --lines; see --help for each.")
    flags = {
        "call": call,
        "actor": actor,
        "source": source,
        "via": via,
        "occurred_at": occurred_at,
        "expected_version": expected_version,
        "command_id": command_id,
        "observed": observed or None,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    if action is None and (given or context.args):
        flag = f"--{next(iter(given)).replace('_', '-')}" if given else context.args[0]
        raise typer.BadParameter(f"{flag} goes with an action; --json and --lines have it inside.")
    if lines is not None:
        from entrypoints.cli.many_lines import record_lines

        raise typer.Exit(record_lines(ledger, rules, lines))
    from entrypoints.cli.one_command import as_json, record_one

    text = as_json(action, given, context.args) if action is not None else (json or "")
    raise typer.Exit(record_one(ledger, rules, text))
