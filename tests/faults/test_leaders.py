"""Brokers that lead partitions are killed under load: the others go on, and nothing is lost."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra.kafka import Kafka, KafkaUnavailable
from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.topics import topics
from tests.faults.company import Company, at_work

BROKERS = 3
FAIL_OVERS = 3


def leaders(kafka: Kafka) -> Counter[int]:
    """How many partitions each broker leads."""
    return Counter(one["leader_id"] for one in partitions(kafka))


def is_replaced(number: int, kafka: Kafka) -> bool:
    """Whether other brokers lead everything, as far as they can be asked now."""
    there = partitions(kafka)
    return bool(there) and number not in {one["leader_id"] for one in there}


def all_in_sync(kafka: Kafka) -> bool:
    there = partitions(kafka)
    return bool(there) and all(len(one["isr_nodes"]) == BROKERS for one in there)


def partitions(kafka: Kafka) -> list[dict[str, Any]]:
    """What the brokers say of each partition; nothing while they cannot be asked."""
    described: list[dict[str, Any]] = []
    with suppress(KafkaUnavailable), kafka.admin() as admin:
        described = admin.describe_topics(list(map(kafka.topic, topics())))
    return [one for topic in described for one in topic["partitions"]]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_leaders_that_are_killed_under_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = LocalKafka(tmp_path / "kafka")
    led = 0
    with ended_with_this_process(server):
        kafka = Kafka(server.start(brokers=BROKERS))
        with at_work(Company(tmp_path, kafka)) as company:
            for _ in range(FAIL_OVERS):
                company.wait_until(lambda: all_in_sync(kafka))
                ((number, count),) = leaders(kafka).most_common(1)
                led += count
                broker = server.brokers[number - 1]
                broker.stop(at_once=True)
                company.fault_count += 1
                company.wait_until(partial(is_replaced, number, kafka))
                company.wait_for_answers(100)
                broker.start()
                server.wait_until_ready()
            said = company.end()
    assert led >= FAIL_OVERS
    with capsys.disabled():
        sys.stdout.write(f"\nleaders of {led} partitions killed on three brokers: {said}\n")
