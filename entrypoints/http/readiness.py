"""Whether commands and questions would be answered, looked up at most once a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from entrypoints.http.service import Service
from entrypoints.workers.lag import Figures
from entrypoints.workers.liveness import LookedUp
from infra.errors import LedgerError
from ledger.feed import StoreFeed

LEAST_FREE_BYTES: Final = 100 * 1024 * 1024
MOST_BEHIND_EVENTS: Final = 1_000_000
"""Beyond these a question would wait for longer than a client does."""


class Readiness:
    """What is missing, in words that anybody may read: no path, and no name."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.looked_up = LookedUp(self._figures)

    def why_not(self) -> str:
        """Empty, or what is missing."""
        return self.looked_up.figures()[1]

    def _figures(self) -> Figures:
        folder = self._service.folder
        if shutil.disk_usage(folder.path).free < LEAST_FREE_BYTES:
            raise LedgerError("The disk is almost full.")
        if self._service.records:
            with said_as("The store cannot be written."):
                # The turn that every command takes, with none in it: a server is asked, a file not.
                self._service.ledger.record_many([])
        position = 0
        if self._service.has_store:
            with said_as("The store cannot be read."), closing(StoreFeed(folder)) as feed:
                position = feed.head().position
        with said_as("The tables cannot be read."):
            behind = max(0, position - self._service.tables.position())
        if behind > MOST_BEHIND_EVENTS:
            self._service.tables.follow()
            raise LedgerError(f"The tables are {behind:,} events behind, and are brought up.")
        return {"store_position": position, "lag_events": behind}


@contextmanager
def said_as(sentence: str) -> Iterator[None]:
    """Say an error in these words alone."""
    try:
        yield
    except LedgerError:
        raise LedgerError(sentence) from None
