"""`call-ledger project`: the tables of a folder, kept up to Kafka."""

from __future__ import annotations

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


def project(
    context: typer.Context,
    until_end: UntilEnd = False,
    port: Port = None,
    host: Host = LOOPBACK,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Keep the tables up to date with Kafka and answer reports from them, until stopped.

    A message that cannot be read becomes a dead letter: it is kept with the reason, its call is
    marked incomplete, and it is tried again at each start.

    [bold]call-ledger project --until-end[/bold]
    """
    from consumers.projector import project as follow
    from entrypoints.workers.lag import projector_figures
    from entrypoints.workers.metrics import ProjectorMetrics
    from entrypoints.workers.worker import running
    from infra.kafka import Kafka

    with running("project", lambda: projector_figures(ledger, kafka), port, host) as worker:
        settings, ledger = settings_of(context), with_store(context, folder)
        kafka = Kafka.of(settings)
        metrics = ProjectorMetrics(worker)
        positions = follow(
            ledger.path,
            kafka,
            worker.shutdown,
            until_end,
            metrics.on_positions,
            settings.project_megabytes,
        )
        worker.numbers.update(positions._asdict())
    typer.echo(f"The tables show every event up to position {positions.projected_position:,}.")
