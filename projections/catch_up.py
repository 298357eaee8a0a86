"""From the feed into the file: in large batches while far behind, in one small step otherwise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Final

from ledger.feed import Feed
from ledger.prefetch import prefetch
from projections.batches import Positions
from projections.blocks import columns_of
from projections.building import refresh
from projections.database import Projections
from projections.taking_readable import take_readable
from projections.unreadable import NO_ROWS

LARGE_BATCH: Final = 125_000
"""Events put into the table by one statement while far behind: it is planned seldom, and the next
ones are read meanwhile without taking much memory."""

BATCHES_AT_ONCE: Final = 2
"""Batches in one transaction while far behind: DuckDB writes so many rows straight to their
place in the file, and fewer ones first to its log."""

SMALL_STEP: Final = 20_000
"""Up to this many events the models are brought up in the same transaction as the events."""

Progress = Callable[[int, int], None]
"""Told how many events are done, of how many."""


def catch_up(
    projections: Projections,
    feed: Feed,
    progress: Progress | None = None,
    sets_aside_unreadable: bool = False,
) -> Positions:
    """Bring the file up to where the feed is now; returns how far it is then.

    Raises `Gap` where the feed skips positions, and `UnreadableEvent` at the first event that is
    none, unless such are to become dead letters. A process that dies meanwhile loses nothing: each
    transaction carries its position, and the next catch-up goes on from there.
    """
    while True:
        try:
            return followed(projections, feed, progress)
        except NO_ROWS:
            if not take_readable(projections, feed, sets_aside_unreadable):
                raise


def followed(projections: Projections, feed: Feed, progress: Progress | None) -> Positions:
    """As `catch_up` where every event is readable; otherwise DuckDB's error is raised."""
    head, positions = feed.head(), projections.positions
    behind = head.position - positions.position
    if behind <= SMALL_STEP:
        blocks = feed.blocks(positions.position) if behind else ()
        events = next(columns_of(blocks, SMALL_STEP), None)
        refused = head.refusal_number > positions.refusal_number
        refusals = (
            next(iter(feed.refusals(positions.refusal_number, SMALL_STEP)), None)
            if refused
            else None
        )
        if events is not None or refusals is not None or not is_projected(positions):
            projections.add(events, refusals)
    batches = prefetch(columns_of(feed.blocks(projections.positions.position), LARGE_BATCH))
    while (positions := projections.positions).position < head.position:
        if not projections.append_events(islice(batches, BATCHES_AT_ONCE)):
            break
        if progress is not None:
            progress(min(projections.positions.position, head.position), head.position)
    if positions.refusal_number < head.refusal_number:
        for refusal_batch in prefetch(feed.refusals(positions.refusal_number, LARGE_BATCH)):
            projections.append_refusals(refusal_batch)
    if not is_projected(projections.positions):
        refresh(projections)
    return projections.positions


def is_projected(positions: Positions) -> bool:
    """Whether the models show all that the file has taken in."""
    taken_in = (positions.position, positions.refusal_number)
    return taken_in == (positions.projected_position, positions.projected_refusal_number)
