"""From Kafka into the read side: rows, offsets and dead letters, in one transaction.

One thread reads and checks the next pages while another writes those before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Final

import duckdb

from consumers.kafka.checkpoints import last_checkpoint
from consumers.kafka.dead_letters import (
    insert_events,
    insert_refusals,
    keep_dead_letters,
    log_dead_letters,
    parted,
    without_unreadable,
)
from consumers.kafka.feed import BOUNDS, Bounds, KafkaFeed, Page
from consumers.kafka.resequencer import Message
from consumers.snapshots import SnapshotSchedule
from infra.kafka import Kafka
from infra.topics import EVENTS_POSITIONS
from ledger.identity import FIRST_EVENT
from ledger.prefetch import prefetch
from projections import dead_letters
from projections.batches import Positions
from projections.building import refresh
from projections.catch_up import SMALL_STEP, is_projected
from projections.database import MEMORY_MEGABYTES, Projections
from projections.identity import first_fingerprint, other_ledger
from projections.late_events import read_again
from projections.serving.owner import Owner
from projections.serving.server import owning

PAGES_AT_ONCE: Final = 4
"""Pages in one transaction while far behind, so that DuckDB writes rows straight to their place."""

PAGES_AHEAD: Final = 2
"""Pages that are read while others are written: a commit takes as long as one or two of them."""

GATHER_SECONDS: Final = 0.25
"""Half as long as the last page took, and at most so long, the next events gather before the models
are brought up to them: that takes about as long for one event as for hundreds, and the processor
that it takes is everybody's."""

OnPositions = Callable[[Positions, float], None]
"""Told how far the tables are, and how many seconds the page took."""

OnTaken = Callable[[Iterable[bytes], float], None]
"""Told which documents are in the tables now, and how many seconds that took."""


def project(
    folder: Path,
    kafka: Kafka,
    stopping: threading.Event,
    until_end: bool = False,
    on_positions: OnPositions | None = None,
    memory_megabytes: int = MEMORY_MEGABYTES,
    bounds: Bounds = BOUNDS,
    pages_at_once: int = PAGES_AT_ONCE,
    snapshots: SnapshotSchedule | None = None,
    on_taken: OnTaken | None = None,
) -> Positions:
    """Keep the folder's tables up to Kafka, and answer whoever asks, until told to stop.

    With `until_end` it ends when everything that is in Kafka was read, and a snapshot file is made
    then; otherwise it is made as often as its schedule says. Raises `Busy` when another
    process has the file, `Gap` when Kafka lacks a position, `TopicMadeAgain` when Kafka has other
    topics than those that were read, `KafkaUnavailable`, and at the end `NoSnapshot`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with owning(folder, memory_megabytes=memory_megabytes) as owner:
        with owner.writing() as projections:
            check_tables_are_in(kafka, projections)
            read_again(projections)
            positions = projections.positions
            where = dead_letters.offsets(projections.connection)
            ids = dead_letters.topic_ids(projections.connection)
        with (
            scheduled(snapshots, owner, until_end),
            closing(KafkaFeed(kafka, where, *positions[:2], ids, bounds)) as feed,
            closing(
                prefetch(pages_of(feed, until_end), lambda page: page.is_full, PAGES_AHEAD)
            ) as pages,
        ):
            with owner.writing() as projections:
                dead_letters.note_topics(projections.connection, feed.topics.ids)
            while not stopping.is_set() and (page := next(pages, None)) is not None:
                began = time.monotonic()
                taken: list[Page] = []
                following = remembered(chain([page], pages), taken, stopping, pages_at_once)
                positions = take_in(owner, following, taken)
                seconds = time.monotonic() - began
                if on_positions is not None:
                    on_positions(positions, seconds)
                if on_taken is not None:
                    on_taken(documents_in(taken), seconds)
                if not (page.is_full or tidied(owner) or until_end):
                    stopping.wait(min((time.monotonic() - began) / 2, GATHER_SECONDS))
        with owner.writing() as projections:
            if not is_projected(projections.positions):
                refresh(projections)
            positions = projections.positions
        if snapshots is not None and until_end and not stopping.is_set():
            snapshots.make(owner, stopping)
        return positions


def scheduled(
    snapshots: SnapshotSchedule | None, owner: Owner, until_end: bool
) -> AbstractContextManager[None]:
    """Make snapshot files beside the work, where there is a schedule and no end to wait for."""
    if snapshots is None or until_end:
        return nullcontext()
    return snapshots.running(owner)


def tidied(owner: Owner) -> bool:
    """Use the pause between two pages to put DuckDB's log in its place; whether there was much."""
    with owner.writing() as projections:
        return projections.tidy()


