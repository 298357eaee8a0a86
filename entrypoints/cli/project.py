"""`call-ledger project`: the tables of a folder, kept up to Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from entrypoints.cli.snapshot import WithPersonal, includes_personal
from entrypoints.ui.duration import seconds_of
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

if TYPE_CHECKING:
    from consumers.snapshots import SnapshotSchedule
    from entrypoints.workers.worker import Worker

EVERY_SECONDS: Final = 600.0

SnapshotFile = Annotated[
    Path | None,
    typer.Option(
        "--snapshot", metavar="FILE", help="Publish a snapshot file, as call-ledger snapshot does."
    ),
]
Every = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="How often the snapshot file is published: 30s, 10m, 6h, 1d.",
        show_default="10m",
    ),
]


def project(
    context: typer.Context,
    until_end: UntilEnd = False,
    snapshot: SnapshotFile = None,
    every: Every = None,
    with_personal: WithPersonal = None,
    port: Port = None,
    host: Host = LOOPBACK,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Keep the tables up to date with Kafka and answer reports from them, until stopped.

    A message that cannot be read becomes a dead letter: it is kept with the reason, its call is
    marked incomplete, and it is tried again at each start.

    With --snapshot FILE a file for everybody's own tools is published again and again, beside the
    work and by rename; with --until-end once, at the end. One that cannot be published is a warning
    in the log, and is tried again.

    [bold]call-ledger project --until-end[/bold]

    [bold]call-ledger project --until-end --snapshot calls.duckdb[/bold]
    """
    from consumers.projector import project as follow
    from entrypoints.workers.lag import projector_figures
    from entrypoints.workers.metrics import ProjectorMetrics
    from entrypoints.workers.tracing import tracing
    from entrypoints.workers.worker import running
    from infra.kafka import Kafka

    every_seconds = EVERY_SECONDS if every is None else seconds_of(every)
    if snapshot is None and (every is not None or with_personal is not None):
        raise typer.BadParameter("--every and --with-personal are about a file: add --snapshot.")
    with running("project", lambda: projector_figures(ledger, kafka), port, host) as worker:
        settings, ledger = settings_of(context), with_store(context, folder)
        kafka = Kafka.of(settings)
        metrics = ProjectorMetrics(worker)
        schedule = None
        if snapshot is not None:
            has_personal = includes_personal(with_personal, settings)
            schedule = schedule_of(worker, snapshot, ledger.path, every_seconds, has_personal)
        with tracing(settings_of(context).tracing, "project", worker.log) as stage:
            positions = follow(
                ledger.path,
                kafka,
                worker.shutdown,
                until_end,
                metrics.on_positions,
                settings.project_megabytes,
                snapshots=schedule,
                on_taken=stage.took if stage else None,
            )
        worker.numbers.update(positions._asdict())
    typer.echo(f"The tables show every event up to position {positions.projected_position:,}.")


def schedule_of(
    worker: Worker, file: Path, ledger: Path, every_seconds: float, with_personal: bool
) -> SnapshotSchedule:
    """When a snapshot file is published, and who hears of it. Raises `WrongPlace`."""
    from consumers.snapshots import SnapshotSchedule
    from entrypoints.workers.metrics import SnapshotMetrics
    from projections.serving.snapshot_file import check_place

    check_place(file, ledger)
    metrics = SnapshotMetrics(worker)
    return SnapshotSchedule(file, every_seconds, with_personal, metrics.on_made, metrics.on_failed)
