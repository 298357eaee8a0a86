"""Which ledger something is of: the same ledger has the same event at a position.

A ledger is known by its first event, whose command and moment of recording no other has. So a
copy that was restored or migrated is the same ledger, and nothing but events has to be kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import orjson

from ledger.feed import Feed

FIRST_EVENT: Final = "first_event"
"""Under this name a checkpoint in Kafka has the fingerprint of the ledger's first event."""


def fingerprint_from(command_id: object, recorded_at: datetime) -> int:
    """The fingerprint of an event: a number that no other has, exact in any reader of JSON."""
    text = f"{command_id} {recorded_at.replace(tzinfo=UTC).isoformat()}"
    return int.from_bytes(sha256(text.encode()).digest()[:6])


def fingerprint_of(document: bytes) -> int:
    """The fingerprint of an event's document."""
    fields = orjson.loads(document)
    return fingerprint_from(fields["commandid"], datetime.fromisoformat(fields["recordedat"]))


def fingerprint_at(feed: Feed, position: int) -> int | None:
    """The fingerprint of the event that a feed has at a position; nothing when it has none."""
    batch = next(iter(feed.batches(position - 1, 1)), None)
    return None if batch is None else fingerprint_of(batch.documents[0])


def first_fingerprint_in(feed: Feed) -> int | None:
    """The fingerprint of a feed's first event; nothing where there is none that can be read."""
    try:
        return fingerprint_at(feed, 1)
    except (KeyError, TypeError, ValueError):
        return None
