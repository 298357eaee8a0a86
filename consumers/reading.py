"""Reading topics from kept offsets: `assign` and `seek`, never a group that Kafka keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import topics


def partitions_of(kafka: Kafka, *names: str) -> list[TopicPartition]:
    """Every partition of the topics."""
    return [
        TopicPartition(kafka.topic(name), number)
        for name in names
        for number in range(topics()[name].partitions)
    ]


def consumer_at(kafka: Kafka, offsets: Mapping[TopicPartition, int], *names: str) -> KafkaConsumer:
    """A consumer of the topics from these offsets on, or from the beginning where there is none.

    Raises `KafkaUnavailable`.
    """
    partitions = partitions_of(kafka, *names)
    with kafka.explained():
        consumer = kafka.consumer()
        try:
            consumer.assign(partitions)
            beginnings = consumer.beginning_offsets(partitions)
            for one in partitions:
                consumer.seek(one, offsets.get(one, beginnings[one]))
        except BaseException:
            consumer.close()
            raise
    return consumer


def is_at_end(kafka: Kafka, consumer: KafkaConsumer) -> bool:
    """Whether everything that Kafka has now was read. Raises `KafkaUnavailable`."""
    with kafka.explained():
        ends = consumer.end_offsets(consumer.assignment())
        return all(consumer.position(one) >= end for one, end in ends.items())


@contextmanager
def reading(kafka: Kafka, lost: str) -> Iterator[None]:
    """Turn a reader's errors into sentences; `lost` is the step when Kafka has thrown away."""
    try:
        yield
    except OffsetOutOfRangeError as error:
        raise KafkaUnavailable(f"Kafka no longer has what comes next: {lost}") from error
    except KafkaError:
        with kafka.explained():
            raise
