"""What a store has of one segment, in the form in which a store takes it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from archive.manifest import Kind
from infra.errors import LedgerError
from ledger.feed import check_next
from ledger.store.interface import NewRows, StoredOutcome, StoreReader

READ_AT_ONCE: Final = 10_000
LOOKED_UP_AT_ONCE: Final = 500
"""Command ids or calls in one look-up: SQLite bounds the parameters of a statement."""

CALLS: Final = "SELECT source, call_id, call FROM calls WHERE (source, call_id) IN (VALUES {})"
OUTCOMES: Final = "SELECT * FROM outcomes WHERE command_id IN ({})"
OUTCOMES_OF_REFUSALS: Final = (
    "SELECT * FROM outcomes WHERE refusal_number >= ? AND refusal_number <= ?"
)
COUNTS: Final = (
    "SELECT (SELECT count(*) FROM calls WHERE call <= ?),"
    " (SELECT count(*) FROM outcomes WHERE first_position <= ? OR refusal_number <= ?)"
)

One = TypeVar("One")


class Envelope(msgspec.Struct, gc=False):
    """What a document says of its command and its call."""

    commandid: UUID
    source: str
    subject: str


ENVELOPE: Final = msgspec.json.Decoder(Envelope)


def rows_in_store(store: StoreReader, kind: Kind, first: int, last: int) -> NewRows:
    """The rows of a segment. Raises `FeedBroken` where numbers are missing, and `LedgerError`."""
    of_kind = events_in_store if kind == "events" else refusals_in_store
    return of_kind(store, first, last)


def events_in_store(store: StoreReader, first: int, last: int) -> NewRows:
    """Events by position, the calls that begin with them, and the outcomes that name them."""
    events = rows_between(
        store, "SELECT position, call, version, document FROM events", "position", first, last
    )
    ids: set[bytes] = set()
    names: list[tuple[str, str]] = []
    for position, call, _, document in events:
        envelope = envelope_in(position, document)
        ids.add(envelope.commandid.bytes)
        if position == call:
            names.append((envelope.source, envelope.subject))
    calls = [(source, call_id, call) for source, call_id, call in looked_up(store, CALLS, names)]
    stored = [
        StoredOutcome(*row)
        for row in looked_up(store, OUTCOMES, [(command_id,) for command_id in ids])
    ]
    outcomes = [outcome for outcome in stored if first <= (outcome.first_position or 0) <= last]
    return NewRows(
        sorted((call for call in calls if first <= call[2] <= last), key=lambda call: call[2]),
        events,
        outcomes=sorted(outcomes, key=lambda outcome: outcome[1] or 0),
    )


def refusals_in_store(store: StoreReader, first: int, last: int) -> NewRows:
    """Refusals by number, and the outcomes that name them."""
    refusals = rows_between(store, "SELECT number, document FROM refusals", "number", first, last)
    stored = [StoredOutcome(*row) for row in store.rows(OUTCOMES_OF_REFUSALS, first, last)]
    return NewRows(refusals=refusals, outcomes=sorted(stored, key=lambda outcome: outcome[3] or 0))


def rows_between(
    store: StoreReader, query: str, number: str, first: int, last: int
) -> list[tuple[Any, ...]]:
    """All rows between two numbers, read in parts, with their documents as bytes."""
    rows: list[tuple[Any, ...]] = []
    for after in range(first - 1, last, READ_AT_ONCE):
        until = min(after + READ_AT_ONCE, last)
        part = store.rows(
            f"{query} WHERE {number} > ? AND {number} <= ? ORDER BY {number}", after, until
        )
        check_next(number, after, [*(row[0] for row in part), until + 1])
        rows += ((*row[:-1], bytes_of(row[-1])) for row in part)
    return rows


def bytes_of(document: bytes | memoryview | str) -> bytes:
    """A document as bytes, also where somebody else has put text into its place."""
    return document.encode() if isinstance(document, str) else bytes(document)


def envelope_in(position: int, document: bytes) -> Envelope:
    """What an event's document says. Raises `LedgerError` where it is none."""
    try:
        return ENVELOPE.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise LedgerError(
            f"The document at position {position} cannot be read ({error}): "
            "restore the event store from its last backup."
        ) from None


def looked_up(store: StoreReader, query: str, keys: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """The rows that have one of these keys."""
    left = iter(keys)
    while some := list(islice(left, LOOKED_UP_AT_ONCE)):
        mark = "?" if len(some[0]) == 1 else f"({','.join('?' * len(some[0]))})"
        yield from store.rows(
            query.format(",".join([mark] * len(some))), *chain.from_iterable(some)
        )


def counts_in_store(store: StoreReader, position: int, number: int) -> tuple[int, int]:
    """How many calls began and how many commands came to something, up to these ends."""
    ((calls, outcomes),) = store.rows(COUNTS, position, position, number)
    return calls, outcomes
