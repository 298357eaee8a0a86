"""Making an archive of a store, and bringing it up: what is sealed stays, and the rest is added.

The manifest is replaced last, so an archive is always that of before or that of now. What was
sealed on the way is in the manifest of progress, from which the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archive.folder import ASIDE
from archive.manifest import (
    KINDS,
    MANIFEST,
    PROGRESS,
    SEGMENT_ROWS,
    Kind,
    Manifest,
    Segment,
    chained_to,
    decoded,
    encoded,
    last_of,
    manifest_in,
    write_manifest,
)
from archive.place import Place
from archive.quarantine import put_quarantine
from archive.rows import counts_in_store, rows_in_store
from archive.segments import documents_sha256, numbered_rows, segment_of
from infra.errors import LedgerError, LedgerInUse
from ledger.store.interface import Ends, StoreReader

OnProgress = Callable[[int, int | None], None]
"""Told how many events are done, of how many."""


def create(
    store: StoreReader,
    place: Place,
    on_progress: OnProgress,
    segment_rows: int | None = None,
    keeps_before: bool = False,
) -> Manifest:
    """Bring the place's archive up to where the store is now, or make it.

    What the manifest before named is kept until the next time, if told so.

    Raises `LedgerError` when the archive is of another ledger or of a later state of it, and
    `LedgerInUse` when another process writes it.
    """
    with place.alone():
        found = place.read_to_replace(MANIFEST)
        before = None if found is None else decoded(place, MANIFEST, found[0])
        begun = farther(manifest_in(place, PROGRESS), before)
        manifest = begun or Manifest(segment_rows=segment_rows or SEGMENT_ROWS)
        if segment_rows not in (None, manifest.segment_rows):
            raise LedgerError(
                f"The archive in {place} has {manifest.segment_rows:,} rows in a segment, and that "
                "never changes: leave out --segment-rows, or name another place."
            )
        ends = store.ends()
        check_same_ledger(store, place, manifest, ends)
        for kind, end in zip(KINDS, ends, strict=True):
            for segments in sealing(store, place, manifest, kind, end):
                manifest = manifest.with_segments(kind, segments)
                write_manifest(place, PROGRESS, manifest)
                on_progress(last_of(manifest.events), ends.position)
        check_complete(store, manifest)
        manifest = put_quarantine(store, place, manifest)
        if not place.replace(MANIFEST, encoded(manifest), None if found is None else found[1]):
            raise LedgerInUse(
                f"The archive in {place} was brought up by another process meanwhile, and is whole:"
                " let one at a time do it."
            )
        remove_others(place, before, manifest, keeps_before)
    return manifest


def farther(progress: Manifest | None, manifest: Manifest | None) -> Manifest | None:
    """The one of both that has more; progress of a process that was late has less."""
    if progress is None or manifest is None:
        return progress or manifest
    return max(manifest, progress, key=lambda state: state.ends())


def sealing(
    store: StoreReader, place: Place, manifest: Manifest, kind: Kind, end: int
) -> Iterator[tuple[Segment, ...]]:
    """Write segments up to the end, each as soon as it is read; yields all there are after each.

    A last one that is not full is made again when there is more for it.
    """
    if last_of(manifest.segments(kind)) == end:
        return
    segments = manifest.full(kind)
    while (after := last_of(segments)) < end:
        until = min(after + manifest.segment_rows, end)
        rows = rows_in_store(store, kind, after + 1, until)
        content, entry = segment_of(kind, rows, chained_to(segments))
        put_sealed(place, entry.name, content)
        segments = (*segments, entry)
        yield segments


def put_sealed(place: Place, name: str, content: memoryview) -> None:
    """Write a segment; in a bucket never over another one. Raises `LedgerInUse`."""
    if not place.create(name, content):
        raise LedgerInUse(
            f"{place} has another {name} already, from another process or another version of this"
            " program: let one at a time write there. If its manifest does not name that file, it"
            " is left from a run that was killed, and may be removed."
        )


def check_same_ledger(store: StoreReader, place: Place, manifest: Manifest, ends: Ends) -> None:
    """Refuse a store that does not have what the archive's last segments have."""
    for kind, end in zip(KINDS, ends, strict=True):
        for segment in manifest.segments(kind)[-1:]:
            is_same = segment.last <= end
            if is_same:
                rows = rows_in_store(store, kind, segment.first, segment.last)
                documents = (row[-1] for row in numbered_rows(kind, rows))
                is_same = documents_sha256(documents) == segment.documents_sha256
            if not is_same:
                raise LedgerError(
                    f"The archive in {place} is of another ledger, or of a later state of this one "
                    f"(the store's {kind} {segment.first:,} to {segment.last:,} are others): name "
                    "another place, or restore the ledger from this archive."
                )


def check_complete(store: StoreReader, manifest: Manifest) -> None:
    """Refuse what would not give the store back: every call and every outcome has its event."""
    segments = [*manifest.events, *manifest.refusals]
    archived = (
        sum(segment.calls for segment in segments),
        sum(segment.outcomes for segment in segments),
    )
    if archived != counts_in_store(store, *manifest.ends()):
        raise LedgerError(
            "The store has calls or outcomes that belong to no event or refusal of it: restore it "
            "from its last backup."
        )


def remove_others(
    place: Place, before: Manifest | None, manifest: Manifest, keeps_before: bool
) -> None:
    """Remove what the manifest no longer names: its progress, and files of a shorter last segment.

    The manifest is whole by now, so it makes no difference when this is cut short. Where there is
    no lock another process may be writing files of its own; then only those are removed that nobody
    can come to need: what the manifest before named, and what has a longer one of the same begin.
    """
    known = set() if before is None else before.names()
    wanted = manifest.names() | (known if keeps_before else set())
    for name in place.names():
        is_ours = name.startswith((*KINDS, "quarantine")) and ".parquet" in name
        begin = name.rpartition("-")[0]
        is_shorter = any(longer > name for longer in wanted if longer.rpartition("-")[0] == begin)
        is_left = (is_ours and place.has_lock) or name in known or is_shorter
        if name == PROGRESS or name.endswith(ASIDE) or (is_left and name not in wanted):
            place.remove(name)
