"""`call-ledger quarantine …`: what could not be read, and what became of it.

Two kinds are in quarantine: messages that the write side could not read, numbered 1, 2 and so on in
the event store, and dead letters, the events that the tables cannot take, numbered kafka-1, or
store-1 where they come from the event store.
"""

from __future__ import annotations

import getpass
import re
from typing import Annotated, Any, Final

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption, RuleSetName
from entrypoints.ui.output import print_notes, print_table, write_json
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from infra.visible import visible, visible_lines

STORE: Final = "event store"
app = typer.Typer(
    help="What could not be read: list it, show its bytes, retry it, or discard it.",
    no_args_is_help=True,
)

LISTED: Final = f"""
select
    if(topic = '{STORE}', 'store-', 'kafka-') || dead_letter_number as number,
    strftime(kept_at, '%Y-%m-%dT%H:%M:%SZ') as received_at,
    case when topic = '{STORE}'
        then topic || if(partition_number = 0, ', position ', ', refusal ') || message_offset
        else topic || ', partition ' || partition_number || ', offset ' || message_offset
    end as origin,
    reason,
    octet_length(original) as size_bytes,
    state
from dead_letters
where {{}}
order by dead_letter_number
"""
WAITING: Final = "state = 'waiting'"
EVERY: Final = "true"
NUMBERED: Final = "dead_letter_number = $number"
SHOWN: Final = "select original from dead_letters where dead_letter_number = $number"
WHAT_TO_DO: Final = (
    "The bytes of one: call-ledger quarantine show NUMBER",
    "Where a line is wrong, record it as it should be, and give this one up: call-ledger quarantine"
    " discard NUMBER --why TEXT",
    "Where it could be read by now, as after an upgrade: call-ledger quarantine retry NUMBER",
)
NOT_DISCARDED: Final = (
    "A dead letter cannot be discarded: its event is missing in the tables until it is read."
    " What came from Kafka is sent again with `call-ledger publish --from POSITION`; of a restored"
    " event store, `call-ledger rebuild --from-store` reads every event again."
)


NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
"""As large as a store's numbers can be."""


def number_in(text: str) -> tuple[bool, int]:
    """Whether a number is one of Kafka's, and the number."""
    digits = text.removeprefix("kafka-").removeprefix("store-")
    if not NUMBER.fullmatch(digits):
        raise typer.BadParameter(f"{text!r} is no number of the list, such as 3 or kafka-3.")
    return digits != text, int(digits)


Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Its number in the list: 3, kafka-3 or store-3.")
]
Who = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Who does this; by default the user of this computer."),
]


@app.command("list")
def list_quarantine(
    every: Annotated[bool, typer.Option("--all", help="Include what has been resolved.")] = False,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """List what is waiting; exit code 1 when something is.

    [bold]call-ledger quarantine list --all[/bold]
    """
    from ledger.quarantine import reading_quarantine

    names = ("number", "received_at", "origin", "reason", "size_bytes", "state")
    listed = asked_of_tables(ledger, LISTED.format(EVERY if every else WAITING))
    rows: list[Any] = [tuple(one[name] for name in names) for one in listed]
    if ledger.has_store or not ledger.projections.exists():
        with reading_quarantine(ledger) as quarantine:
            rows[:0] = quarantine.entries(with_resolved=every)
    if json:
        write_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        print_table(names, rows)
        print_notes(*WHAT_TO_DO)
    else:
        typer.echo("Nothing waits in quarantine.")
    raise typer.Exit(1 if any(row[-1] == "waiting" for row in rows) else 0)


@app.command()
def show(number: Number, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Show an entry with its original bytes; unprintable ones are escaped.

    [bold]call-ledger quarantine show 1[/bold]
    """
    from ledger.quarantine import reading_quarantine

    is_dead_letter, at = number_in(number)
    if is_dead_letter:
        message, original = dead_letter(ledger, at)
        words = "{number}: {reason}\nfrom {origin}, {received_at}, {state}".format_map(message)
        typer.echo(visible_lines(words))
        typer.echo(visible_lines(original.decode("utf-8", "backslashreplace")))
        return
    with reading_quarantine(ledger) as quarantine:
        entry = quarantine.show(at)
    words = f"{entry.number}: {entry.reason}\nfrom {entry.origin}, {entry.received_at}"
    typer.echo(visible_lines(words))
    if entry.resolved_at:
        words = f"{entry.state} by {entry.resolved_by} at {entry.resolved_at}: {entry.why}"
        typer.echo(visible_lines(words))
    typer.echo(visible_lines(entry.original.decode("utf-8", "backslashreplace")))


@app.command()
def retry(
    number: Number,
    who: Who = None,
    rules: RuleSetName = "seed",
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Try to read an entry again, and record it; it is then resolved, whether recorded or refused.

    A dead letter (kafka-1, store-1) is read into the tables, where its event is missing.

    [bold]call-ledger quarantine retry 1 --who anna[/bold]
    """
    from domain.rule_sets import RULE_SETS
    from ledger.intake import Unreadable
    from ledger.ledger import Ledger
    from ledger.outcomes import Recorded

    is_dead_letter, at = number_in(number)
    if is_dead_letter:
        from entrypoints.dead_letter_retry import retry_dead_letter

        if reason := retry_dead_letter(ledger, at):
            typer.echo(f"Still not readable: {visible(reason)}")
            raise typer.Exit(1)
        typer.echo("Read: its call is complete again, unless another dead letter is of it.")
        return
    with Ledger.open(ledger, RULE_SETS[rules], doing="quarantine retry") as writable:
        try:
            outcome = writable.quarantine.retry(at, who or getpass.getuser())
        except Unreadable as error:
            typer.echo(f"Still not readable: {visible(str(error))}")
            raise typer.Exit(1) from None
    if isinstance(outcome, Recorded):
        typer.echo(f"Recorded up to position {outcome.position:,}.")
    else:
        typer.echo(f"Refused by {outcome.rule}: {visible(outcome.sentence)}")
        raise typer.Exit(1)


@app.command()
def discard(
    number: Number,
    why: Annotated[
        str, typer.Option(metavar="TEXT", help="Why it is given up; this is kept with it.")
    ],
    who: Who = None,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Give an entry up; who did so and why is recorded, and the bytes are kept.

    [bold]call-ledger quarantine discard 1 --why "a test line"[/bold]
    """
    from ledger.ledger import Ledger

    is_dead_letter, at = number_in(number)
    if is_dead_letter:
        raise typer.BadParameter(NOT_DISCARDED)
    with Ledger.open(ledger, doing="quarantine discard") as writable:
        writable.quarantine.discard(at, who or getpass.getuser(), why)
    typer.echo(f"Discarded {number}; it stays listed with --all.")


def asked_of_tables(
    folder: LedgerFolder, sql: str, **parameters: str | int
) -> list[dict[str, Any]]:
    """Rows of the tables as they are; none where there are no tables."""
    from projections.serving.client import Reader

    if not folder.projections.exists():
        return []
    with Reader(folder, as_it_is=True) as reader:
        rows: list[dict[str, Any]] = reader.ask(sql, parameters).table.to_pylist()
        return rows


def dead_letter(folder: LedgerFolder, number: int) -> tuple[dict[str, Any], bytes]:
    """A dead letter with its bytes. Raises `LedgerError` when there is no such number."""
    listed = asked_of_tables(folder, LISTED.format(NUMBERED), number=number)
    if not listed:
        raise LedgerError(f"No dead letter has the number {number}: list them to see.")
    (row,) = asked_of_tables(folder, SHOWN, number=number)
    return listed[0], row["original"]
