"""Reading topics from kept offsets: `assign` and `seek`, never a group that Kafka keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, OffsetOutOfRangeError

from infra.kafka import POLL_MESSAGES, Kafka, KafkaUnavailable, KeptAdmin
from infra.kafka_client import next_offsets
from infra.topics import topics


def partitions_of(kafka: Kafka, *names: str) -> list[TopicPartition]:
    """Every partition that the topics must have."""
    return [
        partition
        for name in names
        for partition in numbered_partitions(kafka, name, topics()[name].partitions)
    ]


def numbered_partitions(kafka: Kafka, name: str, count: int) -> list[TopicPartition]:
    """So many partitions of a topic."""
    return [TopicPartition(kafka.topic(name), number) for number in range(count)]


def consumer_at(
    kafka: Kafka,
    offsets: Mapping[TopicPartition, int],
    partitions: Sequence[TopicPartition],
    at_once: int = POLL_MESSAGES,
) -> KafkaConsumer:
    """A consumer from these offsets on, or from the beginning of a partition that has none.

    Raises `KafkaUnavailable`.
    """
    with kafka.explained():
        consumer = kafka.consumer(at_once)
        try:
            consumer.assign(partitions)
            beginnings = consumer.beginning_offsets(partitions)
            for partition in partitions:
                consumer.seek(partition, offsets.get(partition, beginnings[partition]))
        except BaseException:
            consumer.close()
            raise
    return consumer


def ends_of(kafka: Kafka, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """The offset after the last message of each partition, committed or not yet.

    A reader of committed messages must not ask for its own end: Kafka answers a commit before it
    has marked the messages as committed, so that end can come before what is committed already.
    Raises `KafkaUnavailable`.
    """
    with kafka.admin() as admin:
        return ends_said(admin, partitions)


def ends_said(
    admin: KafkaAdminClient, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """As `ends_of`, over a connection that is there. Raises `KafkaError`."""
    found = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {partition: end.offset for partition, end in found.items()}


class Ends:
    """Asks as `ends_of` does, over a connection that is kept."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._admin = KeptAdmin(kafka)

    def of(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The ends as of now. Raises `KafkaUnavailable`."""
        if self._admin.is_open:
            try:
                return ends_said(self._admin.client(), partitions)
            except KafkaError:
                self.close()  # the broker that it leads to may be another one by now
        with self._kafka.explained():
            return ends_said(self._admin.client(), partitions)

    def close(self) -> None:
        """Close the connection."""
        self._admin.close()


def has_reached(consumer: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether everything before these offsets was read."""
    places = next_offsets(consumer)
    return all(places[partition] >= end for partition, end in ends.items())


def is_at_end(kafka: Kafka, consumer: KafkaConsumer) -> bool:
    """Whether everything that Kafka has now was read. Raises `KafkaUnavailable`.

    It is not while somebody's transaction is open; Kafka ends one that was left after a minute.
    """
    return has_reached(consumer, ends_of(kafka, consumer.assignment()))


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
