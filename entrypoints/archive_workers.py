"""What commands share that have tables computed from an archive by processes or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from entrypoints.ui.progress import progress
from infra.errors import FINDING
from infra.visible import visible

if TYPE_CHECKING:
    from archive.parallel.computed import OnStep
    from archive.parallel.workers import Workers


def workers_of(processes: int, scheduler: str | None) -> Workers:
    """So many processes, or the cluster of a scheduler. Raises `WrongSetting`."""
    from archive.parallel.dask import DaskWorkers
    from archive.parallel.workers import Processes

    return Processes(processes) if scheduler is None else DaskWorkers(scheduler)


@contextmanager
def showing_progress() -> Iterator[OnStep]:
    """Show what workers do and how far they are."""
    with progress("planning", unit="events") as moved:
        yield lambda step, done, total: moved(done, total or None, doing=step)


@contextmanager
def unreadable_is_a_finding() -> Iterator[None]:
    """Say which event stopped it, and end with the exit code of a finding."""
    from projections.errors import UnreadableEvent

    try:
        yield
    except UnreadableEvent as stopped:
        typer.echo(visible(str(stopped)), err=True)
        raise typer.Exit(FINDING) from None
