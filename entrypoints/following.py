"""The processes that follow the ledger in a company: `publish`, `project` and `serve-commands`."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.options import DEFAULT_FOLDER, LedgerFolder, RuleSetName
from entrypoints.stopping import stopped_by_signals

UntilEnd = Annotated[
    bool, typer.Option("--until-end", help="End when there is nothing new, instead of waiting.")
]


def publish(
    from_position: Annotated[
        int | None,
        typer.Option("--from", min=1, metavar="POSITION", help="Send again from there on."),
    ] = None,
    until_end: UntilEnd = False,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Bring every recorded event into Kafka, once and in order, until stopped.

    A second publisher takes over from the first, which then leaves.

    [bold]call-ledger publish --until-end[/bold]
    """
    from consumers.publisher import publish as bring
    from infra.kafka import Kafka
    from infra.settings import Settings
    from ledger.feed import StoreFeed

    with stopped_by_signals() as stopping:
        done = bring(
            lambda: StoreFeed(ledger), Kafka.of(Settings()), stopping, from_position, until_end
        )
    typer.echo(
        f"Kafka has every event up to position {done.position:,} and every refusal up to "
        f"number {done.refusal_number:,}."
    )


def project(until_end: UntilEnd = False, ledger: LedgerFolder = DEFAULT_FOLDER) -> None:
    """Keep the tables up to Kafka and answer reports from them, until stopped.

    What cannot be read is withheld with the reason, its call is marked incomplete, and all that
    is withheld is tried again at each start.

    [bold]call-ledger project --until-end[/bold]
    """
    from consumers.kafka_projector import project as follow
    from infra.kafka import Kafka
    from infra.settings import Settings

    with stopped_by_signals() as stopping:
        positions = follow(ledger, Kafka.of(Settings()), stopping, until_end)
    typer.echo(f"The tables show every event up to position {positions.projected_position:,}.")


def serve_commands(
    until_end: UntilEnd = False,
    rules: RuleSetName = "seed",
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Take commands from Kafka, record them, and send each one's outcome back, until stopped.

    A command that comes again is answered as the first time, and not applied again.

    [bold]call-ledger serve-commands --until-end[/bold]
    """
    from consumers.command_consumer import serve
    from domain.rule_sets import RULE_SETS
    from infra.kafka import Kafka
    from infra.settings import Settings
    from ledger.ledger import Ledger

    with stopped_by_signals() as stopping:
        answered = serve(
            lambda: Ledger.open(ledger, RULE_SETS[rules], doing="serving commands from Kafka"),
            Kafka.of(Settings()),
            stopping,
            until_end,
        )
    typer.echo(f"{answered:,} commands were answered.")
