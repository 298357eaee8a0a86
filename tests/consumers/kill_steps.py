"""The steps of a page at which a process is killed, each as a hook into the running program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.net.connection import KafkaConnection
from kafka.net.transport import KafkaTCPTransport
from kafka.producer.transaction_manager import (
    AddPartitionsToTxnRequest,
    EndTxnHandler,
    EndTxnRequest,
    InitProducerIdRequest,
)
from kafka.protocol.producer import ProduceRequest

import consumers.command_consumer
import consumers.kafka.transactions
import consumers.projector
import projections.database
import projections.dead_letters
import projections.places
from consumers.kafka.feed import KafkaFeed
from consumers.kafka.transactions import TransactionalWriter
from ledger.ledger import Ledger
from ledger.quarantine import Quarantine
from projections.building import build
from projections.database import Projections
from projections.models import Models
from projections.rebuild import Rebuild

HALF_A_PAGE = 10
PATIENCE_SECONDS = 240

Reached = Callable[[], None]
Hook = Callable[[Reached], None]
"""Lets the program say each time that it comes to the step."""


class Step(NamedTuple):
    """Where a process is killed: there exactly, or from outside within so many seconds after."""

    hook: Hook
    within_seconds: float = 0.0
    is_of_the_start: bool = False
    """It comes once, and not with every page."""


def put(owner: Any, name: str, replacement: object) -> None:
    """Let the running program find this under the name."""
    assert hasattr(owner, name), f"{owner} has no {name} any more: the steps are out of date"
    setattr(owner, name, replacement)


def before(owner: Any, name: str) -> Hook:
    def hook(reached: Reached) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def watched(*arguments: Any, **named: Any) -> Any:
            reached()
            return original(*arguments, **named)

        put(owner, name, watched)

    return hook


def after(owner: Any, name: str, flushed: bool = False) -> Hook:
    """After a call; `flushed`: when what was sent until then is in Kafka."""

    def hook(reached: Reached) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def watched(*arguments: Any, **named: Any) -> Any:
            result = original(*arguments, **named)
            if flushed:
                arguments[0]._producer.flush(PATIENCE_SECONDS)
            reached()
            return result

        put(owner, name, watched)

    return hook


def on_its_way(request_class: type[Any]) -> Hook:
    """When the bytes of such a request have left the process, and no answer can be there."""

    def hook(reached: Reached) -> None:
        ask, write = KafkaConnection._send_request, KafkaTCPTransport._sock_send
        waiting: set[Any] = set()

        def watched_ask(self: Any, request: Any, *arguments: Any, **named: Any) -> Any:
            if isinstance(request, request_class):
                waiting.add(self.transport)
            return ask(self, request, *arguments, **named)

        def watched_write(self: Any) -> Any:
            result = write(self)
            if self in waiting:
                waiting.remove(self)
                reached()
            return result

        put(KafkaConnection, "_send_request", watched_ask)
        put(KafkaTCPTransport, "_sock_send", watched_write)

    return hook


def half_of_the_page(flushed: bool = False) -> Hook:
    """When half of a page was given to the client; `flushed`: when it is in Kafka as well."""

    def hook(reached: Reached) -> None:
        begin, send = KafkaProducer.begin_transaction, KafkaProducer.send
        sent = 0

        def watched_begin(self: Any) -> None:
            nonlocal sent
            sent = 0
            begin(self)

        def watched_send(self: Any, *arguments: Any, **named: Any) -> Any:
            nonlocal sent
            result = send(self, *arguments, **named)
            sent += 1
            if sent == HALF_A_PAGE:
                if flushed:
                    self.flush(PATIENCE_SECONDS)
                reached()
            return result

        put(KafkaProducer, "begin_transaction", watched_begin)
        put(KafkaProducer, "send", watched_send)

    return hook


def page_read(reached: Reached) -> None:
    """When the projector has read something."""
    read = KafkaFeed.read

    def watched(self: KafkaFeed) -> Any:
        page = read(self)
        if page.events or page.refusals or page.out_of_turn:
            reached()
        return page

    put(KafkaFeed, "read", watched)


def half_of_the_models(reached: Reached) -> None:
    """When half of the models were computed for the page's calls."""
    original = Models.needed_for

    def watched(self: Models, names: Collection[str]) -> Iterator[Any]:
        models = original(self, names)
        for number, model in enumerate(models):
            if number == len(models) // 2:
                reached()
            yield model

    put(Models, "needed_for", watched)


def committed(reached: Reached) -> None:
    """When offsets were committed, and the rows with them."""
    note, transaction = projections.dead_letters.note_offsets, Projections.transaction
    noted = False

    def watched_note(*arguments: Any) -> None:
        nonlocal noted
        note(*arguments)
        noted = True

    @contextmanager
    def watched_transaction(self: Projections) -> Iterator[None]:
        nonlocal noted
        with transaction(self):
            yield
        if noted:
            noted = False
            reached()

    put(projections.dead_letters, "note_offsets", watched_note)
    put(Projections, "transaction", watched_transaction)


