"""A small ledger and its archive, for the tests of the archive."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from archive.creation import create
from archive.folder import FolderPlace
from archive.manifest import Manifest
from archive.place import Place
from archive.verification import Finding, verify
from infra.folder import LedgerFolder
from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.store.opening import store_to_read
from tests.ledger.lines import lines_of_calls

SEGMENT_ROWS = 8
"""So that a few calls fill several segments and the last one is not full."""


def recorded(folder: Path, calls: int = 4, quarantined: bool = True) -> list[bytes]:
    """A ledger with events, refusals, a reused id and quarantine; returns its lines."""
    lines = lines_of_calls(calls)
    with Ledger.open(folder) as ledger:
        ledger.record_many([read_request(line) for line in lines])
        ledger.record(*read_request(lines[0].replace(b"sales", b"help")))
        if quarantined:
            ledger.quarantine.add("calls.jsonl:1", b"\xff\0", "It is cut.")
            ledger.quarantine.add("calls.jsonl:2", b"", "It is empty.")
            ledger.quarantine.discard(2, "auditor", "it was noise")
    return lines


def archived(folder: LedgerFolder | Path, place: Place) -> Manifest:
    with closing(store_to_read(LedgerFolder.of(folder))) as store:
        return create(store, place, lambda _done, _total: None, SEGMENT_ROWS)


def findings(place: Place, folder: LedgerFolder | Path | None = None) -> list[Finding]:
    if folder is None:
        return list(verify(place, None, lambda _done, _total: None))
    with closing(store_to_read(LedgerFolder.of(folder))) as store:
        return list(verify(place, store, lambda _done, _total: None))


def files_of(place: FolderPlace) -> dict[str, bytes]:
    """Every file of an archive but the lock."""
    names = [name for name in place.names() if name != "archive.lock"]
    return {name: (place.path / name).read_bytes() for name in names}
