"""Messages that cannot be read: kept with the reason and tried again, so that the others go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from consumers.kafka.feed import Page
from consumers.kafka.resequencer import Message
from infra.logs import LOGGER, Happening
from ledger.feed import EventBatch, RefusalBatch
from projections import dead_letters
from projections.database import Projections
from projections.dead_letters import DeadLetter
from projections.unreadable import NO_ROW, ORIGINAL_BYTES, unreadable

Insert = Callable[[Projections, Sequence[Message]], None]


def insert_events(projections: Projections, messages: Sequence[Message]) -> None:
    """Put events into the table. Raises `duckdb.Error` when one is no row of it."""
    projections.insert_events(
        EventBatch(
            [message.number for message in messages],
            [message.call_position for message in messages],
            [message.document for message in messages],
        )
    )


def insert_refusals(projections: Projections, messages: Sequence[Message]) -> None:
    """Put refusals into the table. Raises `duckdb.Error` when one is no row of it."""
    projections.insert_refusals(
        RefusalBatch(
            [message.number for message in messages], [message.document for message in messages]
        )
    )


def parted(messages: Sequence[Message]) -> tuple[Sequence[Message], list[Message]]:
    """Those that can be read, and those that cannot."""
    bad = [message for message in messages if message.is_poison]
    return ([message for message in messages if not message.is_poison] if bad else messages), bad


def keep_dead_letters(
    projections: Projections, messages: Sequence[Message], are_holes: bool
) -> None:
    """Keep messages that cannot be read, in the caller's transaction."""
    dead_letters.keep(
        projections.connection, (dead_letter_of(message, are_holes) for message in messages)
    )


def dead_letter_of(message: Message, is_hole: bool) -> DeadLetter:
    """The message as it is kept; only one that leaves a hole makes its call incomplete.

    One without a place may be the event that is missing somewhere: its key says of which call.
    """
    key = message.key.decode("utf-8", "replace") if message.key is not None else None
    return DeadLetter(
        message.topic,
        message.partition,
        message.offset,
        message.number if is_hole else None,
        message.call_position if is_hole else None,
        key if is_hole or message.number == 0 else None,
        message.reason,
        message.is_as_published,
        message.document[:ORIGINAL_BYTES],
    )


def log_dead_letters(pages: Sequence[Page]) -> None:
    """One line in the log for new dead letters, with the place of the first."""
    everything = (message for page in pages for part in page[:3] for message in part)
    bad = [message for message in everything if message.is_poison]
    if bad:
        first = bad[0]
        place = {"position": first.number, "partition": first.partition, "offset": first.offset}
        logging.getLogger(LOGGER).warning(
            Happening.DEAD_LETTERS, extra={"unreadable": len(bad), **place}
        )


def without_unreadable(projections: Projections, page: Page) -> Page:
    """The page, where what DuckDB cannot read counts as poison too."""
    return page._replace(
        events=marked(projections, page.events, insert_events),
        refusals=marked(projections, page.refusals, insert_refusals),
        out_of_turn=marked(projections, page.out_of_turn, insert_events),
    )


def marked(projections: Projections, messages: Sequence[Message], insert: Insert) -> list[Message]:
    """The messages, where those that cannot be inserted are poison."""
    good, _ = parted(messages)
    bad = set(map(id, unreadable(projections, good, insert)))
    return [
        message._replace(is_poison=True, reason=NO_ROW) if id(message) in bad else message
        for message in messages
    ]
