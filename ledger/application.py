"""Current state of calls: cached for the hot ones, rebuilt by replay for the cold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from eventsourcing.application import AggregateNotFoundError, Application
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
from infra.folder import LedgerUnavailable
from ledger.documents import event_in
from ledger.recorder import CallRecorder


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


@dataclass(frozen=True, slots=True)
class RecordedCall:
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
        super().__init__(
            env={
                self.AGGREGATE_CACHE_MAXSIZE: str(cached_calls),
                # One process writes, and what it holds is frozen: no look-up, no copy.
                self.AGGREGATE_CACHE_FASTFORWARD: "n",
                self.DEEPCOPY_FROM_AGGREGATE_CACHE: "n",
            }
        )

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
            return self.repository.get(key, projector_func=replay)
        except AggregateNotFoundError:
            return None

    def remember(self, calls: Iterable[RecordedCall]) -> None:
        """Take these as the current state, once their events are durable."""
        cache = self.repository.cache
        if cache is not None:
            for call in calls:
                cache.put(call.id, call)
