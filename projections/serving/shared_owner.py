"""Has the tables for all who ask in one process, so that none of these needs a line to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Condition

from ledger.feed import Feed
from projections.errors import FileDamaged
from projections.serving.owner import Owner
from projections.serving.server import owning


class SharedOwner:
    """The tables' owner, from the first question on at which no other process has them."""

    def __init__(self, folder: Path, open_feed: Callable[[], Feed]) -> None:
        self._folder = folder
        self._open_feed = open_feed
        self._opened = ExitStack()
        self._owner: Owner | None = None
        self._changed = Condition()
        self._askers = 0
        self._damage: FileDamaged | None = None
        self._note = ""
        """What became of a file that was damaged while this had it."""

    @contextmanager
    def lent(self) -> Iterator[Owner]:
        """The owner, for one question. Raises `Busy` while another process has the tables.

        Where the file turns out to be damaged it is closed once nobody asks any more, and opened
        for who comes next: DuckDB makes no new file while anybody has the old one.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._damage is None or not self._askers)
            if self._damage is not None:
                self._note = str(self._damage)
                self.close()
            if self._owner is None:
                opening = owning(self._folder, self._open_feed)
                self._owner = self._opened.enter_context(opening)
                self._owner.note = self._owner.note or self._note
            owner = self._owner
            self._askers += 1
        try:
            yield owner
        except FileDamaged as damage:
            self._damage = damage
            raise
        finally:
            with self._changed:
                self._askers -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let go of the file."""
        self._owner = self._damage = None
        self._opened.close()
