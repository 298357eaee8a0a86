"""An archive that is full already, written without a store: millions of events need no SQLite."""

from __future__ import annotations

from archive.creation import OnProgress
from archive.manifest import MANIFEST, SEGMENT_ROWS, Manifest, Segment, chained_to, write_manifest
from archive.place import Place
from archive.segments import segment_of
from bench.full_store import rows
from ledger.store.interface import NewRows, StoredOutcome


def fill_archive(
    place: Place, events: int, on_progress: OnProgress = lambda _done, _total: None
) -> int:
    """Write at least so many events; returns how many there are."""
    segments: tuple[Segment, ...] = ()
    waiting = NewRows()
    for some in rows(events):
        waiting.calls.extend(some.calls)
        waiting.events.extend(some.events)
        waiting.outcomes.extend(StoredOutcome(*one) for one in some.outcomes)
        while len(waiting.events) >= SEGMENT_ROWS:
            sealed, waiting = parted(waiting, waiting.events[SEGMENT_ROWS - 1][0])
            segments = (*segments, put(place, sealed, segments))
            on_progress(segments[-1].last, events)
    if waiting.events:
        segments = (*segments, put(place, waiting, segments))
    write_manifest(place, MANIFEST, Manifest(events=segments))
    return segments[-1].last


def put(place: Place, sealed: NewRows, before: tuple[Segment, ...]) -> Segment:
    """Write a segment."""
    content, entry = segment_of("events", sealed, chained_to(before))
    place.write(entry.name, content)
    return entry


def parted(waiting: NewRows, last: int) -> tuple[NewRows, NewRows]:
    """What comes up to a position, and what comes after it."""
    parts = NewRows(), NewRows()
    for call in waiting.calls:
        parts[call[2] > last].calls.append(call)
    for event in waiting.events:
        parts[event[0] > last].events.append(event)
    for outcome in waiting.outcomes:
        parts[(outcome[1] or 0) > last].outcomes.append(outcome)
    return parts
