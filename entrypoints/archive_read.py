"""The options by which a report reads an archive alone, computed by processes or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from entrypoints.archive_workers import showing_progress, unreadable_is_a_finding, workers_of

if TYPE_CHECKING:
    from archive.parallel.asking import ArchiveReader

PANEL = "From an archive"
PROCESSES = 2

Archive = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        rich_help_panel=PANEL,
        help="Read an archive instead of the ledger: a folder, or s3://bucket/prefix.",
    ),
]
Processes = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        max=256,
        metavar="N",
        rich_help_panel=PANEL,
        help="Compute what the report needs in so many processes; 2 by default.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="SCHEDULER",
        rich_help_panel=PANEL,
        help="Compute it by a Dask cluster: dask://host:8786.",
    ),
]
Work = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        rich_help_panel=PANEL,
        help="Where workers leave the rows, for all of them to reach: a folder or s3://…. The same"
        " report of the same moment finds them there again.",
    ),
]


class ArchiveAsked(NamedTuple):
    """Which archive is read, and who computes."""

    place: str
    processes: int | None
    scheduler: str | None
    work: str | None


def archive_asked(
    place: str | None, processes: int | None, scheduler: str | None, work: str | None
) -> ArchiveAsked | None:
    """The archive that is to be read, if one is. Raises `typer.BadParameter`."""
    if place is None:
        if processes or scheduler or work:
            raise typer.BadParameter("--workers, --on and --work belong to --archive.")
        return None
    if processes and scheduler:
        raise typer.BadParameter("--workers or --on: leave one of them out.")
    if scheduler and not work:
        raise typer.BadParameter("--on needs --work: a place that every worker reaches.")
    return ArchiveAsked(place, processes, scheduler, work)


@contextmanager
def reading_archive(asked: ArchiveAsked) -> Iterator[ArchiveReader]:
    """The archive, to be asked. What an event cannot be read of is a finding."""
    from archive.parallel.asking import ArchiveReader
    from archive.places import absolute

    workers = workers_of(asked.processes or PROCESSES, asked.scheduler)
    with (
        showing_progress() as told,
        nullcontext(asked.work) if asked.work else TemporaryDirectory() as work,
        unreadable_is_a_finding(),
        ArchiveReader((absolute(asked.place), absolute(work)), workers, told) as reader,
    ):
        yield reader
