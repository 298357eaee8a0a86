"""What an archive consists of: files with their hashes, each entry chained to the one before."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Literal

import msgspec
import orjson

from archive.place import ArchiveUnavailable, Place, no_archive
from ledger.store.interface import Ends

MANIFEST: Final = "manifest.json"
PROGRESS: Final = "progress.json"
"""The manifest that is being made, so that who goes on knows what is sealed already."""

FORMAT: Final = 1
SEGMENT_ROWS: Final = 250_000
"""Events, or refusals, of a segment that is full."""

Kind = Literal["events", "refusals"]
KINDS: Final[tuple[Kind, ...]] = ("events", "refusals")
NOTHING_BEFORE: Final = "0" * 64


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of events or refusals next to each other."""

    name: str
    first: int
    """Its first position, or refusal number; the last one as well."""
    last: int
    calls: int
    """How many calls begin in it."""
    outcomes: int
    """How many commands' outcomes it holds."""
    size_bytes: int
    sha256: str
    """Of the file."""
    documents_sha256: str
    """Of the documents in order of position, each with a line feed after it."""
    previous_sha256: str
    """The hash of the entry before."""
    entry_sha256: str = ""
    """The hash of this entry: of its JSON without spaces and without this field."""

    @property
    def rows(self) -> int:
        return self.last - self.first + 1

    def hashed(self) -> str:
        """The hash that the entry should have."""
        entry = orjson.loads(msgspec.json.encode(self))
        del entry["entry_sha256"]
        return sha256(orjson.dumps(entry)).hexdigest()

    def sealed(self) -> Segment:
        """The entry with its hash."""
        return msgspec.structs.replace(self, entry_sha256=self.hashed())


class Quarantine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of what could not be read, as it stands; it changes, so it is in no chain."""

    name: str
    rows: int
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All files of an archive."""

    format: int = FORMAT
    segment_rows: int = SEGMENT_ROWS
    events: tuple[Segment, ...] = ()
    refusals: tuple[Segment, ...] = ()
    quarantine: Quarantine | None = None

    def segments(self, kind: Kind) -> tuple[Segment, ...]:
        """The files of one kind, in order."""
        return self.events if kind == "events" else self.refusals

    def ends(self) -> Ends:
        """The last position and the last refusal number."""
        return Ends(last_of(self.events), last_of(self.refusals))

    def full(self, kind: Kind) -> tuple[Segment, ...]:
        """The segments that never change: all but a last one that is not full."""
        return tuple(
            segment for segment in self.segments(kind) if segment.rows == self.segment_rows
        )

    def with_segments(self, kind: Kind, segments: tuple[Segment, ...]) -> Manifest:
        """The manifest with these files of one kind."""
        return msgspec.structs.replace(self, **{kind: segments})

    def names(self) -> set[str]:
        """The names of all its files."""
        named = {segment.name for kind in KINDS for segment in self.segments(kind)}
        return named | ({self.quarantine.name} if self.quarantine else set())

    def size_bytes(self) -> int:
        """How much all its files take."""
        sizes = [segment.size_bytes for kind in KINDS for segment in self.segments(kind)]
        return sum(sizes) + (self.quarantine.size_bytes if self.quarantine else 0)


def last_of(segments: tuple[Segment, ...]) -> int:
    """The last position or number of segments, 0 where there is none."""
    return segments[-1].last if segments else 0


def end_of(kind: Kind, ends: Ends) -> int:
    """The last number of this kind: a position, or the number of a refusal."""
    return ends.position if kind == "events" else ends.refusal_number


def chained_to(segments: tuple[Segment, ...]) -> str:
    """What the next entry has as the hash of the one before."""
    return segments[-1].entry_sha256 if segments else NOTHING_BEFORE


def segment_name(kind: Kind, first: int, last: int) -> str:
    """The name of a segment's file: names sort as positions do."""
    return f"{kind}-{first:012}-{last:012}.parquet"


def read_manifest(place: Place) -> Manifest:
    """The manifest of an archive. Raises `LedgerMissing` when there is none."""
    manifest = manifest_in(place, MANIFEST)
    if manifest is None:
        raise no_archive(place)
    return manifest


def manifest_in(place: Place, name: str) -> Manifest | None:
    """The manifest in a file; nothing when there is no such file. Raises `ArchiveUnavailable`."""
    content = place.read(name)
    return None if content is None else decoded(place, name, content)


def decoded(place: Place, name: str, content: bytes) -> Manifest:
    """The manifest that a file has. Raises `ArchiveUnavailable`."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ArchiveUnavailable(
            f"{name} in {place} cannot be read ({error}): bring it back from a copy."
        ) from None
    if manifest.format != FORMAT:
        raise ArchiveUnavailable(
            f"The archive in {place} has format {manifest.format} and this version of Call Ledger "
            f"reads {FORMAT}: use the version that wrote it."
        )
    return manifest


def write_manifest(place: Place, name: str, manifest: Manifest) -> None:
    """Write the manifest, as text that people can read."""
    place.write(name, encoded(manifest))


def encoded(manifest: Manifest) -> memoryview:
    """The manifest as text."""
    return memoryview(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
