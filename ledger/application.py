"""Current state of calls: cached for the hot ones, rebuilt by replay for the cold.

This is the only file that knows the `eventsourcing` library: its repository and event store
replay a call from what our store has. See docs/adr/0014.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NoReturn, cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    AggregateRecorder,
    EventStore,
    JSONTranscoder,
    Mapper,
    Notification,
    StoredEvent,
)
from msgspec import Struct

from domain.call import Call
from domain.event import Event
from domain.evolve import evolve
from infra.errors import LedgerUnavailable
from ledger.documents import event_in
from ledger.store import interface

MOST_INVALID = 50_000
"""Calls that are kept as invalid; beyond them all calls are read again."""


def key_of(source: str, call_id: str) -> str:
    """One name for a call of a source; unambiguous, because a source has no space in it."""
    return f"{source} {call_id}"


def source_and_call_id(key: str) -> tuple[str, str]:
    """Take the name of `key_of` apart."""
    source, _, call_id = key.partition(" ")
    return source, call_id


class RecordedEvent(Struct, frozen=True, gc=False):
    """An event as the library replays it."""

    originator_id: str
    originator_version: int
    position: int
    event: Event


class RecordedCall(Struct, frozen=True, gc=False):
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
    for recorded_event in cast(Iterable[RecordedEvent], events):
        if recorded is None:
            recorded = RecordedCall(recorded_event.originator_id, recorded_event.position, Call())
        call = evolve(recorded.call, recorded_event.event)
        recorded = RecordedCall(recorded.id, recorded.position, call)
    return recorded


class CallCache:
    """The calls that were asked for last; one thread at a time has it, so it needs no lock."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._calls: OrderedDict[str, RecordedCall] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._calls

    def get(self, key: str) -> RecordedCall | None:
        """The call, which counts as asked for now; nothing when it is not here."""
        known = self._calls.get(key)
        if known is not None:
            self._calls.move_to_end(key)
        return known

    def put(self, call: RecordedCall) -> None:
        """Keep the call, and evict the one that was not asked for longest."""
        self._calls[call.id] = call
        self._calls.move_to_end(call.id)
        if len(self._calls) > self._size:
            self._calls.popitem(last=False)

    def clear(self) -> None:
        """Evict all."""
        self._calls.clear()


class CallEvents(AggregateRecorder):
    """Our store as the library reads it; appending goes by a turn of the store."""

    def __init__(self, store: interface.EventStore) -> None:
        self._store = store

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one call in order, with their positions."""
        assert not desc
        assert limit is None
        key = str(originator_id)
        rows = self._store.events_of(*source_and_call_id(key), gt or 0, lte)
        return [
            Notification(key, version, "", document, id=position)
            for version, document, position in rows
        ]

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> NoReturn:
        """Refused: events are appended with their outcomes, in one transaction."""
        raise NotImplementedError("events are appended with their outcomes, by write()")


class CallMapper(Mapper[str]):
    """Reads the stored bytes of an event; they are written in `documents.py`, once."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Read one stored event. Raises `LedgerUnavailable` when its bytes are damaged."""
        key, version = str(stored_event.originator_id), stored_event.originator_version
        position = cast(Notification, stored_event).id
        try:
            event = event_in(stored_event.state)
        except ValueError as error:
            raise LedgerUnavailable(
                f"The event at position {position}, version {version} of call {key}, cannot be "
                "read: restore the event store from its last backup."
            ) from error
        return RecordedEvent(key, version, position, event)


class CallApplication:
    """The calls of one ledger, as whoever decides sees them."""

    def __init__(self, store: interface.EventStore, cached_calls: int) -> None:
        self._events = EventStore(CallMapper(JSONTranscoder()), CallEvents(store))
        self._repository = Repository(self._events)
        self._cache = CallCache(cached_calls)
        self._invalid: set[int] = set()

    def call(self, key: str) -> RecordedCall | None:
        """The call as it stands, or nothing when it has no event yet."""
        known = self._cache.get(key)
        if known is None:
            try:
                known = self._repository.get(key, projector_func=replay)
            except AggregateNotFoundError:
                return None
            self._cache.put(known)
        elif self._invalid and known.position in self._invalid:
            known = replay(known, self._events.get(key, gt=known.version)) or known
            self._cache.put(known)
        self._invalid.discard(known.position)
        return known

    def invalidate(self, call_positions: Collection[int] | None) -> None:
        """Others have appended to these calls, or, for None, to any: read on before deciding."""
        if call_positions is not None and len(self._invalid) < MOST_INVALID:
            self._invalid.update(call_positions)
            return
        # Nothing is cached any more, so nothing of it is invalid.
        self._invalid.clear()
        self._cache.clear()

    def uncached(self, keys: Iterable[str]) -> set[str]:
        """Those of the calls that are not cached, and may have no event yet."""
        return {key for key in keys if key not in self._cache}

    def cache(self, calls: Iterable[RecordedCall]) -> None:
        """Take these as the current state, once their events are durable."""
        for call in calls:
            self._cache.put(call)
