"""A publisher, command consumer or projector that is killed at a step of one of its pages.

Each begins as a fork of a process that has imported everything, so that hundreds of them are
started in a minute. That process reads what to start from its input, a line each; what it and
those it starts say, and how they end, is on its output. Pages are small, so that there is always
a next one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import orjson

import consumers.command_consumer
import consumers.kafka.feed
import consumers.kafka.transactions
import consumers.projector
import consumers.publisher
import infra.kafka
import ledger.store.postgresql_database
import ledger.store.postgresql_reader
import ledger.store.sqlite_file  # noqa: F401 - loaded once, for all of those that are forked
import projections.dead_letters
from consumers.kafka.checkpoints import Checkpoint, last_checkpoint
from consumers.kafka.feed import Bounds
from consumers.kafka.transactions import TransactionalWriter
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.topics import topics
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from tests.consumers.kill_steps import STEPS, put
from tests.ledger.stores import ledger_at

PAGE_MESSAGES = 20
FETCH_BYTES = 32_000
LOG_BYTES = "100KB"
"""DuckDB tidies up at a commit when its log is so long: so there is something to interrupt."""

AT, KILL_ME, ENDED = "at", "kill me", "ended"


def say(*words: object) -> None:
    """One line in one write, so that a kill leaves no half of it."""
    os.write(sys.stdout.fileno(), orjson.dumps(words) + b"\n")


def start_what_is_asked_for() -> None:
    """Fork for each line of the input, and wait for its end."""
    topics()
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            try:
                run(**orjson.loads(line))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say(ENDED, os.waitstatus_to_exitcode(status))


def run(
    process: str, folder: str, store: str, bootstrap: str, prefix: str, step: str, time: int
) -> None:
    """Work, telling how far it is, until the step has come for so many times."""
    make_pages_small()
    tell_how_far_it_is()
    hook, within_seconds, _ = STEPS[process][step]
    times = 0

    def reached() -> None:
        nonlocal times
        times += 1
        if times == time and within_seconds:
            say(KILL_ME, os.getpid())
        elif times == time:
            os.kill(os.getpid(), signal.SIGKILL)

    hook(reached)
    PROGRAMS[process](ledger_at(Path(folder), store), Kafka(bootstrap, prefix))


def make_pages_small() -> None:
    put(infra.kafka, "FETCH_BYTES", FETCH_BYTES)
    connect = duckdb.connect

    def connect_with_short_log(path: str, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        return connect(path, config={**config, "checkpoint_threshold": LOG_BYTES})

    put(duckdb, "connect", connect_with_short_log)


def numbers_in(checkpoint: Checkpoint | None) -> list[tuple[str, int]]:
    """How far it is; the ids of topics say nothing of that."""
    return sorted((name, at) for name, at in (checkpoint or {}).items() if isinstance(at, int))


def tell_how_far_it_is() -> None:
    """Say the checkpoint or the offsets it begins with, and those a page under way ends with."""
    begin_feed = consumers.kafka.feed.KafkaFeed.__init__
    mark, note_offsets = TransactionalWriter.write_checkpoint, projections.dead_letters.note_offsets
    checkpoint_read = last_checkpoint

    def told_checkpoint(*arguments: Any) -> Any:
        checkpoint = checkpoint_read(*arguments)
        say(AT, *numbers_in(checkpoint))
        return checkpoint

    def told_feed(self: Any, kafka: Kafka, offsets: Any, *arguments: Any) -> None:
        say(AT, *sorted(offsets.items()))
        begin_feed(self, kafka, offsets, *arguments)

    def told_mark(self: TransactionalWriter, checkpoint: dict[str, int]) -> None:
        say(AT, *numbers_in(checkpoint))
        mark(self, checkpoint)

    def told_offsets(connection: Any, read: Any) -> None:
        say(AT, *sorted(read.items()))
        note_offsets(connection, read)

    put(TransactionalWriter, "write_checkpoint", told_mark)
    put(consumers.kafka.transactions, "last_checkpoint", told_checkpoint)
    put(consumers.kafka.feed.KafkaFeed, "__init__", told_feed)
    put(projections.dead_letters, "note_offsets", told_offsets)


def publish(folder: LedgerFolder, kafka: Kafka) -> None:
    consumers.publisher.publish(
        lambda: StoreFeed(folder), kafka, threading.Event(), None, True, None, PAGE_MESSAGES
    )


def serve(folder: LedgerFolder, kafka: Kafka) -> None:
    consumers.command_consumer.serve(
        lambda: Ledger.open(folder),
        kafka,
        threading.Event(),
        until_end=True,
        page_commands=PAGE_MESSAGES,
    )


def project(folder: LedgerFolder, kafka: Kafka) -> None:
    bounds = Bounds(page_messages=PAGE_MESSAGES, poll_batches=1)
    consumers.projector.project(
        folder.path, kafka, threading.Event(), until_end=True, bounds=bounds, pages_at_once=1
    )


PROGRAMS: dict[str, Callable[[LedgerFolder, Kafka], None]] = {
    "publisher": publish,
    "command consumer": serve,
    "projector": project,
}

if __name__ == "__main__":
    start_what_is_asked_for()
