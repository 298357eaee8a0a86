"""Topics that somebody deletes and makes again, and other things that happen to them."""

from __future__ import annotations

from infra.kafka import Kafka
from infra.local.servers import wait_until
from infra.topics import create, topics


def delete_topics(kafka: Kafka, *names: str) -> None:
    there = {kafka.topic(name) for name in names}
    with kafka.admin() as admin:
        admin.delete_topics(list(there))
        assert wait_until(lambda: not there & set(admin.list_topics()), 120)


def make_again(kafka: Kafka, *names: str) -> None:
    """Delete the topics, all of them when none is named, and make them as they must be."""
    delete_topics(kafka, *(names or topics()))
    create(kafka)


def make_again_with(kafka: Kafka, name: str, partitions: int) -> None:
    """Delete a topic and make it with so many partitions."""
    delete_topics(kafka, name)
    wanted = {
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": topics()[name].settings_on(1),
    }
    with kafka.admin() as admin:
        admin.create_topics({kafka.topic(name): wanted})
        admin.wait_for_topics([kafka.topic(name)])


def add_partitions(kafka: Kafka, name: str, partitions: int) -> None:
    """Let a topic have so many partitions in all."""
    topic = kafka.topic(name)
    with kafka.admin() as admin:
        admin.create_partitions({topic: partitions})
        # Brokers answer before they show them to others.
        assert wait_until(
            lambda: len(admin.describe_topics([topic])[0]["partitions"]) == partitions, 120
        )


def put_entry(kafka: Kafka, positions: str, key: bytes, value: bytes | None) -> None:
    """An entry of a topic of positions that somebody writes by hand."""
    producer = kafka.producer()
    producer.send(kafka.topic(positions), value, key).get(timeout=30)
    producer.close()
