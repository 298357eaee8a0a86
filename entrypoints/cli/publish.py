"""`call-ledger publish`: what was recorded, brought into Kafka."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    LOOPBACK,
    FolderOption,
    Host,
    Port,
    UntilEnd,
    settings_of,
    with_store,
)


def publish(
    context: typer.Context,
    from_position: Annotated[
        int | None,
        typer.Option(
            "--from",
            min=1,
            metavar="POSITION",
            help="Send everything again from this position on, which Kafka has or has next.",
        ),
    ] = None,
    until_end: UntilEnd = False,
    port: Port = None,
    host: Host = LOOPBACK,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Bring every recorded event into Kafka, once and in order, until stopped.

    A second publisher takes over from the first, which then stops.

    [bold]call-ledger publish --until-end[/bold]
    """
    from consumers.publisher import publish as bring
    from entrypoints.workers.lag import publisher_figures
    from entrypoints.workers.metrics import PublisherMetrics
    from entrypoints.workers.tracing import tracing
    from entrypoints.workers.worker import running
    from infra.kafka import Kafka
    from ledger.feed import StoreFeed

    with running(
        "publish", lambda: publisher_figures(ledger, kafka, metrics.done), port, host
    ) as worker:
        ledger = with_store(context, folder)
        kafka = Kafka.of(settings_of(context))
        metrics = PublisherMetrics(worker)
        with tracing(settings_of(context).tracing, "publish", worker.log) as stage:
            done = bring(
                lambda: StoreFeed(ledger),
                kafka,
                worker.shutdown,
                from_position,
                until_end,
                metrics.on_page,
                on_sent=stage.took if stage else None,
            )
        worker.numbers.update(done._asdict())
    typer.echo(
        f"Kafka has every event up to position {done.position:,} and every refusal up to "
        f"number {done.refusal_number:,}."
    )
