"""The write side's one door: take a command, decide it, append what it came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING

from domain.commands import Command
from domain.rule_sets import SEED, RuleSet
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.application import CallApplication, key_of, source_and_call_id
from ledger.decision_batch import DecisionBatch
from ledger.documents import Stamp, time_text
from ledger.group_commit import GroupCommit
from ledger.membership import misdirected
from ledger.outcomes import KeptOutcome, Outcome, Request
from ledger.quarantine import Quarantine
from ledger.store.interface import EventStore, TurnLost
from ledger.store.opening import store_to_write

if TYPE_CHECKING:
    from infra.ledgers import Member

LARGEST_BATCH = 100_000
"""Commands in one transaction: what is decided and not yet durable is held in memory."""


def now() -> datetime:
    """The ledger's clock, unless another one is given."""
    return datetime.now(UTC)


class Ledger:
    """A ledger, open for writing: alone in SQLite, beside other writers in PostgreSQL."""

    def __init__(
        self,
        store: EventStore,
        rules: RuleSet = SEED,
        clock: Callable[[], datetime] = now,
        cached_calls: int = 20_000,
        member: Member | None = None,
    ) -> None:
        """A `member` of several ledgers takes the calls that belong to it, and no others."""
        self._store = store
        self._member = member
        self._name = None if member is None else member.name
        self._rules = rules
        self._clock = clock
        self._application = CallApplication(store, cached_calls)
        self._one_at_a_time = RLock()
        self._group_commit = GroupCommit(self._take)
        self.quarantine = Quarantine(store, self._one_at_a_time, self._now_text, self.record)
        self._open = ExitStack()

    @classmethod
    def open(
        cls,
        folder: LedgerFolder | Path,
        rules: RuleSet = SEED,
        clock: Callable[[], datetime] = now,
        cached_calls: int = 20_000,
        doing: str = "recording",
    ) -> Ledger:
        """Open the folder's ledger, or begin one; `doing` is what a second writer is told.

        Raises `LedgerInUse` when another process writes to it, and `LedgerUnavailable` when it
        cannot be read or written.
        """
        with ExitStack() as opening:
            place = LedgerFolder.of(folder)
            store = opening.enter_context(store_to_write(place, doing))
            ledger = cls(store, rules, clock, cached_calls, place.member)
            ledger._open = opening.pop_all()
        return ledger

    def record(self, command: Command, observed: bool = False) -> Outcome:
        """Take one command, or one observation; it is on disk when this returns."""
        (outcome,) = self.record_many([Request(command, observed)])
        return outcome

    def record_many(self, requests: Sequence[Request]) -> list[Outcome]:
        """Take many in order, in one transaction: all are on disk when this returns.

        Each is decided against what the earlier ones leave, and refused alone. Raises
        `LedgerUnavailable` when they could not be written; none of them is recorded then.
        """
        outcomes = []
        for outcome in self._take(requests, isolated=False):
            if isinstance(outcome, Exception):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    async def handle(self, command: Command, observed: bool = False) -> Outcome:
        """Take one command among many callers, who share a transaction; it is on disk then."""
        return await self._group_commit.submit(Request(command, observed))

    def first_document(self) -> bytes | None:
        """The document of the ledger's first event, by which it is known; none when it is empty."""
        with self._one_at_a_time:
            first = self._store.events_after(0, 1)
        return first[0][2] if first else None

    def close(self) -> None:
        """Finish what was taken, then release the folder."""
        self._group_commit.close()
        with self._one_at_a_time:
            self._open.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _now_text(self) -> str:
        return time_text(self._clock())

    def _take(
        self, requests: Sequence[Request], isolated: bool = True
    ) -> list[Outcome | Exception]:
        """Decide and append a batch; a request that cannot be decided at all fails alone.

        Not isolated, such a request fails the whole batch before anything is written.
        """
        if len(requests) > LARGEST_BATCH:
            raise LedgerError(
                f"{len(requests)} commands are too many for one transaction: "
                f"send at most {LARGEST_BATCH} at a time."
            )
        if self._member is None:
            return [*self._take_own(requests, isolated)]
        elsewhere = [
            misdirected(self._member, command.source, command.call_id) for command, _ in requests
        ]
        both = [*zip(requests, elsewhere, strict=True)]
        own = iter(self._take_own([one for one, home in both if home is None], isolated))
        return [next(own) if home is None else home for home in elsewhere]

    def _take_own(
        self, requests: Sequence[Request], isolated: bool
    ) -> list[KeptOutcome | Exception]:
        with self._one_at_a_time:
            while True:
                with suppress(TurnLost):
                    return self._take_in_one_turn(requests, isolated)

    def _take_in_one_turn(
        self, requests: Sequence[Request], isolated: bool
    ) -> list[KeptOutcome | Exception]:
        """Decide a batch by what is recorded in this turn, and append it at the turn's end."""
        command_ids = [request.command.command_id.bytes for request in requests]
        keys = [key_of(command.source, command.call_id) for command, _ in requests]
        uncached = self._application.uncached(keys)
        with self._store.turn(command_ids, [*map(source_and_call_id, uncached)]) as turn:
            self._application.invalidate(turn.written_by_others)
            stamp = Stamp.of(self._clock(), self._rules, self._name)
            batch = DecisionBatch(
                self._application, self._store, self._rules, stamp, turn, uncached
            )
            outcomes = batch.take_all(command_ids, keys, requests, isolated)
            turn.append(batch.rows)
        self._application.cache(batch.calls.values())
        return outcomes
