"""A store made of an archive alone, and compared with it; nobody uses it before it is whole.

In a folder it is made aside and then renamed; in PostgreSQL it is marked as being filled. Killed,
it goes on where it was when it is run again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

from archive.creation import OnProgress
from archive.folder import renamed
from archive.manifest import KINDS, Kind, Manifest, Segment, end_of, read_manifest
from archive.place import Place
from archive.quarantine import quarantined_in
from archive.segments import Unreadable, content_of, damaged, numbered_rows, rows_in_file
from archive.verification import verify
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from infra.postgresql import Postgresql
from ledger.store.interface import EventStore, NewRows, Quarantined, StoreReader
from ledger.store.opening import check_not_lost
from ledger.store.postgresql import PostgresqlEventStore
from ledger.store.sqlite import SqliteEventStore

ROWS_AT_ONCE = 20_000
"""Events in one transaction: so much is done again at most after a kill."""

QUARANTINED_AT_ONCE = 500


def restore(place: Place, folder: LedgerFolder, on_progress: OnProgress) -> Manifest:
    """Make the folder's store of what the archive has: SQLite, or where it names PostgreSQL, there.

    Raises `LedgerError` when there is a store already, or the archive is not what its manifest
    says; and as `read_manifest` and opening the store do.
    """
    if folder.postgresql is not None:
        return restore_to_server(place, folder.postgresql, on_progress)
    manifest = read_manifest(place)
    if folder.has_store:
        raise LedgerError(f"There is a ledger in {folder} already: restore into another folder.")
    check_not_lost(folder)
    aside = folder.path / "restoring.sqlite"
    with folder.writing("archive restore"):
        with closing(SqliteEventStore.open(aside)) as store:
            fill(store, place, manifest, on_progress)
            if manifest.quarantine is not None:
                with store.connection:
                    store.connection.executemany(
                        "INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        quarantined(place, manifest),
                    )
            compare(store, place)
            store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        renamed(aside, folder.sqlite_file)
    return manifest


def restore_to_server(place: Place, server: Postgresql, on_progress: OnProgress) -> Manifest:
    """Make a store in PostgreSQL, which nobody uses before it is whole; raises as `restore`."""
    manifest = read_manifest(place)
    with closing(PostgresqlEventStore.open_to_fill(server, f"the archive in {place}")) as store:
        fill(store, place, manifest, on_progress)

        def after(last: int) -> list[Quarantined]:
            rows = quarantined(place, manifest)
            return list(islice((row for row in rows if row.number > last), QUARANTINED_AT_ONCE))

        while store.keep_quarantined(after):
            pass
        compare(store, place)
        store.end_filling()
    return manifest


def fill(store: EventStore, place: Place, manifest: Manifest, on_progress: OnProgress) -> None:
    """Append the events and refusals that the store does not have yet."""
    for kind in KINDS:
        for segment in manifest.segments(kind):
            if segment.last > end_of(kind, store.ends()):
                append(store, kind, rows_of(place, kind, segment))
            on_progress(store.ends().position, manifest.ends().position)


def quarantined(place: Place, manifest: Manifest) -> Iterator[Quarantined]:
    """What the archive's quarantine has, in order."""
    if manifest.quarantine is not None:
        entry = manifest.quarantine
        yield from quarantined_in(content_of(place, entry.name, entry.sha256))


def compare(store: StoreReader, place: Place) -> None:
    """Refuse a store that is not what the archive has."""
    for finding in verify(place, store, lambda _done, _total: None):
        raise damaged(place, f"{finding.file}: {finding.what}")


def append(store: EventStore, kind: Kind, rows: NewRows) -> None:
    """Append a segment's rows, a part in each transaction."""
    own = numbered_rows(kind, rows)
    for begin in range(0, len(own), ROWS_AT_ONCE):
        first, last = own[begin][0], own[min(begin + ROWS_AT_ONCE, len(own)) - 1][0]
        with store.turn() as turn:
            end = end_of(kind, turn.ends)
            if last <= end:
                continue
            turn.append(part_of(kind, rows, max(first, end + 1), last))


def part_of(kind: Kind, rows: NewRows, first: int, last: int) -> NewRows:
    """The rows from one position, or number of a refusal, to another one."""
    calls = [call for call in rows.calls if first <= call[2] <= last]
    if kind == "events":
        events = [event for event in rows.events if first <= event[0] <= last]
        outcomes = [outcome for outcome in rows.outcomes if first <= (outcome[1] or 0) <= last]
        return NewRows(calls, events, [], outcomes)
    refusals = [refusal for refusal in rows.refusals if first <= refusal[0] <= last]
    outcomes = [outcome for outcome in rows.outcomes if first <= (outcome[3] or 0) <= last]
    return NewRows(calls, [], refusals, outcomes)


def rows_of(place: Place, kind: Kind, segment: Segment) -> NewRows:
    """A segment's rows, if its file is the one that was sealed."""
    try:
        return rows_in_file(kind, content_of(place, segment.name, segment.sha256))
    except Unreadable as error:
        raise damaged(place, f"{segment.name}: {error}") from None
