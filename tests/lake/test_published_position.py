"""How far a shard has everything is what the publisher says now, and not when it last looked.

Nor does a page end with what was fetched before the shard rested.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Timer

from consumers.kafka.feed import KafkaFeed
from consumers.kafka.offsets import ends_of, partitions_of
from consumers.kafka.published import PublishedPosition
from infra.kafka import Kafka
from infra.topics import EVENTS
from lake.shard import Shard
from tests.consumers.projecting import bring
from tests.consumers.recorded import EVENTS_A_CALL, record_calls


def test_one_look_sees_all_that_was_published_since_the_last(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 2)
    bring(tmp_path, kafka)
    partitions = partitions_of(kafka, EVENTS)
    with closing(PublishedPosition(kafka, partitions)) as published:
        for calls in (2, 10, 20):
            record_calls(tmp_path, calls)
            bring(tmp_path, kafka, page_events=7)
            published.look()
            ends = {
                (one.topic, one.partition): end for one, end in ends_of(kafka, partitions).items()
            }
            assert published.reached(ends) == calls * EVENTS_A_CALL


def test_a_page_goes_up_to_what_was_being_published_when_it_began(kafka: Kafka) -> None:
    partitions = partitions_of(kafka, EVENTS)
    with (
        closing(KafkaFeed(kafka, {}, 0, 0, shard=Shard(1, 1))) as feed,
        closing(kafka.producer("slow")) as producer,
    ):
        producer.init_transactions()
        for number in range(1, 4):
            producer.begin_transaction()
            producer.send(kafka.topic(EVENTS), b"hello", partition=number % len(partitions))
            producer.flush()
            ends = ends_of(kafka, partitions)
            committing = Timer(0.4, producer.commit_transaction)
            committing.start()
            page = feed.read(ends)
            committing.join()
            assert len(page.out_of_turn) == 1
