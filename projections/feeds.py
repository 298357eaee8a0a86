"""Which feed a folder's tables follow when somebody asks: its event store, or none of its own."""

from __future__ import annotations

from collections.abc import Iterator

from infra.folder import LedgerFolder
from ledger.feed import EventBatch, EventBlock, RefusalBatch, StoreFeed
from ledger.store.interface import Ends


class NothingToFollow:
    """The feed of tables that are filled from Kafka: readers take what is there."""

    def head(self) -> Ends:
        """Nothing is asked for beyond what is there."""
        return Ends(0, 0)

    def batches(self, after_position: int, limit: int = 0) -> Iterator[EventBatch]:  # noqa: ARG002
        """None."""
        return iter(())

    def blocks(self, after_position: int, limit: int = 0) -> Iterator[EventBlock]:  # noqa: ARG002
        """None."""
        return iter(())

    def refusals(self, after_number: int, limit: int = 0) -> Iterator[RefusalBatch]:  # noqa: ARG002
        """None."""
        return iter(())

    def size_bytes(self) -> None:
        """There is no store here."""

    def close(self) -> None:
        """Nothing is open."""


def feed_of(folder: LedgerFolder) -> StoreFeed | NothingToFollow:
    """The folder's event store or, where there are only tables, nothing to follow.

    Raises `LedgerMissing` when there is neither.
    """
    if folder.projections.exists() and not folder.has_store:
        return NothingToFollow()
    return StoreFeed(folder)
