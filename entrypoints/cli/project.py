"""`call-ledger project`: the tables of a folder, kept up to Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from entrypoints.cli.snapshot import WithPersonal, includes_personal
from entrypoints.read_side import place_of
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
    from infra.folder import LedgerFolder

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


ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="N/COUNT",
        help="Read a part of the partitions only, the second of four as 2/4; with --into.",
    ),
]
Into = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="Publish the shard's rows there: a folder, file:PATH, or s3://bucket/prefix.",
    ),
]


def project(
    context: typer.Context,
    until_end: UntilEnd = False,
    shard: ShardOption = None,
    into: Into = None,
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

    With --shard 2/4 it is one of four such processes, on as many machines as you like. Each keeps
    the calls of its partitions in a file of its own and publishes what changed, once a second, into
    the place that --into names for all of them. Read there with call-ledger report --lake PLACE.

    [bold]call-ledger project --until-end[/bold]

    [bold]call-ledger project --until-end --shard 1/2 --into tables[/bold]

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
    if (shard is None) != (into is None):
        raise typer.BadParameter("--shard and --into go together.")
    if shard is not None and into is not None:
        if snapshot is not None:
            raise typer.BadParameter("A snapshot file has all calls: leave --shard out.")
        project_one_shard(context, shard, into, until_end, port, host, folder)
        return
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


def project_one_shard(
    context: typer.Context,
    words: str,
    into: str,
    until_end: bool,
    port: int | None,
    host: str,
    folder: LedgerFolder,
) -> None:
    """Keep one shard's rows in a place that has those of all."""
    place = place_of(into)
    from consumers.shard_projector import project_shard
    from entrypoints.workers.lag import shard_figures
    from entrypoints.workers.metrics import ShardMetrics
    from entrypoints.workers.worker import running
    from infra.kafka import Kafka
    from infra.topics import EVENTS, topics
    from lake.shard import Shard
    from lake.upkeep import Upkeep

    shard = Shard.named(words, topics()[EVENTS].partitions)
    with running("project", lambda: shard_figures(kafka, metrics.done), port, host) as worker:
        settings = settings_of(context)
        kafka = Kafka.of(settings)
        metrics = ShardMetrics(worker)
        record = project_shard(
            with_store(context, folder).path,
            kafka,
            shard,
            place,
            worker.shutdown,
            until_end,
            metrics.on_commit,
            settings.project_megabytes,
            upkeep=Upkeep(place, shard, metrics.on_failed),
        )
        worker.numbers.update(position=record.position, refusal_number=record.refusal_number)
    typer.echo(f"Shard {shard} shows every event of its calls up to position {record.position:,}.")
