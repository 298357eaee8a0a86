"""Compares the event store, Kafka and the tables, record by record, and names every difference.

Each is read once, in a stream: the tables first, then Kafka, then the store, which is ahead of
both. So a ledger that is being written meanwhile shows no difference that is none.
"""

from __future__ import annotations

import time
from importlib.resources import files
from itertools import chain
from typing import Any, Final, Literal, NamedTuple, Protocol

from consumers.kafka.checkpoints import POSITION, REFUSAL_NUMBER, known_checkpoint
from consumers.kafka.message_format import is_as_published, place_in
from consumers.kafka.offsets import consumer_at, ends_of, has_reached, partitions_of, reading
from consumers.reconcile.digests import BATCH, RECORDS, Digests, Found, digests_in_a_file
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import EVENTS_POSITIONS
from ledger.feed import StoreFeed
from projections.serving.protocol import Answer

POLL_MILLISECONDS: Final = 500
SILENCE_SECONDS: Final = 60.0
"""How long Kafka may give nothing though there is more."""

NAMED_AT_MOST: Final = 1_000

Side = Literal["store", "Kafka", "tables"]
Kind = Literal["missing", "edited", "repeated", "foreign"]


class Difference(NamedTuple):
    """A record that one of the three has otherwise than the others."""

    record: str
    """`event` or `refusal`."""
    number: int | None
    """Its position, or the refusal's number; nothing for a message that says none."""
    call_id: str | None
    side: Side
    """Which of the three is wrong."""
    kind: Kind
    """`foreign` is what nobody recorded."""
    partition: int | None
    offset: int | None
    """Where in Kafka the message is, when it is Kafka that has it otherwise."""


class Extent(NamedTuple):
    """What one of the three has: how many records, and how far it says itself to be."""

    record: str
    side: Side
    records: int
    reached: int


class Reconciled(NamedTuple):
    """What came of it."""

    extents: list[Extent]
    differences: list[Difference]
    """The first of them, by record and number."""
    difference_count: int
    """How many there are, named or not."""


class Tables(Protocol):
    """The read side as it is, not brought up to anything."""

    def ask(self, sql: str) -> Answer: ...


def reconcile(
    store: StoreFeed,
    kafka: Kafka | None,
    tables: Tables | None,
    named_at_most: int = NAMED_AT_MOST,
) -> Reconciled:
    """Compare those that are there; raises `KafkaUnavailable` and what the others raise."""
    extents: list[Extent] = []
    differences: list[Difference] = []
    count = 0
    for records in RECORDS:
        with digests_in_a_file(records) as digests:
            in_tables = read_tables(digests, tables) if tables is not None else 0
            in_kafka = read_kafka(digests, kafka) if kafka is not None else 0
            in_store = read_store(digests, store)
            reached: list[tuple[Side, int]] = [("store", in_store)]
            reached += [("Kafka", in_kafka)] if kafka is not None else []
            reached += [("tables", in_tables)] if tables is not None else []
            extents += [
                Extent(records.name, side, count_of(digests, side.lower()), far)
                for side, far in reached
            ]
            found, more = compare(digests, dict(reached), named_at_most - len(differences))
            differences += found
            count += more
    return Reconciled(extents, differences, count)


def compare(
    digests: Digests, reached: dict[Side, int], named_at_most: int
) -> tuple[list[Difference], int]:
    """The first differences, and how many there are."""
    query = files("consumers.reconcile").joinpath("differences.sql").read_text()
    bounds = {
        "last": max(reached.values()),
        "in_kafka": reached.get("Kafka", 0),
        "in_tables": reached.get("tables", 0),
    }
    digests.connection.execute(f"create table differences as {query}", bounds)
    rows = digests.connection.execute(
        "from differences order by number nulls last, side, kind, message_offset limit ?",
        [max(0, named_at_most)],
    ).fetchall()
    return [Difference(digests.records.name, *row) for row in rows], count_of(
        digests, "differences"
    )


def count_of(digests: Digests, table: str) -> int:
    """How many rows a table has."""
    return int(digests.connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def read_store(digests: Digests, store: StoreFeed) -> int:
    """Take the store in as it is, gaps and all; returns its last number."""
    last = 0
    if digests.records.name == "event":
        for batch in store.batches(0, BATCH, with_gaps=True):
            rows = zip(batch.positions, batch.call_positions, batch.documents, strict=True)
            digests.add("store", [Found(at, call, in_bytes(text)) for at, call, text in rows])
            last = batch.positions[-1]
    else:
        for refusals in store.refusals(0, BATCH, with_gaps=True):
            numbered = zip(refusals.numbers, refusals.documents, strict=True)
            digests.add("store", [Found(number, 0, in_bytes(text)) for number, text in numbered])
            last = refusals.numbers[-1]
    return last


def in_bytes(document: object) -> bytes:
    """The document as it was written; who edits it in SQLite may leave a text behind."""
    return document if isinstance(document, bytes) else str(document).encode()


def read_kafka(digests: Digests, kafka: Kafka) -> int:
    """Take in every committed message that is there now; returns how far the publisher was."""
    name = POSITION if digests.records.name == "event" else REFUSAL_NUMBER
    reached: int = known_checkpoint(kafka, EVENTS_POSITIONS).get(name, 0)
    partitions = partitions_of(kafka, digests.records.topic)
    ends = ends_of(kafka, partitions)
    consumer = consumer_at(kafka, {}, partitions)
    try:
        with reading(kafka, "what is gone cannot be compared; start again."):
            deadline = time.monotonic() + SILENCE_SECONDS
            while not has_reached(consumer, ends):
                polled = consumer.poll(POLL_MILLISECONDS)
                if polled:
                    deadline = time.monotonic() + SILENCE_SECONDS
                elif time.monotonic() > deadline:
                    raise KafkaUnavailable(
                        f"Kafka gave nothing for {SILENCE_SECONDS:g} seconds though there is "
                        "more: check its brokers, and start again."
                    )
                messages = chain.from_iterable(polled.values())
                digests.add("kafka", [*map(found_in, messages)])
    finally:
        consumer.close()
    return reached


def found_in(message: Any) -> Found:
    """Kafka's message as it is compared."""
    document = message.value or b""
    place = place_in(message.headers)
    return Found(
        place.position if place else None,
        place.call_position if place else 0,
        document,
        message.key.decode("utf-8", "replace") if message.key is not None else None,
        message.partition,
        message.offset,
        place is not None and is_as_published(document, place),
    )


def read_tables(digests: Digests, tables: Tables) -> int:
    """Take the rows in, a stretch of numbers at a time; returns how far the tables say to be."""
    number, table = digests.records.number, digests.records.table
    (reached,) = tables.ask(f"select {number} as reached from feed_positions").table["reached"]
    after = -(2**63)
    while True:
        asked = tables.ask(f"select min({number}) as first from {table} where {number} > {after}")
        (first,) = asked.table["first"].to_pylist()
        if first is None:
            return int(reached.as_py())
        after = first + BATCH - 1
        rows = tables.ask(
            f"select {number} as number, call_id, {digests.records.row_digest} as row_digest"
            f" from {table} where {number} between {first} and {after}"
        )
        digests.add_rows(rows.table)
