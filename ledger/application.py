"""Current state of calls: cached for the hot ones, rebuilt by replay for the cold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from eventsourcing.application import AggregateNotFoundError, Application, Cache
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    JSONTranscoder,
    Mapper,
    Notification,
    StoredEvent,
    Transcoder,
)

from domain.call import Call
from domain.events import Event
from domain.evolve import evolve
from infra.errors import LedgerUnavailable
from ledger.documents import event_in
from ledger.store.recorder import CallRecorder

MOST_OUTDATED = 50_000
"""Calls to remember as outdated; beyond them all calls are read again."""


def key_of(source: str, call_id: str) -> str:
    """One name for a call of a source; unambiguous, because a source has no space in it."""
    return f"{source} {call_id}"


def source_and_call_id(key: str) -> tuple[str, str]:
    """Take the name of `key_of` apart."""
    source, _, call_id = key.partition(" ")
    return source, call_id


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as the library replays it."""

    originator_id: str
    originator_version: int
    position: int
    event: Event


class RecordedCall(NamedTuple):
    """A call as far as it is recorded, and the position of its first event."""

    id: str
    position: int
    call: Call

    @property
    def version(self) -> int:
        return self.call.version


def replay(
    recorded: RecordedCall | None, events: Iterable[DomainEventProtocol[str]]
) -> RecordedCall | None:
    """Project a call from its events; replay judges nothing and refuses nothing."""
    for one in cast(Iterable[RecordedEvent], events):
        if recorded is None:
            recorded = RecordedCall(one.originator_id, one.position, Call())
        recorded = RecordedCall(recorded.id, recorded.position, evolve(recorded.call, one.event))
    return recorded


class HotCalls(Cache[str, RecordedCall]):
    """The calls that were asked for last.

    One thread at a time has it, so it does without the lock and the links of the library's own,
    which cost ten times as much.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._calls: OrderedDict[str, RecordedCall] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._calls

    def get(self, key: str, *, evict: bool = False) -> RecordedCall:
        """The call, which counts as asked for now. Raises `KeyError` when it is not here."""
        if evict:
            return self._calls.pop(key)
        self._calls.move_to_end(key)
        return self._calls[key]

    def clear(self) -> None:
        """Let go of all."""
        self._calls.clear()

    def put(self, key: str, value: RecordedCall | None) -> None:
        """Keep the call, and let go of the one that was not asked for longest."""
        if value is not None:
            self._calls[key] = value
            self._calls.move_to_end(key)
            if len(self._calls) > self._most:
                self._calls.popitem(last=False)


class CallMapper(Mapper[str]):
    """Reads the stored bytes of an event; they are written in `documents.py`, once."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Read one stored event. Raises `LedgerUnavailable` when its bytes are damaged."""
        key, version = str(stored_event.originator_id), stored_event.originator_version
        position = cast(Notification, stored_event).id
        try:
            event = event_in(stored_event.state)
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerUnavailable(
                f"The event at position {position}, version {version} of call {key}, cannot be "
                "read: restore the event store from its last backup."
            ) from error
        return RecordedEvent(key, version, position, event)


class CallApplication(Application[str]):
    """The library's application over our own mapper and recorder."""

    def __init__(self, recorder: CallRecorder, cached_calls: int) -> None:
        self._call_recorder = recorder
        self._outdated: set[int] = set()
        super().__init__(
            env={
                # Others' writes are told by `mark_outdated`, and what is held is frozen: no copy.
                self.AGGREGATE_CACHE_FASTFORWARD: "n",
                self.DEEPCOPY_FROM_AGGREGATE_CACHE: "n",
            }
        )
        self._hot = HotCalls(cached_calls)
        self.repository.cache = cast(Cache[str, Any], self._hot)

    def construct_transcoder(self) -> Transcoder:
        """The library asks for one; our mapper does without."""
        return JSONTranscoder()

    def construct_mapper(self) -> CallMapper:
        """Our mapper."""
        return CallMapper(self.construct_transcoder())

    def construct_recorder(self) -> CallRecorder:
        """The recorder that was opened for the ledger's folder."""
        return self._call_recorder

    def call(self, key: str) -> RecordedCall | None:
        """The call as it stands, or nothing when it has no event yet."""
        try:
            known = self.repository.get(key, projector_func=replay)
        except AggregateNotFoundError:
            return None
        if self._outdated and known.position in self._outdated:
            known = replay(known, self.events.get(key, gt=known.version)) or known
            self.remember([known])
            self._outdated.discard(known.position)
        return known

    def mark_outdated(self, call_positions: Collection[int] | None) -> None:
        """Others have appended to these calls, or, for None, to any: read on before deciding."""
        if call_positions is not None and len(self._outdated) < MOST_OUTDATED:
            self._outdated.update(call_positions)
            return
        # Nothing is held any more, so nothing of it is outdated.
        self._outdated.clear()
        self._hot.clear()

    def cold(self, keys: Iterable[str]) -> set[str]:
        """Those of the calls that are not at hand, and may have no event yet."""
        return {key for key in keys if key not in self._hot}

    def remember(self, calls: Iterable[RecordedCall]) -> None:
        """Take these as the current state, once their events are durable."""
        for call in calls:
            self._hot.put(call.id, call)
