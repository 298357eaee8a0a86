"""Another try of a dead letter, by whoever has the tables."""

from __future__ import annotations

from infra.folder import LedgerFolder
from projections.late_events import retry
from projections.serving.retrying import have_retried
from projections.serving.server import Busy, owning


def retry_dead_letter(folder: LedgerFolder, number: int) -> str:
    """Try it again; returns the reason why it still cannot be read, if so.

    Raises `ProjectionError`.
    """
    try:
        with owning(folder.path) as owner, owner.writing() as projections:
            return retry(projections, number)
    except Busy:
        return have_retried(folder.path, number)
