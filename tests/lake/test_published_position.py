"""How far a shard has everything is what the publisher says now, and not when it last looked.

Nor does a page end with what was fetched before the shard rested.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread, Timer

import pytest
from kafka import KafkaAdminClient

from consumers.kafka.feed import Bounds, KafkaFeed
from consumers.kafka.offsets import ends_of, partitions_of
from consumers.kafka.published import PublishedPosition
from consumers.kafka.topic_identity import TopicMadeAgain
from consumers.shard_projector import project_shard
from infra.kafka import Kafka
from infra.topics import EVENTS, EVENTS_POSITIONS, create
from lake.place import LakePlace
from lake.shard import Shard
from tests.consumers.at_work import Begun, at_work
from tests.consumers.made_again import add_partitions, delete_topics, make_again
from tests.consumers.projecting import bring
from tests.consumers.recorded import EVENTS_A_CALL, record_calls
from tests.lake.sharding import bring_up, shards


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
        closing(KafkaFeed(kafka, {}, 0, 0, None, Bounds(reach_seconds=30), Shard(1, 1))) as feed,
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


def test_one_look_after_the_other_asks_over_one_connection(
    tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[KafkaAdminClient] = []
    connect = Kafka.admin_client

    def counted(kafka: Kafka) -> KafkaAdminClient:
        connections.append(connect(kafka))
        return connections[-1]

    with closing(PublishedPosition(kafka, partitions_of(kafka, EVENTS))) as published:
        published.look()
        for calls in (2, 4, 6):
            record_calls(tmp_path, calls)
            bring(tmp_path, kafka)
            with monkeypatch.context() as counting:
                counting.setattr(Kafka, "admin_client", counted)
                published.look()
            assert published.ends
    assert connections == []


def test_a_page_waits_for_an_open_transaction_and_does_not_ask_all_the_time(kafka: Kafka) -> None:
    partition = partitions_of(kafka, EVENTS)[0]
    transactions = 4

    def publish_slowly() -> None:
        with closing(kafka.producer("slow")) as producer:
            producer.init_transactions()
            for number in range(1, transactions + 1):
                producer.begin_transaction()
                producer.send(partition.topic, b"hello", partition=partition.partition)
                producer.flush()
                time.sleep(2.0 if number == transactions else 0.1)
                producer.commit_transaction()

    bounds = Bounds(reach_seconds=30)
    with closing(KafkaFeed(kafka, {}, 0, 0, None, bounds, Shard(1, 1))) as feed:
        publishing = Thread(target=publish_slowly)
        publishing.start()
        began = time.thread_time()
        page = feed.read({partition: 2 * transactions - 1})  # each has a message, and its end
        computed_seconds = time.thread_time() - began
        publishing.join()
    assert len(page.out_of_turn) == transactions
    assert computed_seconds < 0.3


def with_more_partitions(kafka: Kafka, name: str) -> None:
    add_partitions(kafka, name, 2)


@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (make_again, "was deleted and made again, .* publish --from 1"),
        (delete_topics, "was deleted: run `call-ledger topics create`"),
        (with_more_partitions, "has 2 partitions now"),
    ],
    ids=["made again", "deleted", "partitions added"],
)
def test_a_shard_notices_what_happens_to_the_positions_that_it_follows(
    happens: Callable[[Kafka, str], None],
    says: str,
    tmp_path: Path,
    place: LakePlace,
    kafka: Kafka,
    begun: Begun,
) -> None:
    store, folder, (shard,) = tmp_path / "store", tmp_path / "shard", shards(1)
    record_calls(store, 2)
    bring(store, kafka)
    with at_work(lambda stop: project_shard(folder, kafka, shard, place, stop)) as projecting:
        begun.wait()
        happens(kafka, EVENTS_POSITIONS)
        with pytest.raises(TopicMadeAgain, match=says):
            projecting.result(60)
    create(kafka)
    make_again(kafka, EVENTS_POSITIONS)
    record_calls(store, 4)
    bring(store, kafka, from_position=1)
    assert bring_up(folder, kafka, place, shard).position == 4 * EVENTS_A_CALL
