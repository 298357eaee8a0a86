"""`call-ledger quarantine …`: what could not be read, and what became of it."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from entrypoints.cli.withheld import NOT_DISCARDED, PREFIX, listed, retried, shown
from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerFolder, RuleSetName
from entrypoints.ui.output import print_table, write_json

app = typer.Typer(
    help="What could not be read: list it, show its bytes, try it again, or discard it.",
    no_args_is_help=True,
)


def number_in(text: str) -> tuple[bool, int]:
    """Whether a number is one of Kafka's, and the number."""
    digits = text.removeprefix(PREFIX)
    if not digits.isdecimal() or int(digits) < 1:
        raise typer.BadParameter(f"{text!r} is no number of the list, such as 3 or {PREFIX}3.")
    return digits != text, int(digits)


Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Its number in the list: 3, or kafka-3.")
]
Who = Annotated[
    str | None, typer.Option(help="Who does this; the user of this computer when left out.")
]


@app.command("list")
def list_quarantine(
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    json: AsJson = False,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """List what waits; exit code 1 when something does.

    [bold]call-ledger quarantine list --all[/bold]
    """
    from ledger.quarantine import reading_quarantine
    from ledger.store.by_setting import has_store

    names = ("number", "received_at", "origin", "reason", "size_bytes", "state")
    rows = [tuple(one[name] for name in names) for one in listed(ledger)]
    if has_store(ledger) or not rows:
        with reading_quarantine(ledger) as quarantine:
            rows[:0] = [
                (one.number, one.received_at, one.origin, one.reason, len(one.original), one.state)
                for one in quarantine.list()
            ]
    waiting = [row for row in rows if row[-1] == "waiting"]
    if not every:
        rows = waiting
    if json:
        write_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        print_table(names, rows)
    else:
        typer.echo("Nothing waits in quarantine.")
    raise typer.Exit(1 if waiting else 0)


@app.command()
def show(number: Number, ledger: LedgerFolder = DEFAULT_FOLDER) -> None:
    """Show one with its original bytes, unprintable ones escaped.

    [bold]call-ledger quarantine show 1[/bold]
    """
    from ledger.quarantine import reading_quarantine

    is_withheld, at = number_in(number)
    if is_withheld:
        message, original = shown(ledger, at)
        words = "{number}: {reason}\nfrom {origin}, {received_at}, {state}".format_map(message)
        typer.echo(printable(words))
        typer.echo(printable(original.decode("utf-8", "backslashreplace")))
        return
    with reading_quarantine(ledger) as quarantine:
        entry = quarantine.show(at)
    typer.echo(f"{entry.number}: {entry.reason}\nfrom {entry.origin}, {entry.received_at}")
    if entry.resolved_at:
        typer.echo(f"{entry.state} by {entry.resolved_by} at {entry.resolved_at}: {entry.why}")
    typer.echo(printable(entry.original.decode("utf-8", "backslashreplace")))


def printable(text: str) -> str:
    """Somebody else's text with what could steer a terminal written as its escape."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode_escape").decode()
        for sign in text
    )


@app.command()
def retry(
    number: Number,
    who: Who = None,
    rules: RuleSetName = "seed",
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Read it again and record it; recorded or refused, it is resolved by that.

    A message of Kafka (kafka-1) is read into the tables, where its event is missing.

    [bold]call-ledger quarantine retry 1 --who anna[/bold]
    """
    from domain.rule_sets import RULE_SETS
    from ledger.intake import Unreadable
    from ledger.ledger import Ledger
    from ledger.outcomes import Recorded

    is_withheld, at = number_in(number)
    if is_withheld:
        if reason := retried(ledger, at):
            typer.echo(f"Still not readable: {reason}")
            raise typer.Exit(1)
        typer.echo("Read: its call is complete again, as far as nothing else of it is withheld.")
        return
    with Ledger.open(ledger, RULE_SETS[rules], doing="quarantine retry") as writable:
        try:
            outcome = writable.quarantine.retry(at, who or getpass.getuser())
        except Unreadable as error:
            typer.echo(f"Still not readable: {error}")
            raise typer.Exit(1) from None
    if isinstance(outcome, Recorded):
        typer.echo(f"Recorded up to position {outcome.position:,}.")
    else:
        typer.echo(f"Refused by {outcome.rule}: {outcome.sentence}")
        raise typer.Exit(1)


@app.command()
def discard(
    number: Number,
    why: Annotated[str, typer.Option(help="Why it is given up; kept beside it.")],
    who: Who = None,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Give it up; that, by whom and why is recorded, and the bytes stay.

    [bold]call-ledger quarantine discard 1 --why "a test line"[/bold]
    """
    from ledger.ledger import Ledger

    is_withheld, at = number_in(number)
    if is_withheld:
        raise typer.BadParameter(NOT_DISCARDED)
    with Ledger.open(ledger, doing="quarantine discard") as writable:
        writable.quarantine.discard(at, who or getpass.getuser(), why)
    typer.echo(f"Discarded {number}; it stays listed with --all.")
