"""Refusals by call, kept aside: stores and archives have them by their numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Final

from msgspec.json import encode

from ledger.replay.history import History
from ledger.replay.kept import refusal_kept
from ledger.replay.question import AskedCall, Bounds
from ledger.store.interface import CallName, Ends

SORTED_AT_ONCE: Final = 10_000

OfCall = list[tuple[int, bytes]]
"""Number and document of a call's refusals, in order."""


def sort_refusals(
    history: History, path: Path, ends: Ends, bounds: Bounds, only: AskedCall | None
) -> None:
    """Keep the refusals that are judged by the position of their call, none beyond the ends."""
    wanted = chosen(history, ends.refusal_number, bounds, only)
    with closing(sqlite3.connect(path)) as file:
        file.execute(
            "CREATE TABLE refusals"
            " (call INTEGER, source TEXT, call_id TEXT, number INTEGER, document BLOB)"
        )
        while some := list(islice(wanted, SORTED_AT_ONCE)):
            calls = history.calls_named(list(dict.fromkeys(name for name, _, _ in some)))
            begun = {name: call for name, call in calls.items() if call <= ends.position}
            file.executemany(
                "INSERT INTO refusals VALUES (?, ?, ?, ?, ?)",
                [(begun.get(name), *name, number, document) for name, number, document in some],
            )
        file.execute("CREATE INDEX by_call ON refusals (call, number)")
        file.commit()


def chosen(
    history: History, last: int, bounds: Bounds, only: AskedCall | None
) -> Iterator[tuple[CallName, int, bytes]]:
    """The refusals that are judged, with the name of their call."""
    source, call_id = only or (None, None)
    written = b"" if call_id is None else encode(call_id)
    for number, document in history.refusals():
        if number > last:
            return
        if written not in document:
            continue
        kept = refusal_kept(number, document)
        if (
            bounds.refused_since <= kept.recordedat < bounds.refused_until
            and call_id in (None, kept.subject)
            and source in (None, kept.source)
        ):
            yield (kept.source, kept.subject), number, document


class SortedRefusals:
    """Reads what was kept aside."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)

    def between(self, first_call: int, last_call: int) -> dict[int, OfCall]:
        """Those of the calls at these positions."""
        rows = self._file.execute(
            "SELECT call, number, document FROM refusals WHERE call >= ? AND call <= ?"
            " ORDER BY call, number",
            (first_call, last_call),
        )
        return by_call(rows)

    def without_events(self) -> Iterator[OfCall]:
        """Those of calls that have no events, the first refused first."""
        rows = self._file.execute(
            "SELECT source, call_id, number, document FROM refusals WHERE call IS NULL"
            " ORDER BY min(number) OVER (PARTITION BY source, call_id), number"
        )
        for _, some in groupby(rows, itemgetter(0, 1)):
            yield [(number, document) for _, _, number, document in some]

    def calls_outside(self, first: int, last: int) -> list[int]:
        """The calls that have any and did not begin between two positions."""
        rows = self._file.execute(
            "SELECT DISTINCT call FROM refusals WHERE call < ? OR call > ?", (first, last)
        )
        return [call for (call,) in rows]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def by_call(rows: Iterable[tuple[int, int, bytes]]) -> dict[int, OfCall]:
    """Number and document by call."""
    return {
        call: [(number, document) for _, number, document in some]
        for call, some in groupby(rows, itemgetter(0))
    }