def models_after_the_page(hook: Hook) -> Hook:
    """The models are brought up in a transaction after the page's, as when there is much to do."""

    def with_models_after(reached: Reached) -> None:
        read = KafkaFeed.read
        put(KafkaFeed, "read", lambda self: read(self)._replace(is_full=False))
        put(consumers.projector, "SMALL_STEP", 0)
        hook(reached)

    return with_models_after


def all_models_anew(hook: Hook) -> Hook:
    """All models are built beside the current ones, and swapped."""

    def with_models_anew(reached: Reached) -> None:
        put(consumers.projector, "refresh", build)
        models_after_the_page(hook)(reached)

    return with_models_anew


def with_much_log(hook: Hook) -> Hook:
    """Whatever is in DuckDB's log after a page counts as much."""

    def with_any_log(reached: Reached) -> None:
        put(projections.database, "MUCH_LOG_BYTES", 0)
        hook(reached)

    return with_any_log


def at_once(reached: Reached) -> None:
    reached()


START = {"while it starts": Step(at_once, 0.4, is_of_the_start=True)}
TAKE_OVER = {
    "the predecessor is being fenced": Step(
        on_its_way(InitProducerIdRequest), is_of_the_start=True
    ),
    "the predecessor is fenced": Step(
        after(KafkaProducer, "init_transactions"), is_of_the_start=True
    ),
    "the checkpoint is read": Step(
        after(consumers.kafka.transactions, "last_checkpoint"), is_of_the_start=True
    ),
}
KAFKA_TRANSACTION = {
    "a transaction is begun": Step(after(KafkaProducer, "begin_transaction")),
    "partitions are being added": Step(on_its_way(AddPartitionsToTxnRequest)),
    "messages are on their way": Step(on_its_way(ProduceRequest)),
    "half of the page is queued": Step(half_of_the_page()),
    "half of the page is in Kafka": Step(half_of_the_page(flushed=True)),
    "the whole page is in Kafka": Step(
        after(TransactionalWriter, "write_checkpoint", flushed=True)
    ),
    "before the commit": Step(before(KafkaProducer, "commit_transaction")),
    "the commit is on its way": Step(on_its_way(EndTxnRequest)),
    "the commit is answered": Step(before(EndTxnHandler, "handle_response")),
    "after the commit": Step(after(KafkaProducer, "commit_transaction")),
    "at any moment of a page": Step(after(KafkaProducer, "begin_transaction"), 0.1),
}
PUBLISHER = {**START, **TAKE_OVER, **KAFKA_TRANSACTION}
COMMAND_CONSUMER = {
    **START,
    **TAKE_OVER,
    "commands are polled": Step(before(consumers.command_consumer.CommandPage, "serve")),
    "what is no command is kept": Step(after(Quarantine, "add_many")),
    "while the store records": Step(before(Ledger, "record_many"), 0.02),
    "commands are recorded": Step(after(Ledger, "record_many")),
    **KAFKA_TRANSACTION,
}
PROJECTOR = {
    **START,
    "a page is read": Step(page_read),
    "events are written": Step(after(Projections, "insert_events")),
    "refusals are written": Step(after(Projections, "insert_refusals")),
    "what is no event becomes a dead letter": Step(after(projections.dead_letters, "keep")),
    "offsets are written": Step(after(projections.dead_letters, "note_offsets")),
    "half of the models are computed": Step(half_of_the_models),
    "before the commit": Step(after(Projections, "refresh_touched")),
    "while DuckDB commits": Step(after(Projections, "refresh_touched"), 0.02),
    "after the commit": Step(committed),
    "after the commit, the models are behind": Step(models_after_the_page(committed)),
    "the models follow, half": Step(models_after_the_page(half_of_the_models)),
    "the models follow, before the commit": Step(
        models_after_the_page(after(Projections, "refresh_touched"))
    ),
    "while the log is put in its place": Step(
        models_after_the_page(with_much_log(before(Projections, "tidy"))), 0.02
    ),
    "the log is in its place": Step(
        models_after_the_page(with_much_log(after(Projections, "tidy")))
    ),
    "all models are built aside": Step(all_models_anew(after(Rebuild, "_build"))),
    "while they are swapped": Step(all_models_anew(before(projections.places, "show")), 0.02),
    "all models are swapped": Step(all_models_anew(after(Rebuild, "only"))),
    "at any moment of a page": Step(page_read, 0.1),
}
STEPS = {"publisher": PUBLISHER, "command consumer": COMMAND_CONSUMER, "projector": PROJECTOR}
