"""Whose tables a server reads: those of its folder, or those that shards have published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final, Protocol

from infra.errors import LedgerError
from ledger.feed import StoreFeed
from ledger.identity import first_fingerprint_in
from projections.feeds import feed_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from infra.folder import LedgerFolder
    from lake.place import LakePlace
    from projections.serving.client import Reader
    from projections.serving.read_side import ReadSide

READERS: Final = 8
"""Questions that are answered at a time."""

MOST_WAITING: Final = READERS // 2
"""So many of them may need more than tables show: those that do not always find a turn."""

READER_SECONDS: Final = 10.0
"""How long a question waits for its turn."""

TOO_MANY: Final = "Too many questions are being answered: ask again."


class ReadSides(Protocol):
    """Lends tables to one request after the other."""

    def lent(self, needed_position: int | None) -> AbstractContextManager[ReadSide]:
        """The tables, for one request, which needs this position; none is all that is recorded.

        Raises `LedgerError` when nobody gives them back.
        """
        ...

    def follow(self) -> None:
        """Keep them near the store from now on, where that is this server's to do."""
        ...

    def position(self) -> int:
        """How far they are, without bringing them up to the store."""
        ...

    def size_bytes(self) -> int:
        """How large they are."""
        ...

    def shards(self) -> dict[str, int]:
        """How far each shard is; nothing where there are none."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class FolderTables:
    """Those of a folder: all questions share them, or have lines to the process that has them."""

    def __init__(self, folder: LedgerFolder) -> None:
        from projections.serving.background import BackgroundProjector
        from projections.serving.shared_owner import SharedOwner

        self._folder = folder
        self._owner = SharedOwner(folder.path, lambda: feed_of(folder))
        self._projector = BackgroundProjector(folder, self._owner)
        self._readers: LifoQueue[Reader | None] = LifoQueue()
        for _ in range(READERS):
            self._readers.put(None)
        self._waiting = BoundedSemaphore(MOST_WAITING)

    @contextmanager
    def lent(self, needed_position: int | None) -> Iterator[Reader]:
        """A reader of what the tables show, or all that was recorded before where that is little.

        From the first on, the tables are kept near the store; until they are, it is waited for.
        """
        from projections.serving.client import Reader

        self.follow()
        needed_position = needed_position if self._projector.keeps_up else None
        with ExitStack() as turn:
            if needed_position != 0:
                if not self._waiting.acquire(timeout=READER_SECONDS):
                    raise LedgerError(TOO_MANY)
                turn.callback(self._waiting.release)
            try:
                reader = self._readers.get(timeout=READER_SECONDS)
            except Empty:
                raise LedgerError(TOO_MANY) from None
            try:
                reader = reader or Reader(self._folder, owner=self._owner)
                with reader.for_one_request(needed_position):
                    yield reader
            finally:
                self._readers.put(reader)

    def follow(self) -> None:
        """Begin to, unless it is done already."""
        self._projector.begin()

    def position(self) -> int:
        """How far they are."""
        from entrypoints.cli.status import tables_before

        return tables_before(self._folder).position

    def size_bytes(self) -> int:
        """Of the file."""
        from projections.serving.duckdb_file import size_bytes

        return size_bytes(self._folder.projections)

    def shards(self) -> dict[str, int]:
        """There are none."""
        return {}

    def close(self) -> None:
        """End the rounds, close each reader, and let go of the file."""
        self._projector.close()
        while not self._readers.empty():
            reader = self._readers.get()
            if reader is not None:
                reader.close()
        self._owner.close()


class PublishedTables:
    """Those that shards have published, as of the last version that there is."""

    def __init__(self, place: LakePlace, folder: LedgerFolder) -> None:
        """Raises `LedgerMissing` and `LakeUnavailable`, and `OtherLedger` for another store's."""
        from lake.latest import Latest

        self._latest = Latest(place)
        self._turns = BoundedSemaphore(READERS)
        check_same_ledger(place, self._latest.reader().first_event, folder)

    @contextmanager
    def lent(self, needed_position: int | None) -> Iterator[ReadSide]:  # noqa: ARG002 - see below
        """All questions of a request are answered from one version; it cannot be brought up."""
        if not self._turns.acquire(timeout=READER_SECONDS):
            raise LedgerError(TOO_MANY)
        try:
            yield self._latest.reader()
        finally:
            self._turns.release()

    def follow(self) -> None:
        """Whoever publishes them does."""

    def position(self) -> int:
        """That of the lowest shard."""
        return self._latest.reader().position

    def size_bytes(self) -> int:
        """Of all files of this version."""
        return self._latest.reader().size_bytes

    def shards(self) -> dict[str, Any]:
        """How far each is."""
        return self._latest.reader().positions

    def close(self) -> None:
        """Nothing is held."""


def check_same_ledger(place: LakePlace, first_event: int | None, folder: LedgerFolder) -> None:
    """Refuse tables of another ledger than the one that is served, where its store is there."""
    from projections.errors import OtherLedger

    if not folder.has_store:
        return
    with closing(StoreFeed(folder)) as feed:
        own = first_fingerprint_in(feed)
    if first_event is not None and own != first_event:
        raise OtherLedger(
            f"The tables in {place} are of another ledger than {folder}: name its event store with"
            " --store, or another place."
        )