def check_tables_are_in(kafka: Kafka, projections: Projections) -> None:
    """Refuse tables of another ledger than what was published. Raises `OtherLedger`."""
    published = (last_checkpoint(kafka, EVENTS_POSITIONS) or {}).get(FIRST_EVENT)
    shown = first_fingerprint(projections.connection)
    if None not in (published, shown) and published != shown:
        raise other_ledger(projections.path, "Kafka has another first event")


def pages_of(feed: KafkaFeed, until_end: bool) -> Iterator[Page]:
    """What comes, page by page, for ever or until everything that is in Kafka was read."""
    while True:
        page = feed.read()
        yield page
        if until_end and not (page.events or page.refusals) and feed.at_end():
            return


def documents_in(pages: Iterable[Page]) -> Iterator[bytes]:
    """The documents of pages that could be read."""
    for page in pages:
        for message in (*page.events, *page.refusals):
            if not message.is_poison:
                yield message.document


def take_in(owner: Owner, pages: Iterable[Page], taken: list[Page]) -> Positions:
    """Write what is there at once; when there is no more for now, bring up the models.

    The pages are in `taken` afterwards, which whoever gives them fills while they are read.
    """
    with owner.writing() as projections:
        try:
            write(projections, pages)
        except duckdb.Error:
            readable = [without_unreadable(projections, page) for page in taken]
            if readable == taken:
                raise
            taken[:] = readable
            write(projections, taken)
        if not taken[-1].is_full and not is_projected(projections.positions):
            refresh(projections)
        positions = projections.positions
    log_dead_letters(taken)
    return positions


def remembered(
    pages: Iterator[Page], taken: list[Page], stopping: threading.Event, pages_at_once: int
) -> Iterator[Page]:
    """So many pages as one transaction takes, while there is more at once and nobody stops."""
    for page in islice(pages, pages_at_once):
        taken.append(page)
        yield page
        if not page.is_full or stopping.is_set():
            return


def write(projections: Projections, pages: Iterable[Page]) -> None:
    """Put pages into the tables, all or none, and where they are few bring the models up too."""
    with projections.transaction():
        last: Page | None = None
        for page in pages:
            if page.events or page.refusals or page.out_of_turn:
                write_page(projections, page)
                last = page
        if last is None:
            return
        dead_letters.note_offsets(projections.connection, last.offsets)
        positions = projections.positions
        if positions.position - positions.projected_position < SMALL_STEP:
            projections.refresh_touched()


def write_page(projections: Projections, page: Page) -> None:
    """Put one page into the tables, in the caller's transaction."""
    good, bad = parted(page.events)
    if good:
        insert_events(projections, good)
    keep_dead_letters(projections, bad, are_holes=True)
    if page.events:
        projections.note_position(page.events[-1].number)
    good, bad = parted(page.refusals)
    if good:
        insert_refusals(projections, good)
    keep_dead_letters(projections, bad, are_holes=False)
    if page.refusals:
        projections.note_refusal_number(page.refusals[-1].number)
    good, bad = parted(page.out_of_turn)
    keep_dead_letters(projections, bad, are_holes=False)
    fill_holes(projections, good)


def fill_holes(projections: Projections, messages: Iterable[Message]) -> None:
    """Of messages that came again, take those whose position is missing."""
    missing = dead_letters.missing(projections.connection)
    for message in messages:
        if message.number in missing:
            missing.remove(message.number)
            insert_events(projections, [message])
            dead_letters.resolve(projections.connection, message.number)
