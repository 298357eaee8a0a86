"""`call-ledger serve-commands`: commands out of Kafka, recorded and answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    LOOPBACK,
    FolderOption,
    Host,
    Port,
    RuleSetName,
    UntilEnd,
    settings_of,
    with_store,
)

if TYPE_CHECKING:
    from ledger.outcomes import Outcome


def serve_commands(
    context: typer.Context,
    until_end: UntilEnd = False,
    from_beginning: Annotated[
        bool,
        typer.Option(
            "--from-beginning",
            help="Answer every command in Kafka again, including those already answered.",
        ),
    ] = False,
    rules: RuleSetName = "seed",
    port: Port = None,
    host: Host = LOOPBACK,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Take commands from Kafka, record them, and send back the outcome of each, until stopped.

    A command that is delivered again gets the same answer as the first time, and is not applied
    again. So --from-beginning is safe at any time.

    [bold]call-ledger serve-commands --until-end[/bold]
    """
    from consumers.command_consumer import serve
    from domain.rule_sets import RULE_SETS
    from entrypoints.workers.lag import command_figures
    from entrypoints.workers.metrics import CommandMetrics
    from entrypoints.workers.tracing import tracing
    from entrypoints.workers.worker import running
    from infra.kafka import Kafka
    from ledger.ledger import Ledger

    with running("serve-commands", lambda: command_figures(ledger, kafka), port, host) as worker:
        ledger = with_store(context, folder)
        kafka = Kafka.of(settings_of(context))
        metrics = CommandMetrics(worker)
        with tracing(settings_of(context).tracing, "serve-commands", worker.log) as stage:

            def on_group(outcomes: Sequence[Outcome], unreadable: int, seconds: float) -> None:
                metrics.on_group(outcomes, unreadable, seconds)
                if stage is not None:
                    stage.recorded(outcomes, seconds)

            answered = serve(
                lambda: Ledger.open(ledger, RULE_SETS[rules], doing="serving commands from Kafka"),
                kafka,
                worker.shutdown,
                until_end,
                metrics.on_page,
                on_group,
                from_beginning,
            )
        worker.numbers["commands"] = answered
    typer.echo(f"{answered:,} commands were answered.")
