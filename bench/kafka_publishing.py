"""What publishing costs beside kafka-python sending the same bytes.

python -m bench.kafka_publishing [--events 150000] [--rounds 5] [--keep]

Both send the same keys, values, headers and partitions with the same settings of the client, in
one process, in transactions of as many events, one after the other in each round. The bare client
has everything ready in memory; ours reads it from PostgreSQL. Neither's connecting is counted.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Sequence
from statistics import median
from threading import Event
from typing import NamedTuple

from bench.figures import Figure, keep, machine, table
from bench.full_store import fill_postgresql
from bench.servers import folder_of_its_own, kafka_in, postgresql_in, schema
from consumers.kafka.message_format import Headers, headers_of, key_in
from consumers.kafka.transactions import partition_of
from consumers.publisher import PAGE_EVENTS, publish
from infra.cycles import SELDOM
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.topics import EVENTS, create, topics
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.store.interface import Ends

TARGET = 0.85


class Message(NamedTuple):
    key: bytes
    value: bytes
    headers: Headers
    partition: int


class Took(NamedTuple):
    """Seconds by the clock, and seconds of the processor, of all threads."""

    seconds: float
    processor_seconds: float


class Round(NamedTuple):
    bare: Took
    ours: Took

    @property
    def ratio(self) -> float:
        return self.bare.seconds / self.ours.seconds


def now() -> Took:
    return Took(time.perf_counter(), time.process_time())


def between(began: Took, ended: Took) -> Took:
    return Took(ended.seconds - began.seconds, ended.processor_seconds - began.processor_seconds)


def messages_of(ledger: LedgerFolder) -> list[Message]:
    """What the publisher sends, ready to be sent."""
    partitions = topics()[EVENTS].partitions
    messages = []
    with StoreFeed(ledger) as feed:
        for batch in feed.batches(0):
            for position, call, document in zip(
                batch.positions, batch.call_positions, batch.documents, strict=True
            ):
                key, headers = key_in(document), headers_of(position, call, document)
                messages.append(Message(key, document, headers, partition_of(key, partitions)))
    return messages


def bare(kafka: Kafka, messages: Sequence[Message]) -> Took:
    """kafka-python alone: begin, send a page, commit."""
    topic = kafka.topic(EVENTS)
    producer = kafka.producer("bare")
    try:
        producer.init_transactions()
        began = now()
        for start in range(0, len(messages), PAGE_EVENTS):
            producer.begin_transaction()
            for key, value, headers, partition in messages[start : start + PAGE_EVENTS]:
                producer.send(topic, value, key, headers, partition=partition)
            producer.commit_transaction()
        return between(began, now())
    finally:
        producer.close(timeout=5)


def ours(kafka: Kafka, ledger: LedgerFolder, events: int) -> Took:
    """The publisher, from its first look into the store until the last page is committed."""
    told: list[tuple[Took, Ends]] = []
    publish(
        lambda: StoreFeed(ledger),
        kafka,
        Event(),
        until_end=True,
        on_page=lambda done, _: told.append((now(), done)),
    )
    assert told[-1][1].position == events, told[-1]
    return between(told[0][0], told[-1][0])


def measure(events: int, rounds: int) -> tuple[int, list[Round]]:
    """At least so many events, how many there were, and each round of them.

    A round takes topics of its own; who is first changes from round to round.
    """
    measured = []
    with (
        folder_of_its_own() as folder,
        postgresql_in(folder) as server,
        kafka_in(folder) as broker,
    ):
        store = schema(server, "published")
        ledger = LedgerFolder(folder, store)
        Ledger.open(ledger).close()
        events = fill_postgresql(store.url, events)
        messages = messages_of(ledger)
        for number in range(-1, rounds):
            took = {}
            for who in ("bare", "ours") if number % 2 else ("ours", "bare"):
                kafka = Kafka(broker.bootstrap, f"{who}-{number + 1}.")
                create(kafka)
                took[who] = bare(kafka, messages) if who == "bare" else ours(kafka, ledger, events)
            # The first warms up the broker.
            if number >= 0:
                measured.append(Round(**took))
    return events, measured


def figures(events: int, rounds: Sequence[Round]) -> list[Figure]:
    ratios = [one.ratio for one in rounds]
    whole = {
        f"kafka-python, pages of {PAGE_EVENTS:,}": [one.bare for one in rounds],
        f"publisher, pages of {PAGE_EVENTS:,}": [one.ours for one in rounds],
    }
    found = []
    for what, took in whole.items():
        found.append(Figure(what, events / median(one.seconds for one in took), "events/s"))
        used = median(one.processor_seconds for one in took) / events * 1e6
        found.append(Figure(f"{what}: processor", used, "µs an event"))
    return [
        *found,
        Figure("publisher ÷ kafka-python, median", median(ratios), "×", TARGET),
        Figure(f"the same, least of {len(ratios)} rounds", min(ratios), "×"),
        Figure(f"the same, most of {len(ratios)} rounds", max(ratios), "×"),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=150_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--keep", action="store_true", help="write them into bench/README.md")
    asked = arguments.parse_args()
    # As the command line does.
    gc.set_threshold(*SELDOM)
    where = machine()
    text = f"Measured {where}.\n\n{table(figures(*measure(asked.events, asked.rounds)))}"
    print(text)
    if asked.keep:
        keep(text, "publishing")


if __name__ == "__main__":
    main()
