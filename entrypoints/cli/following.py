"""The processes that follow the ledger in a company: `publish`, `project` and `serve-commands`."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, LedgerFolder, RuleSetName

UntilEnd = Annotated[
    bool, typer.Option("--until-end", help="End when there is nothing new, instead of waiting.")
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        metavar="N",
        help="Answer /livez, /readyz and /metrics on this port; 0 is a free one, see the log.",
    ),
]
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="The address that the port is on.")]
LOOPBACK = "127.0.0.1"


def publish(
    from_position: Annotated[
        int | None,
        typer.Option("--from", min=1, metavar="POSITION", help="Send again from there on."),
    ] = None,
    until_end: UntilEnd = False,
    port: Port = None,
    host: Host = LOOPBACK,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Bring every recorded event into Kafka, once and in order, until stopped.

    A second publisher takes over from the first, which then leaves.

    [bold]call-ledger publish --until-end[/bold]
    """
    from consumers.publisher import publish as bring
    from entrypoints.workers.metrics import PositionMeasures
    from entrypoints.workers.progress import publisher_figures
    from entrypoints.workers.worker import at_work
    from infra.kafka import Kafka
    from infra.settings import Settings
    from ledger.feed import StoreFeed

    with at_work(
        "publish", lambda: publisher_figures(ledger, kafka, measures.done), port, host
    ) as working:
        kafka = Kafka.of(Settings())
        measures = PositionMeasures(working)
        done = bring(
            lambda: StoreFeed(ledger),
            kafka,
            working.stopping,
            from_position,
            until_end,
            measures.on_page,
        )
        working.numbers.update(done._asdict())
    typer.echo(
        f"Kafka has every event up to position {done.position:,} and every refusal up to "
        f"number {done.refusal_number:,}."
    )


def project(
    until_end: UntilEnd = False,
    port: Port = None,
    host: Host = LOOPBACK,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Keep the tables up to Kafka and answer reports from them, until stopped.

    What cannot be read is withheld with the reason, its call is marked incomplete, and all that
    is withheld is tried again at each start.

    [bold]call-ledger project --until-end[/bold]
    """
    from consumers.kafka_projector import project as follow
    from entrypoints.workers.metrics import ProjectorMeasures
    from entrypoints.workers.progress import projector_figures
    from entrypoints.workers.worker import at_work
    from infra.kafka import Kafka
    from infra.settings import Settings

    with at_work("project", lambda: projector_figures(ledger), port, host) as working:
        settings = Settings()
        kafka = Kafka.of(settings)
        measures = ProjectorMeasures(working)
        positions = follow(
            ledger,
            kafka,
            working.stopping,
            until_end,
            measures.on_positions,
            settings.project_megabytes,
        )
        working.numbers.update(positions._asdict())
    typer.echo(f"The tables show every event up to position {positions.projected_position:,}.")


def serve_commands(
    until_end: UntilEnd = False,
    rules: RuleSetName = "seed",
    port: Port = None,
    host: Host = LOOPBACK,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Take commands from Kafka, record them, and send each one's outcome back, until stopped.

    A command that comes again is answered as the first time, and not applied again.

    [bold]call-ledger serve-commands --until-end[/bold]
    """
    from consumers.command_consumer import serve
    from domain.rule_sets import RULE_SETS
    from entrypoints.workers.metrics import CommandMeasures
    from entrypoints.workers.progress import command_figures
    from entrypoints.workers.worker import at_work
    from infra.kafka import Kafka
    from infra.settings import Settings
    from ledger.ledger import Ledger

    with at_work("serve-commands", lambda: command_figures(ledger, kafka), port, host) as working:
        kafka = Kafka.of(Settings())
        measures = CommandMeasures(working)
        answered = serve(
            lambda: Ledger.open(ledger, RULE_SETS[rules], doing="serving commands from Kafka"),
            kafka,
            working.stopping,
            until_end,
            measures.on_page,
            measures.on_group,
        )
        working.numbers["commands"] = answered
    typer.echo(f"{answered:,} commands were answered.")
