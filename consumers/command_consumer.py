"""Commands from Kafka, and their outcomes back into it.

A page of commands is recorded first; then its answers and the offsets after it are committed to
Kafka in one transaction. A process that dies between the two records the page again, and because
a command's id is known by then, nothing is applied twice and the answers are the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from kafka import TopicPartition

from consumers.answers import answer_to, answer_to_unreadable
from consumers.kafka.offsets import consumer_at, is_at_end, reading
from consumers.kafka.transactions import Bookmark, Pages
from infra.errors import LedgerError
from infra.kafka import Kafka
from infra.topics import COMMANDS, COMMANDS_POSITIONS, OUTCOMES, check_safe
from ledger.identity import FIRST_EVENT, fingerprint_of
from ledger.intake import Unreadable, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Request
from ledger.quarantine import QuarantineReader, Unread

NAME: Final = "command-consumer"
POLL_MILLISECONDS: Final = 100
PAGE_COMMANDS: Final = 2_000
GATHER_SECONDS: Final = 0.02
"""Between a page that was not full and the next: each costs the store and Kafka a transaction."""

JSON: Final = [("content-type", b"application/json")]
LOST: Final = (
    "commands were thrown away before they were served; delete the entry of "
    f"{NAME} on {COMMANDS_POSITIONS} to go on with those that are there."
)

OnPage = Callable[[int], None]
OnGroup = Callable[[Sequence[Outcome], int], None]
"""Told of each group's outcomes, when they are on disk, and of how many could not be read."""


def serve(
    open_ledger: Callable[[], Ledger],
    kafka: Kafka,
    stopping: threading.Event,
    until_end: bool = False,
    on_page: OnPage | None = None,
    on_group: OnGroup | None = None,
) -> int:
    """Take commands and answer them until told to stop; returns how many were answered.

    With `until_end` it ends when every command that is there was answered. Raises `Fenced` when
    another consumer takes over, `KafkaUnavailable`, `LedgerError` where another ledger was
    served, and what opening a ledger raises.
    """
    check_safe(kafka, COMMANDS, OUTCOMES, COMMANDS_POSITIONS)
    answered = 0
    with open_ledger() as ledger, Pages(kafka, NAME, COMMANDS_POSITIONS) as pages:
        topic = kafka.topic(COMMANDS)
        kept = offsets_in(pages.bookmark, topic)
        check_same_ledger(ledger, pages.bookmark)
        kept_apart = origins_in(ledger.quarantine)
        consumer = consumer_at(kafka, kept, COMMANDS)
        try:
            while not stopping.is_set():
                with reading(kafka, LOST):
                    polled = consumer.poll(POLL_MILLISECONDS, max_records=PAGE_COMMANDS)
                messages = [one for records in polled.values() for one in records]
                if messages:
                    answered += serve_page(ledger, pages, messages, kept_apart, on_group)
                    if on_page is not None:
                        on_page(answered)
                    if len(messages) < PAGE_COMMANDS and not until_end:
                        stopping.wait(GATHER_SECONDS)
                elif until_end and is_at_end(kafka, consumer):
                    break
                else:
                    pages.keep()
        finally:
            consumer.close()
    return answered


def offsets_in(bookmark: Bookmark, topic: str) -> dict[TopicPartition, int]:
    """Where to go on reading commands."""
    return {
        TopicPartition(topic, int(partition)): offset
        for partition, offset in bookmark.items()
        if partition != FIRST_EVENT
    }


def check_same_ledger(ledger: Ledger, bookmark: Bookmark) -> None:
    """Refuse to go on where another ledger was served. Raises `LedgerError`."""
    served, first = bookmark.get(FIRST_EVENT), ledger.first_document()
    if served is not None and (first is None or fingerprint_of(first) != served):
        raise LedgerError(
            "The commands in Kafka were recorded in another ledger so far, not in this store: set "
            "CALL_LEDGER_STORE, CALL_LEDGER_KAFKA and CALL_LEDGER_KAFKA_PREFIX to those of one "
            "ledger."
        )


def serve_page(
    ledger: Ledger,
    pages: Pages,
    messages: list[Any],
    kept_apart: frozenset[str],
    on_group: OnGroup | None = None,
) -> int:
    """Record the commands, then answer all of them in one transaction.

    `kept_apart` has the origins of what was in quarantine before, so that nothing goes there twice.
    """
    requests: list[Request] = []
    unreadable: dict[int, str] = {}
    apart: list[Unread] = []
    for index, message in enumerate(messages):
        try:
            requests.append(read_request(message.value or b""))
        except Unreadable as error:
            unreadable[index] = str(error)
            if origin_of(message) not in kept_apart:
                apart.append(Unread(origin_of(message), message.value or b"", str(error)))
    if apart:
        ledger.quarantine.add_many(apart)
    recorded = ledger.record_many(requests)
    if on_group is not None:
        on_group(recorded, len(unreadable))
    outcomes = iter(zip(requests, recorded, strict=True))
    offsets = dict(pages.bookmark)
    if FIRST_EVENT not in offsets and (first := ledger.first_document()) is not None:
        offsets[FIRST_EVENT] = fingerprint_of(first)
    with pages.page():
        for index, message in enumerate(messages):
            if (reason := unreadable.get(index)) is not None:
                answer = answer_to_unreadable(message.partition, message.offset, reason)
                pages.send(OUTCOMES, message.key or b"", answer, JSON)
            else:
                request, outcome = next(outcomes)
                key = request.command.call_id.encode()
                pages.send(OUTCOMES, key, answer_to(request.command, outcome), JSON)
            offsets[str(message.partition)] = message.offset + 1
        pages.mark(offsets)
    return len(messages)


def origins_in(quarantine: QuarantineReader) -> frozenset[str]:
    """Where everything in quarantine came from."""
    origins: set[str] = set()
    after = 0
    while kept := quarantine.list(after):
        origins.update(one.origin for one in kept)
        after = kept[-1].number
    return frozenset(origins)


def origin_of(message: Any) -> str:
    """Where a message is, in words; what is no command is known by it when its page comes again."""
    return f"{message.topic}, partition {message.partition}, offset {message.offset}"
