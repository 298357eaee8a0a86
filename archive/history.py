"""An archive as what a replay reads: calls out of sealed Parquet files, without a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from archive.feed import documents_of
from archive.folder import FolderPlace
from archive.manifest import KINDS, Kind, read_manifest
from archive.place import Place
from archive.segments import DOCUMENT, ROWS_OF_GROUP, content_of, table_in
from ledger.replay.history import Events, FirstEvent, OpenHistory, no_such_position
from ledger.replay.kept import recorded_event
from ledger.store.interface import CallName, Ends

EVENTS: Final = """
SELECT call_position, position, document, outcome_fingerprint
FROM read_parquet($files) WHERE {of_calls} AND position <= $last ORDER BY call_position, version
"""
BETWEEN: Final = EVENTS.format(of_calls="call_position BETWEEN $first_call AND $last_call")
TOUCHED: Final = """
SELECT DISTINCT call_position FROM read_parquet($files)
WHERE position BETWEEN $first AND $last AND call_position < $first ORDER BY call_position
"""
NAMED: Final = """
SELECT source, call_id, call_position
FROM read_parquet($files) JOIN (SELECT unnest($names, recursive := true)) USING (source, call_id)
WHERE position = call_position
"""
SOURCES: Final = """
SELECT DISTINCT source FROM read_parquet($files)
WHERE call_id = $call_id AND position = call_position ORDER BY source
"""
AT: Final = "SELECT document FROM read_parquet($files) WHERE position = $position"


class File(NamedTuple):
    """A segment's file on this machine, and the first and last position or number in it."""

    first: int
    last: int
    path: Path


class Files(NamedTuple):
    """All segments of an archive."""

    ends: Ends
    of_kind: dict[Kind, list[File]]


def open_archive(place: Place, scratch: Path) -> OpenHistory:
    """What opens the archive, once each of its files is what the manifest says.

    Files of a bucket, and those that the next archiving replaces, come into `scratch` first. Raises
    `LedgerError` where a file was changed, and as `read_manifest` does.
    """
    manifest = read_manifest(place)
    files: dict[Kind, list[File]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        sealed_for_good = manifest.full(kind)
        for segment in manifest.segments(kind):
            content = content_of(place, segment.name, segment.sha256)
            if isinstance(place, FolderPlace) and segment in sealed_for_good:
                path = place.path / segment.name
            else:
                path = scratch / segment.name
                path.write_bytes(content)
            files[kind].append(File(segment.first, segment.last, path))
    return partial(archive_history, Files(manifest.ends(), files))


@contextmanager
def archive_history(files: Files) -> Iterator[ArchiveHistory]:
    """The files, read by one thread."""
    with duckdb.connect(config={"threads": 1}) as connection:
        yield ArchiveHistory(files, connection)


class ArchiveHistory:
    """Reads the files of an archive on this machine."""

    part_events = read_events = ROWS_OF_GROUP
    """As many as are compressed together, and read together."""

    def __init__(self, files: Files, connection: duckdb.DuckDBPyConnection) -> None:
        self._files = files
        self._connection = connection

    def head(self) -> Ends:
        """How far the archive goes."""
        return self._files.ends

    def events_between(self, first_call: int, last_call: int, last: int) -> Events:
        """Events of calls next to each other."""
        return self._events(BETWEEN, first_call, last, first_call=first_call, last_call=last_call)

    def events_of(self, calls: Sequence[int], last: int) -> Events:
        """Events of some calls."""
        of_calls = f"call_position IN ({', '.join(map(str, calls))})"
        return self._events(EVENTS.format(of_calls=of_calls), min(calls), last)

    def _events(self, query: str, first: int, last: int, **parameters: int) -> Events:
        table = self._asked(
            query, self._holding(first, last), last=last, **parameters
        ).to_arrow_table()
        documents = documents_of(table) if len(table) else []
        calls, positions = table["call_position"].to_pylist(), table["position"].to_pylist()
        fingerprints = dict(zip(positions, table["outcome_fingerprint"].to_pylist(), strict=True))
        rows = list(zip(calls, positions, documents, strict=True))
        return Events(rows, partial(fingerprints_of, fingerprints))

    def calls_touched(self, first: int, last: int) -> list[int]:
        """Older calls that have events between two positions."""
        files = self._holding(first, last)
        return [call for (call,) in self._rows(TOUCHED, files, first=first, last=last)]

    def calls_named(self, names: Sequence[CallName]) -> dict[CallName, int]:
        """The calls of these names."""
        asked = [{"source": source, "call_id": call_id} for source, call_id in names]
        rows = self._rows(NAMED, self._files.of_kind["events"], names=asked) if asked else []
        return {(source, call_id): call for source, call_id, call in rows}

    def sources_of(self, call_id: str) -> list[str]:
        """The sources that have a call of this id."""
        rows = self._rows(SOURCES, self._files.of_kind["events"], call_id=call_id)
        return [source for (source,) in rows]

    def refusals(self) -> Iterator[tuple[int, bytes]]:
        """Every refusal."""
        for file in self._files.of_kind["refusals"]:
            content = file.path.read_bytes()
            table = table_in("refusals", content, ["refusal_number", DOCUMENT])
            yield from zip(table["refusal_number"].to_pylist(), documents_of(table), strict=True)

    def recorded_at(self, position: int) -> str:
        """When an event was recorded."""
        rows = self._rows(AT, self._holding(position, position), position=position)
        if not rows:
            raise no_such_position(position, self._files.ends.position)
        return recorded_event(position, rows[0][0])[1].recordedat

    def _holding(self, first: int, last: int) -> list[File]:
        """The files with positions between these."""
        files = self._files.of_kind["events"]
        return [file for file in files if file.first <= last and file.last >= first]

    def _rows(self, query: str, files: Sequence[File], **parameters: object) -> list[Any]:
        return self._asked(query, files, **parameters).fetchall() if files else []

    def _asked(
        self, query: str, files: Sequence[File], **parameters: object
    ) -> duckdb.DuckDBPyRelation:
        paths = [str(file.path) for file in files]
        return self._connection.sql(query, params={"files": paths, **parameters})


def fingerprints_of(
    kept: Mapping[int, int | None], wanted: Sequence[FirstEvent]
) -> Mapping[int, int | None]:
    """The fingerprints that the rows of the events have, by position."""
    return {position: kept.get(position) for position, _ in wanted}
