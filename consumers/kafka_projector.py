"""From Kafka into the read side: rows, offsets and what is withheld, in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from consumers.in_order import Message
from consumers.kafka_feed import KafkaFeed, Page
from consumers.unreadable import why_no_event
from infra.kafka import Kafka
from projections import arrivals
from projections.arrivals import Withheld
from projections.batches import Positions
from projections.catching_up import SMALL_STEP
from projections.database import Projections
from projections.owner import Owner, owning

ORIGINAL_BYTES: Final = 1_000_000

OnPositions = Callable[[Positions], None]


@dataclass(frozen=True, slots=True)
class EventRows:
    """Events for the table; their positions may have holes where one is withheld."""

    positions: Sequence[int]
    call_positions: Sequence[int]
    documents: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class RefusalRows:
    """Refusals for the table."""

    numbers: Sequence[int]
    documents: Sequence[bytes]


class Tried(Exception):  # noqa: N818 - it reads as the state it reports
    """Undoes what was only tried."""


def project(
    folder: Path,
    kafka: Kafka,
    stopping: threading.Event,
    until_end: bool = False,
    on_positions: OnPositions | None = None,
) -> Positions:
    """Keep the folder's tables up to Kafka, and answer whoever asks, until told to stop.

    With `until_end` it ends when everything that is in Kafka was read. Raises `Busy` when another
    process has the file, `Gap` when Kafka lacks a position, and `KafkaUnavailable`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with owning(folder) as owner:
        with owner.writing() as projections:
            read_again(projections)
            positions = projections.positions
            where = arrivals.offsets(projections.connection)
        feed = KafkaFeed(kafka, where, positions.position, positions.refusal_number)
        try:
            while not stopping.is_set():
                page = feed.read()
                positions = take_in(owner, page)
                if on_positions is not None:
                    on_positions(positions)
                if until_end and not (page.events or page.refusals) and feed.at_end():
                    break
        finally:
            feed.close()
        with owner.writing() as projections:
            if is_behind(projections.positions):
                projections.refresh()
            return projections.positions


def take_in(owner: Owner, page: Page) -> Positions:
    """One transaction: the page's rows, its holes, and the offsets after it."""
    with owner.writing() as projections:
        if page.events or page.refusals or page.besides:
            good = [one for one in page.events if not one.is_poison]
            try:
                write_all(projections, page, good)
            except duckdb.Error:
                readable = those_readable(projections, good)
                if len(readable) == len(good):
                    raise
                write_all(projections, page, readable)
        if not page.is_full and is_behind(projections.positions):
            projections.refresh()
        return projections.positions


def write_all(projections: Projections, page: Page, good: Sequence[Message]) -> None:
    """Put the page into the tables, and where it is small bring the models up with it."""
    with projections.transaction():
        write(projections, page, good)
        positions = projections.positions
        if positions.position - positions.projected_position < SMALL_STEP:
            projections.refresh_touched()


def write(projections: Projections, page: Page, good: Sequence[Message]) -> None:
    """Put the page into the tables, in the caller's transaction."""
    connection = projections.connection
    if good:
        projections.insert_events(event_rows(good))
    kept = {one.number for one in good} if len(good) < len(page.events) else set()
    if len(good) < len(page.events):
        holes = (one for one in page.events if one.number not in kept)
        arrivals.withhold(connection, (withheld(one, is_hole=True) for one in holes))
    if page.events:
        projections.note_position(page.events[-1].number)
    good_refusals = [one for one in page.refusals if not one.is_poison]
    if good_refusals:
        projections.insert_refusals(
            RefusalRows(
                [one.number for one in good_refusals], [one.document for one in good_refusals]
            )
        )
    if page.refusals:
        projections.note_refusal_number(page.refusals[-1].number)
        poison = (one for one in page.refusals if one.is_poison)
        arrivals.withhold(connection, (withheld(one, is_hole=False) for one in poison))
    for one in page.besides:
        take_besides(projections, one)
    arrivals.note_offsets(connection, page.offsets)


def take_besides(projections: Projections, message: Message) -> None:
    """A message without a place, or one whose place was taken: it may fill a hole."""
    connection = projections.connection
    if message.is_poison:
        arrivals.withhold(connection, [withheld(message, is_hole=False)])
    elif arrivals.is_missing(connection, message.number):
        projections.insert_events(event_rows([message]))
        arrivals.healed(connection, message.number)


def those_readable(projections: Projections, events: Sequence[Message]) -> list[Message]:
    """Those that DuckDB can read as rows; the few that it cannot are found by halving."""
    if not events:
        return []
    try:
        with projections.transaction():
            projections.insert_events(event_rows(events))
            raise Tried
    except Tried:
        return list(events)
    except duckdb.Error:
        middle = len(events) // 2
        if not middle:
            return []
        return [
            *those_readable(projections, events[:middle]),
            *those_readable(projections, events[middle:]),
        ]


def withheld(message: Message, is_hole: bool) -> Withheld:
    """The message as it is kept; only one that leaves a hole makes its call incomplete.

    One without a place may be the event that is missing somewhere: its key says of which call.
    """
    key = message.key.decode("utf-8", "replace") if message.key is not None else None
    return Withheld(
        message.topic,
        message.partition,
        message.offset,
        message.number if is_hole else None,
        message.call_position if is_hole else None,
        key if is_hole or message.number == 0 else None,
        message.reason or "DuckDB cannot read it as a row of the table.",
        message.is_as_published,
        message.document[:ORIGINAL_BYTES],
    )


def read_again(projections: Projections) -> int:
    """Try everything that is withheld once more, after a fix; returns how many could be read."""
    read = 0
    for position, call_position, original in arrivals.to_be_read_again(projections.connection):
        if why_no_event(original):
            continue
        try:
            with projections.transaction():
                projections.insert_events(EventRows([position], [call_position], [original]))
                arrivals.healed(projections.connection, position)
                projections.refresh_touched()
        except duckdb.Error:
            continue
        read += 1
    return read


def event_rows(messages: Sequence[Message]) -> EventRows:
    """The messages by column."""
    return EventRows(
        [one.number for one in messages],
        [one.call_position for one in messages],
        [one.document for one in messages],
    )


def is_behind(positions: Positions) -> bool:
    """Whether the models do not show yet what was taken in."""
    return (positions.projected_position, positions.projected_refusal_number) != (
        positions.position,
        positions.refusal_number,
    )
