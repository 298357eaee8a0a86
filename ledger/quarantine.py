"""What could not be read: kept with its reason and its bytes until somebody resolves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from domain.commands import Command
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.outcomes import KeptOutcome, Misdirected, Outcome, Recorded
from ledger.store.interface import EventStore, Quarantined, QuarantineEntry, StoreReader
from ledger.store.opening import store_to_read

LARGEST_KEPT_BYTES = 1024 * 1024
"""Of anything larger, this much is kept; the reason says so."""

ENTRIES_AT_ONCE = 1_000
LONGEST_WORD = 1_000
"""Characters of an origin, a name or a reason."""

RETRIES = UUID("5f2f8f5e-3a0e-5f0c-9d63-6b8d7f0c1a11")
"""The namespace of ids for retried lines that have none, so that a second retry is a repeat."""


class NothingWaits(LedgerError):  # noqa: N818 - it reads as the state it reports
    """There is no such number, or somebody has resolved it."""


class Unread(NamedTuple):
    """What could not be read: where it came from, its bytes, and why."""

    origin: str
    original: bytes
    reason: str

    def bounded(self) -> tuple[str, str, bytes]:
        """Origin, reason and bytes, as much of each as is kept."""
        reason = self.reason
        if len(self.original) > LARGEST_KEPT_BYTES:
            reason += f" Its first {LARGEST_KEPT_BYTES:,} bytes are kept here."
        kept = self.original[:LARGEST_KEPT_BYTES]
        return self.origin[:LONGEST_WORD], reason[:LONGEST_WORD], kept


class QuarantineReader:
    """Lists and shows, beside a writer or without one."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store

    def list(self, after_number: int = 0, limit: int = 1_000) -> list[Quarantined]:
        """What is in quarantine after a number, resolved or not, in the order it came."""
        return self._store.quarantined(after_number, limit)

    def entries(
        self, with_resolved: bool = False, after_number: int = 0
    ) -> Iterator[QuarantineEntry]:
        """Everything that waits, and with what is resolved everything, in the order it came."""
        number = after_number
        while page := self._store.quarantine_entries(number, ENTRIES_AT_ONCE, with_resolved):
            yield from page
            number = page[-1].number

    def waiting(self) -> int:
        """How many nobody has resolved."""
        return self._store.waiting()

    def show(self, number: int) -> Quarantined:
        """One of them. Raises `NothingWaits` when there is no such number."""
        found = self._store.quarantined(number - 1, 1)
        if not found or found[0].number != number:
            raise NothingWaits(f"Nothing in quarantine has the number {number}: list them to see.")
        return found[0]


class Quarantine(QuarantineReader):
    """Takes what could not be read, and resolves it."""

    def __init__(
        self,
        store: EventStore,
        one_at_a_time: AbstractContextManager[object],
        now: Callable[[], str],
        record: Callable[[Command, bool], Outcome],
    ) -> None:
        super().__init__(store)
        self._event_store = store
        self._one_at_a_time = one_at_a_time
        self._now = now
        self._record = record

    def add(self, origin: str, original: bytes, reason: str) -> int:
        """Keep the bytes, where they came from and why they are here; return their number."""
        (number,) = self.add_many([Unread(origin, original, reason)])
        return number

    def add_many(self, unread: Sequence[Unread]) -> Sequence[int]:
        """Keep them all by one write to the disk; return their numbers, in the same order."""
        if not unread:
            return []
        with self._one_at_a_time:
            last = self._event_store.quarantine(self._now(), [one.bounded() for one in unread])
        return range(last - len(unread) + 1, last + 1)

    def add_new(self, unread: Sequence[Unread]) -> list[int]:
        """Keep those whose origin is not here yet: a message that comes again is the same.

        Returns the number of each, in the same order.
        """
        with self._one_at_a_time:
            known = [self._event_store.quarantined_from(one.origin) for one in unread]
            new = [one for one, number in zip(unread, known, strict=True) if number is None]
            added = iter(self.add_many(new))
            return [next(added) if number is None else number for number in known]

    def retry(self, number: int, who: str) -> KeptOutcome:
        """Read it again and record it; recorded or refused, it is resolved by that.

        Raises `Unreadable` when it still cannot be read, or belongs to another ledger; it goes on
        waiting then. Raises `NothingWaits`.
        """
        # Who only looks has no command to read.
        from ledger.intake import Defaults, Unreadable, read_request  # noqa: PLC0415

        with self._one_at_a_time:
            waiting = self._waiting(number)
            identity = uuid5(RETRIES, f"{number} {waiting.received_at} {waiting.origin}")
            defaults = Defaults(occurred_at=waiting.received_at, command_id=identity)
            outcome = self._record(*read_request(waiting.original, defaults))
            if isinstance(outcome, Misdirected):
                raise Unreadable(outcome.sentence)
            came_to = (
                f"recorded up to position {outcome.position}"
                if isinstance(outcome, Recorded)
                else f"refused by {outcome.rule}, refusal {outcome.number}"
            )
            self._event_store.resolve(number, "retried", self._now(), who[:LONGEST_WORD], came_to)
        return outcome

    def discard(self, number: int, who: str, why: str) -> None:
        """Give it up; that, by whom and why is kept beside it.

        Raises `NothingWaits`, and `LedgerError` when the reason is longer than is kept.
        """
        if len(why) > LONGEST_WORD:
            raise LedgerError(
                f"The reason has {len(why):,} characters, and at most {LONGEST_WORD:,} are kept: "
                "say it shorter."
            )
        with self._one_at_a_time:
            self._waiting(number)
            self._event_store.resolve(number, "discarded", self._now(), who[:LONGEST_WORD], why)

    def _waiting(self, number: int) -> Quarantined:
        found = self.show(number)
        if found.state != "waiting":
            raise NothingWaits(
                f"Number {number} was {found.state} by {found.resolved_by} at "
                f"{found.resolved_at}: there is nothing left to do."
            )
        return found


@contextmanager
def reading_quarantine(folder: LedgerFolder | Path) -> Iterator[QuarantineReader]:
    """Open the quarantine of a folder to read it. Raises as `StoreFeed` does."""
    with closing(store_to_read(LedgerFolder.of(folder))) as store:
        yield QuarantineReader(store)
