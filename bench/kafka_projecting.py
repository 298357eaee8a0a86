"""Kafka → DuckDB with every model, beside a consumer that does nothing, on the same backlog.

python -m bench.kafka_projecting [--events 5000000] [--keep]
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain, islice, takewhile
from multiprocessing import get_context
from statistics import mean
from typing import Any, NamedTuple

from bench.figures import Figure, keep, machine, table
from bench.histories import batches
from bench.servers import folder_of_its_own, kafka_in
from consumers.kafka.batch_decoder import decoded
from consumers.kafka.feed import BOUNDS
from consumers.kafka.message_format import headers_of, is_as_published, key_in, place_of
from consumers.kafka.offsets import consumer_at, ends_of, partitions_of
from consumers.kafka.transactions import TransactionalWriter
from consumers.projector import project
from consumers.publisher import PAGE_EVENTS
from infra.cycles import SELDOM
from infra.kafka import Kafka
from infra.kafka_client import poll_whole_batches
from infra.topics import EVENTS, EVENTS_POSITIONS, create
from ledger.document_validation import why_no_event

SECONDS_LIMIT = 1_800


class Run(NamedTuple):
    """What one process did with the whole backlog."""

    events: int
    seconds: float
    processor_seconds: float
    peak_mib: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


def write(bootstrap: str, events: int) -> None:
    """The backlog, as the publisher would have sent it."""
    gc.set_threshold(*SELDOM)
    with TransactionalWriter(Kafka(bootstrap), EVENTS_POSITIONS, True) as pages:
        for batch, _ in batches(events):
            rows = zip(batch.positions, batch.call_positions, batch.documents, strict=True)
            backlog = takewhile(lambda row: row[0] <= events, rows)
            while page := list(islice(backlog, PAGE_EVENTS)):
                with pages.page():
                    for at, call, document in page:
                        pages.send(
                            EVENTS, key_in(document), document, headers_of(at, call, document)
                        )


def bare(bootstrap: str) -> int:
    """Read everything that is committed, and do nothing with it."""
    kafka, count = Kafka(bootstrap), 0
    ends = ends_of(kafka, partitions_of(kafka, EVENTS))
    consumer = consumer_at(kafka, {}, partitions_of(kafka, EVENTS))
    try:
        while any(consumer.position(one) < end for one, end in ends.items()):
            count += sum(map(len, consumer.poll(1_000).values()))
    finally:
        consumer.close()
    return count


def ours(bootstrap: str) -> int:
    """What `call-ledger project --until-end` does."""
    with folder_of_its_own() as folder:
        positions = project(folder, Kafka(bootstrap), threading.Event(), until_end=True)
        return positions.projected_position


def checked(bootstrap: str, reader: int, readers: int) -> int:
    """Read and check as `project` does, a reader's share of the partitions, and keep nothing."""
    kafka, count = Kafka(bootstrap), 0
    ends = ends_of(kafka, partitions_of(kafka, EVENTS)[reader::readers])
    consumer = consumer_at(kafka, {}, partitions_of(kafka, EVENTS), at_once=BOUNDS.poll_batches)
    poll_whole_batches(consumer, decoded)
    consumer.pause(*(one for one in consumer.assignment() if one not in ends))
    try:
        while any(consumer.position(one) < end for one, end in ends.items()):
            for polled in consumer.poll(1_000).values():
                for _, _, document, words in chain.from_iterable(one.value for one in polled):
                    place = place_of(words)
                    assert place is not None
                    assert is_as_published(document, place)
                    assert not why_no_event(document)
                    count += 1
    finally:
        consumer.close()
    return count


def measured(action: Callable[[str], int], bootstrap: str) -> Run:
    """Run it in this process, which has done nothing else before."""
    # As the command line does.
    gc.set_threshold(*SELDOM)
    began, used = time.perf_counter(), time.process_time()
    events = action(bootstrap)
    return Run(
        events,
        time.perf_counter() - began,
        time.process_time() - used,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def in_own_processes(count: int, action: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Each of them in a fresh process, all at once."""
    with ProcessPoolExecutor(count, get_context("spawn"), max_tasks_per_child=1) as processes:
        return list(processes.map(action, *arguments, timeout=SECONDS_LIMIT))


def measure(events: int) -> Iterator[Figure]:
    """Write the backlog; read it bare, with everything, and bare again."""
    with folder_of_its_own() as folder, kafka_in(folder) as server:
        bootstrap = server.bootstrap
        create(Kafka(bootstrap))
        began = time.perf_counter()
        in_own_processes(1, write, [bootstrap], [events])
        seconds = time.perf_counter() - began
        print(f"{events:,} events written in {seconds:.0f} seconds", flush=True)
        runs = []
        for action in (bare, ours, bare):
            (run,) = in_own_processes(1, measured, [action], [bootstrap])
            print(action.__name__, run, flush=True)
            assert run.events == events, "not all of the backlog was read"
            runs.append(run)
        readings = {}
        for readers in (1, os.cpu_count() or 1):
            shares_read = [partial(checked, reader=one, readers=readers) for one in range(readers)]
            some = in_own_processes(readers, measured, shares_read, [bootstrap] * readers)
            assert sum(run.events for run in some) == events, "not all of it was read"
            readings[readers] = events / max(run.seconds for run in some)
    first, projected, last = runs
    nothing = mean((first.per_second, last.per_second))
    yield Figure("a consumer that does nothing", nothing, "events/s")
    yield Figure("Kafka → DuckDB, every model", projected.per_second, "events/s")
    yield Figure("beside the consumer that does nothing", projected.per_second / nothing, "×", 0.75)
    used = projected.processor_seconds / projected.events * 1e6
    yield Figure("processor time", used, "µs an event")
    busy = projected.processor_seconds / projected.seconds
    yield Figure("busy meanwhile", busy, f"of {os.cpu_count()} cores")
    for readers, per_second in readings.items():
        what = f"reading and checking alone, processes: {readers}"
        yield Figure(what, per_second, "events/s")
    yield Figure("peak memory", projected.peak_mib, "MiB")
    yield Figure("peak memory of the consumer that does nothing", first.peak_mib, "MiB")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=5_000_000)
    arguments.add_argument("--keep", action="store_true", help="write the table into README.md")
    asked = arguments.parse_args()
    where = machine()
    text = f"{asked.events:,} events. Measured {where}.\n\n{table(list(measure(asked.events)))}"
    print(text)
    if asked.keep:
        keep(text, "projecting")


if __name__ == "__main__":
    main()
