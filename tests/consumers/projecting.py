"""Published events brought into tables, and what is in them; also spoiled on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from kafka import TopicPartition

from consumers.kafka.feed import LARGEST_DOCUMENT_BYTES
from consumers.kafka.message_format import Headers, headers_of, key_in, place_in
from consumers.kafka.offsets import ends_of
from consumers.kafka.transactions import TransactionalWriter
from consumers.projector import project
from consumers.publisher import publish
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.topics import EVENTS, EVENTS_POSITIONS
from ledger.feed import StoreFeed
from ledger.store.interface import Ends
from projections.batches import Positions
from projections.catch_up import catch_up
from projections.database import FILE_NAME, Projections
from projections.models import kept_models
from tests.consumers.recorded import messages_in

NOBODY_STOPS = threading.Event()


TABLES = ["events", "refusal_events", *(model.name for model in kept_models())]


def bring(store: LedgerFolder | Path, kafka: Kafka, **how: Any) -> Ends:
    return publish(lambda: StoreFeed(store), kafka, NOBODY_STOPS, until_end=True, **how)


def lose_the_first_event(kafka: Kafka) -> None:
    """Have Kafka throw away what it has in the partition of position 1, as a retention would."""
    (first,) = (
        one
        for one in messages_in(kafka, EVENTS)
        if (place := place_in(one.headers)) is not None and place.position == 1
    )
    lost = TopicPartition(first.topic, first.partition)
    with kafka.admin() as admin:
        admin.delete_records(ends_of(kafka, [lost]))


def read(folder: Path, kafka: Kafka, **how: Any) -> Positions:
    return project(folder, kafka, NOBODY_STOPS, until_end=True, **how)


def rows_in(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Projections(folder / FILE_NAME) as projections:
        return {
            table: projections.connection.execute(f"from {table} order by all").fetchall()
            for table in TABLES
        }


def rows_from_store(store: LedgerFolder | Path, folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    folder.mkdir()
    with Projections(folder / FILE_NAME) as projections, StoreFeed(store) as feed:
        catch_up(projections, feed)
    return rows_in(folder)


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with Projections(folder / FILE_NAME) as projections:
        return projections.connection.execute(sql).fetchall()


Spoil = Callable[[bytes, int, int], tuple[bytes, Headers]]


def with_field(name: str, value: object) -> Spoil:
    def spoil(document: bytes, at: int, call: int) -> tuple[bytes, Headers]:
        edited = orjson.dumps({**orjson.loads(document), name: value})
        return edited, headers_of(at, call, edited)

    return spoil


def not_json(_: bytes, at: int, call: int) -> tuple[bytes, Headers]:
    return b"{ this is no JSON", headers_of(at, call, b"{ this is no JSON")


def oversized(document: bytes, at: int, call: int) -> tuple[bytes, Headers]:
    large = document + b" " * LARGEST_DOCUMENT_BYTES
    return large, headers_of(at, call, large)


def edited(document: bytes, at: int, call: int) -> tuple[bytes, Headers]:
    return document.replace(b"agent-1", b"agent-9"), headers_of(at, call, document)


POISON: dict[str, tuple[Spoil, str]] = {
    "not JSON": (not_json, "It is not JSON"),
    "unknown type": (with_field("type", "call.teleported.v1"), "is unknown to this version"),
    "wrong schema": (with_field("data", {"exit_number": "three"}), "It is not as its type says"),
    "wrong envelope": (with_field("time", None), "Its envelope has no time"),
    "no row": (with_field("time", "yesterday"), "DuckDB cannot read it"),
    "oversized": (oversized, "at most"),
    "edited bytes": (edited, "they were edited"),
}


def bring_spoiled(store: Path, kafka: Kafka, spoiled: int, spoil: Spoil) -> None:
    """Publish as the publisher does, but for one message."""
    with (
        StoreFeed(store) as feed,
        TransactionalWriter(kafka, EVENTS_POSITIONS) as pages,
        pages.page(),
    ):
        for batch in feed.batches(0):
            for at, call, document in zip(
                batch.positions, batch.call_positions, batch.documents, strict=True
            ):
                value, headers = document, headers_of(at, call, document)
                if at == spoiled:
                    value, headers = spoil(document, at, call)
                pages.send(EVENTS, key_in(document), value, headers)
        pages.write_checkpoint({"position": feed.head().position})
