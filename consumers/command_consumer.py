"""Commands from Kafka, and their outcomes back into it.

A page of commands is recorded first; then its answers and the offsets after it are committed to
Kafka in one transaction. A process that dies between the two records the page again, and because
a command's id is known by then, nothing is applied twice and the answers are the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from hashlib import sha256
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition

from consumers.kafka.checkpoints import WAYS_ON, Checkpoint, check_not_lost
from consumers.kafka.offsets import consumer_at, is_at_end, numbered_partitions, reading
from consumers.kafka.topic_identity import TOPICS, WatchedTopics, ids_in
from consumers.kafka.transactions import TransactionalWriter
from infra.errors import LedgerError
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import COMMANDS, COMMANDS_POSITIONS, OUTCOMES, check_safe
from ledger.answers import answer_to, answer_to_unreadable
from ledger.identity import FIRST_EVENT, fingerprint_of
from ledger.intake import Unreadable, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Request
from ledger.quarantine import Unread
from ledger.trace_context import trace_parent_of, traced

POLL_MILLISECONDS: Final = 100
PAGE_COMMANDS: Final = 2_000
GATHER_SECONDS: Final = 0.02
"""Between a page that was not full and the next: each costs the store and Kafka a transaction."""

JSON: Final = [("content-type", b"application/json")]
LOST: Final = (
    "commands were thrown away before they were served; to go on with those that are there, "
    f"{WAYS_ON[COMMANDS_POSITIONS]}."
)

OnPage = Callable[[int, float], None]
"""Told how many commands are answered, and how many seconds the page took."""
OnGroup = Callable[[Sequence[Outcome], int, float], None]
"""Told the outcomes that are on disk, how many messages were unreadable, and how many seconds the
group took."""


def serve(
    open_ledger: Callable[[], Ledger],
    kafka: Kafka,
    stopping: threading.Event,
    until_end: bool = False,
    on_page: OnPage | None = None,
    on_group: OnGroup | None = None,
    from_beginning: bool = False,
    page_commands: int = PAGE_COMMANDS,
) -> int:
    """Take commands and answer them until told to stop; returns how many were answered.

    With `until_end` it ends when every command that is there was answered. `from_beginning`
    answers all that are there, also those that were answered before. Raises `Fenced` when another
    consumer takes over, `TopicMadeAgain` when Kafka has other topics than those that were read,
    `KafkaUnavailable`, `LedgerError` where another ledger was served, and what opening a ledger
    raises.
    """
    check_safe(kafka, COMMANDS, OUTCOMES, COMMANDS_POSITIONS)
    answered = 0
    with (
        open_ledger() as ledger,
        closing(
            WatchedTopics(
                kafka, WAYS_ON[COMMANDS_POSITIONS], COMMANDS, OUTCOMES, COMMANDS_POSITIONS
            )
        ) as watched,
        TransactionalWriter(kafka, COMMANDS_POSITIONS, from_beginning) as writer,
    ):
        check_same_ledger(ledger, writer.checkpoint)
        offsets = begin(kafka, watched, writer, from_beginning)
        partitions = numbered_partitions(kafka, COMMANDS, watched.seen[COMMANDS].partitions)
        consumer = consumer_at(kafka, offsets, partitions)
        page = CommandPage(ledger, writer, watched.ids[COMMANDS], on_group)
        try:
            while not stopping.is_set():
                messages = poll(kafka, consumer, watched, page_commands)
                if messages:
                    began = time.monotonic()
                    answered += page.serve(messages)
                    if on_page is not None:
                        on_page(answered, time.monotonic() - began)
                    if len(messages) < page_commands and not until_end:
                        stopping.wait(GATHER_SECONDS)
                elif until_end and is_at_end(kafka, consumer):
                    watched.check()
                    break
                else:
                    writer.keep_alive()
                    watched.check_now_and_then()
        finally:
            consumer.close()
    return answered


def poll(
    kafka: Kafka, consumer: KafkaConsumer, watched: WatchedTopics, page_commands: int
) -> list[Any]:
    """The next commands, which are of the topic that is read: offsets say nothing of another."""
    try:
        with reading(kafka, LOST):
            polled = consumer.poll(POLL_MILLISECONDS, max_records=page_commands)
    except KafkaUnavailable:
        watched.check()
        raise
    messages = [record for records in polled.values() for record in records]
    if messages:
        watched.check()
    return messages


def begin(
    kafka: Kafka, watched: WatchedTopics, writer: TransactionalWriter, from_beginning: bool
) -> dict[TopicPartition, int]:
    """Where to go on; the ids of the topics are in the checkpoint before any answer is there.

    Raises `TopicMadeAgain` and `PositionsLost`, unless all commands are to be answered.
    """
    answers = numbered_partitions(kafka, OUTCOMES, watched.seen[OUTCOMES].partitions)
    writer.write_to(OUTCOMES, len(answers))
    before = writer.checkpoint
    if from_beginning:
        before = {name: value for name, value in before.items() if not name.isdigit()}
    else:
        watched.compare(ids_in(before))
        check_not_lost(kafka, COMMANDS_POSITIONS, writer.has_no_checkpoint, answers)
    checkpoint = {**before, TOPICS: watched.ids}
    if checkpoint != writer.checkpoint:
        with writer.page():
            writer.write_checkpoint(checkpoint)
    return offsets_in(checkpoint, kafka.topic(COMMANDS))


def offsets_in(checkpoint: Checkpoint, topic: str) -> dict[TopicPartition, int]:
    """Where to go on reading commands."""
    return {
        TopicPartition(topic, int(partition)): offset
        for partition, offset in checkpoint.items()
        if partition.isdigit()
    }


def check_same_ledger(ledger: Ledger, checkpoint: Checkpoint) -> None:
    """Refuse to go on where another ledger was served. Raises `LedgerError`."""
    served, first = checkpoint.get(FIRST_EVENT), ledger.first_document()
    if served is not None and (first is None or fingerprint_of(first) != served):
        raise LedgerError(
            "The commands in Kafka were recorded in another ledger so far, not in this store: set "
            "CALL_LEDGER_STORE, CALL_LEDGER_KAFKA and CALL_LEDGER_KAFKA_PREFIX to those of one "
            "ledger."
        )


class CommandPage:
    """Records commands, then answers all of them in one transaction."""

    def __init__(
        self, ledger: Ledger, writer: TransactionalWriter, topic_id: str, on_group: OnGroup | None
    ) -> None:
        self._ledger = ledger
        self._writer = writer
        self._topic_id = topic_id
        self._on_group = on_group

    def serve(self, messages: list[Any]) -> int:
        """Take one page; returns how many were answered."""
        began = time.monotonic()
        requests: list[Request] = []
        unread: dict[int, Unread] = {}
        for index, message in enumerate(messages):
            try:
                request = read_request(message.value or b"")
                requests.append(traced(request, trace_parent_of(message.headers)))
            except Unreadable as error:
                origin = origin_of(message, self._topic_id)
                unread[index] = Unread(origin, message.value or b"", str(error))
        numbers = iter(self._ledger.quarantine.add_new([*unread.values()]))
        recorded = self._ledger.record_many(requests)
        if self._on_group is not None:
            self._on_group(recorded, len(unread), time.monotonic() - began)
        outcomes = iter(zip(requests, recorded, strict=True))
        checkpoint = dict(self._writer.checkpoint)
        if FIRST_EVENT not in checkpoint and (first := self._ledger.first_document()) is not None:
            checkpoint[FIRST_EVENT] = fingerprint_of(first)
        with self._writer.page():
            for index, message in enumerate(messages):
                if (unreadable := unread.get(index)) is not None:
                    place = {"partition": message.partition, "offset": message.offset}
                    answer = answer_to_unreadable(next(numbers), unreadable.reason, **place)
                    self._writer.send(OUTCOMES, message.key or b"", answer, JSON)
                else:
                    request, outcome = next(outcomes)
                    key = request.command.call_id.encode()
                    self._writer.send(OUTCOMES, key, answer_to(request.command, outcome), JSON)
                checkpoint[str(message.partition)] = message.offset + 1
            self._writer.write_checkpoint(checkpoint)
        return len(messages)


def origin_of(message: Any, topic_id: str) -> str:
    """Where a message is, and what: it is known by that when its page comes again."""
    digest = sha256(message.value or b"").hexdigest()[:16]
    return (
        f"{message.topic} ({topic_id}), partition {message.partition}, offset {message.offset}, "
        f"sha256 {digest}"
    )
