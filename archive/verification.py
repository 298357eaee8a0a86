"""Whether an archive is what its manifest says, and what a store beside it has."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise, zip_longest
from typing import NamedTuple

from archive.creation import OnProgress
from archive.manifest import (
    KINDS,
    MANIFEST,
    NOTHING_BEFORE,
    Kind,
    Manifest,
    Quarantine,
    Segment,
    read_manifest,
)
from archive.place import Place
from archive.quarantine import quarantined_in
from archive.rows import rows_in_store
from archive.segments import Unreadable, documents_sha256, numbered_rows, rows_in_file
from ledger.feed import FeedBroken
from ledger.store.interface import NewRows, StoreReader


class Finding(NamedTuple):
    """What is not as it should be, and where."""

    file: str
    what: str


def verify(place: Place, store: StoreReader | None, on_progress: OnProgress) -> Iterator[Finding]:
    """Read every file and yield each finding, in order. Raises as `read_manifest` does."""
    manifest = read_manifest(place)
    for kind in KINDS:
        yield from findings_of_chain(manifest, kind)
        for segment in manifest.segments(kind):
            yield from findings_of_segment(place, kind, segment, store)
            on_progress(segment.last if kind == "events" else manifest.ends().position, None)
    if manifest.quarantine is not None:
        yield from findings_of_quarantine(place, manifest.quarantine)
    if store is not None:
        yield from findings_of_ends(manifest, store)


def findings_of_chain(manifest: Manifest, kind: Kind) -> Iterator[Finding]:
    """What the manifest alone tells."""
    previous, last = NOTHING_BEFORE, 0
    segments = manifest.segments(kind)
    for segment in segments:
        if segment.hashed() != segment.entry_sha256:
            yield Finding(MANIFEST, f"The entry of {segment.name} was changed.")
        if segment.previous_sha256 != previous:
            yield Finding(MANIFEST, f"The chain is broken before {segment.name}.")
        if segment.first > last + 1:
            yield Finding(
                MANIFEST, f"The {kind} {last + 1:,} to {segment.first - 1:,} are missing."
            )
        if segment.first <= last:
            yield Finding(MANIFEST, f"The {kind} {segment.first:,} to {last:,} are there twice.")
        if segment.rows != manifest.segment_rows and segment is not segments[-1]:
            yield Finding(MANIFEST, f"{segment.name} is not full and not the last one.")
        previous, last = segment.entry_sha256, segment.last


def findings_of_bytes(content: bytes | None, entry: Segment | Quarantine) -> Iterator[Finding]:
    """Whether a file is there, and has the bytes that the manifest names."""
    if content is None:
        yield Finding(entry.name, "The file is missing.")
    elif sha256(content).hexdigest() != entry.sha256:
        yield Finding(entry.name, "The file's bytes were changed.")


def findings_of_segment(
    place: Place, kind: Kind, segment: Segment, store: StoreReader | None
) -> Iterator[Finding]:
    """What a file tells, beside its entry and the store."""
    content = place.read(segment.name)
    yield from findings_of_bytes(content, segment)
    if content is None:
        return
    try:
        rows = rows_in_file(kind, content)
    except Unreadable as error:
        yield Finding(segment.name, f"It cannot be read as Parquet: {error}.")
        return
    own = numbered_rows(kind, rows)
    numbers = [row[0] for row in own]
    expected = range(segment.first, segment.last + 1)
    if numbers != list(expected):
        missing, known = sorted(set(expected) - set(numbers)), set(expected)
        doubled = sorted({number for number, then in pairwise(numbers) if number == then})
        foreign = sorted(set(numbers) - known)
        for what, which in (("missing", missing), ("there twice", doubled), ("foreign", foreign)):
            if which:
                yield Finding(
                    segment.name, f"{len(which):,} {kind} are {what}, first {which[0]:,}."
                )
    if documents_sha256(row[-1] for row in own) != segment.documents_sha256:
        yield Finding(segment.name, "The documents are not those that were archived.")
    if (len(rows.calls), len(rows.outcomes)) != (segment.calls, segment.outcomes):
        yield Finding(segment.name, "Calls or outcomes are not as many as were archived.")
    if store is not None:
        yield from differences(kind, segment, rows, store)


def differences(
    kind: Kind, segment: Segment, archived: NewRows, store: StoreReader
) -> Iterator[Finding]:
    """Where the store has other rows than the file."""
    try:
        stored = rows_in_store(store, kind, segment.first, segment.last)
    except FeedBroken as error:
        yield Finding(segment.name, f"The store does not have all of it: {error}")
        return
    for table in ("calls", "events", "refusals", "outcomes"):
        pairs = zip_longest(getattr(archived, table), getattr(stored, table))
        differing = [row or other for row, other in pairs if row != other]
        if differing:
            number = number_of(table, differing[0])
            yield Finding(
                segment.name,
                f"The store has other {table}: {len(differing):,}, first at {number:,}.",
            )


def number_of(table: str, row: tuple[object, ...]) -> int:
    """The position or refusal number of a row."""
    places = {"calls": (2,), "events": (0,), "refusals": (0,), "outcomes": (1, 3)}[table]
    return next(number for at in places if isinstance(number := row[at], int))


def findings_of_quarantine(place: Place, quarantine: Quarantine) -> Iterator[Finding]:
    """What the file of the quarantine tells."""
    content = place.read(quarantine.name)
    yield from findings_of_bytes(content, quarantine)
    if content is None:
        return
    try:
        if sum(1 for _ in quarantined_in(content)) != quarantine.rows:
            yield Finding(quarantine.name, "Its rows are not as many as were archived.")
    except Unreadable as error:
        yield Finding(quarantine.name, f"It cannot be read as Parquet: {error}.")


def findings_of_ends(manifest: Manifest, store: StoreReader) -> Iterator[Finding]:
    """Whether the store has less than the archive; more is what came since."""
    for kind, archived, stored in zip(KINDS, manifest.ends(), store.ends(), strict=True):
        if stored < archived:
            yield Finding(
                MANIFEST, f"The store ends at {kind} {stored:,}, the archive at {archived:,}."
            )
