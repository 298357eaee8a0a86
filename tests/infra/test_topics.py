"""Topics are made as the file says, and one that would lose events is refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from infra.kafka import Kafka, KafkaUnavailable
from infra.local.servers import wait_until
from infra.topics import EVENTS, EVENTS_POSITIONS, check, check_safe, create, topics


def test_topics_that_were_made_are_as_they_must_be_and_stay(kafka: Kafka) -> None:
    assert check(kafka) == []
    assert create(kafka) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retention.ms", "604800000"),
        ("cleanup.policy", "compact"),
        ("unclean.leader.election.enable", "true"),
        ("retention.bytes", "1000000000"),
        ("compression.type", "producer"),
    ],
)
def test_a_topic_that_would_lose_events_is_refused(kafka: Kafka, setting: str, value: str) -> None:
    resource = ConfigResource(
        ConfigResourceType.TOPIC, kafka.topic(EVENTS), configs={setting: value}
    )
    with kafka.admin() as admin:
        admin.alter_configs([resource])
    assert wait_until(lambda: bool(check(kafka)), 10), "the broker did not take the setting"
    with pytest.raises(KafkaUnavailable, match=f"{setting}={value} instead of"):
        check_safe(kafka, EVENTS)
    check_safe(kafka, EVENTS_POSITIONS)


def test_a_topic_with_another_number_of_partitions_is_refused(kafka: Kafka) -> None:
    more = topics()[EVENTS].partitions + 1
    with kafka.admin() as admin:
        admin.create_partitions({kafka.topic(EVENTS): more})
    assert wait_until(lambda: bool(check(kafka)), 10), "the broker did not add the partition"
    with pytest.raises(KafkaUnavailable, match=f"{more} partitions instead of"):
        check_safe(kafka, EVENTS)


def test_a_topic_that_is_not_there_is_said_to_be_missing(kafka: Kafka) -> None:
    elsewhere = Kafka(kafka.bootstrap, prefix="nowhere.")
    with pytest.raises(KafkaUnavailable, match=r"nowhere.call-events is not there"):
        check_safe(elsewhere, EVENTS)


def test_topics_of_which_a_broker_learns_late_are_waited_for(kafka: Kafka) -> None:
    later = Kafka(kafka.bootstrap, prefix="later.")

    def create_in_a_second() -> list[str]:
        time.sleep(1)
        return create(later)

    with ThreadPoolExecutor() as pool:
        made = pool.submit(create_in_a_second)
        check_safe(later, EVENTS)
        assert len(made.result()) == len(topics())
