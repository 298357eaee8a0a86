"""Whether calls are of this ledger, or of another of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from ledger.feed import StoreFeed
from ledger.outcomes import Misdirected

if TYPE_CHECKING:
    from infra.ledgers import Member

CALLS_TOLD: Final = 1_000
"""After so many calls it is said how far a check is."""


def misdirected(member: Member, source: str, call_id: str) -> Misdirected | None:
    """What is told of a call that belongs to another ledger; nothing where it is ours."""
    home = member.home_of(source, call_id)
    if home == member.name:
        return None
    return Misdirected(home, member.sentence_for(source, call_id))


class CallsElsewhere(NamedTuple):
    """Recorded calls that belong to another ledger by the rule of now."""

    home: str | None
    calls: int
    source: str
    """Of one of them."""
    call_id: str


def calls_elsewhere(
    feed: StoreFeed, member: Member, on_read: Callable[[int], None] = lambda _: None
) -> list[CallsElsewhere]:
    """The recorded calls of a ledger that do not belong to it, counted by where they belong.

    `on_read` is told of so many more calls that were looked at.
    """
    found: dict[str | None, CallsElsewhere] = {}
    for number, (source, call_id) in enumerate(feed.calls(), 1):
        if number % CALLS_TOLD == 0:
            on_read(CALLS_TOLD)
        home = member.home_of(source, call_id)
        if home != member.name:
            before = found.get(home, CallsElsewhere(home, 0, source, call_id))
            found[home] = before._replace(calls=before.calls + 1)
    return [*found.values()]


def name_in_last(feed: StoreFeed) -> str | None:
    """The ledger that the last event says it was recorded in; none where it says none."""
    last = next(iter(feed.batches(feed.head().position - 1, 1)), None)
    return None if last is None else orjson.loads(last.documents[-1]).get("ledger")
