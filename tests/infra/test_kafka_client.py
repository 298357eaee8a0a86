"""The parts of kafka-python that are used beside its interface are where they were looked at."""

from __future__ import annotations

import ast
import gc
import socket
import tomllib
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaError

from infra.errors import LedgerError
from infra.kafka import Kafka, KafkaUnavailable
from infra.kafka_client import (
    FIRST_CHECKED,
    FIRST_UNCHECKED,
    body_of,
    check_version,
    close_within,
    next_offsets,
    poll_whole_batches,
    resume,
)
from infra.local.servers import HOST
from infra.topics import REFUSALS

ROOT = Path(__file__).parents[2]
OURS = ("domain", "infra", "ledger", "projections", "consumers", "importers", "entrypoints")
DEPENDENCIES = ("batch", "client", "consumer", "producer", "sender", "admin")


@pytest.mark.parametrize("installed", ["2.9.9", "3.0.11", "3.1", "3.1.0", "4.0.0"])
def test_a_version_that_nobody_looked_at_is_refused(installed: str) -> None:
    with pytest.raises(LedgerError, match=installed):
        check_version(installed)


def test_the_range_is_that_of_the_project() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    first, unchecked = (".".join(map(str, one)) for one in (FIRST_CHECKED, FIRST_UNCHECKED))
    assert f"kafka-python>={first},<{unchecked}" in wanted


def owner_of(node: ast.expr) -> str:
    """The name of what has the attribute, also where it is itself an attribute of `self`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name.lstrip("_")
    return ""


def test_what_the_client_keeps_to_itself_is_touched_in_one_file() -> None:
    touched = {
        path.relative_to(ROOT).as_posix()
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and owner_of(node.value) in DEPENDENCIES
    }
    assert touched == {"infra/kafka_client.py"}


@pytest.mark.parametrize(
    ("security", "listens"), [("PLAINTEXT", False), ("SSL", False), ("SSL", True)]
)
def test_no_socket_is_left_open_where_no_broker_lets_in(
    kafka: Kafka, security: str, listens: bool
) -> None:
    with socket.socket() as nobody, warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        nobody.bind((HOST, 0))
        without_tls = kafka.bootstrap if listens else f"{HOST}:{nobody.getsockname()[1]}"
        there = Kafka(without_tls, security={"security_protocol": security}, patience_seconds=4)
        with pytest.raises(KafkaUnavailable), there.admin():
            pass
        gc.collect()
    assert [str(one.message) for one in left if one.category is ResourceWarning] == []


def test_a_producer_goes_on_when_a_broker_is_not_ready(kafka: Kafka) -> None:
    with closing(kafka.producer()) as producer:
        client = producer._sender._client
        assert client.await_ready.__qualname__.startswith("ask_again_when_not_ready")
        assert callable(type(client).await_ready)


def test_a_producer_is_closed_without_what_it_could_not_send(kafka: Kafka) -> None:
    producer = kafka.producer()
    thread = producer._sender

    def refuse(**_: Any) -> None:
        raise KafkaError("it takes too long")

    producer.close = refuse
    close_within(producer, 0)
    del producer.close
    assert producer._closed
    thread.join(30)
    assert not thread.is_alive()


def test_batches_are_polled_whole_and_a_paused_partition_is_read_on(kafka: Kafka) -> None:
    there = TopicPartition(kafka.topic(REFUSALS), 0)
    with closing(kafka.producer()) as producer:
        for number in range(10):
            producer.send(there.topic, b"%d" % number, partition=0)
        producer.flush(30)
    with closing(kafka.consumer()) as consumer:
        consumer.assign([there])
        consumer.seek(there, 0)
        assert next_offsets(consumer) == {there: 0}
        bodies: list[bytes] = []

        def decode(batch: Any) -> list[bytes]:
            bodies.append(body_of(batch))
            return [one.value for one in batch]

        poll_whole_batches(consumer, decode)
        consumer.pause(there)
        assert consumer.poll(500) == {}
        assert isinstance(consumer._fetcher._paused_partition_records, dict)
        resume(consumer, [there])
        values: list[bytes] = []
        while len(values) < 10:
            polled = consumer.poll(5_000)
            assert polled
            values += (value for batch in polled[there] for value in batch.value)
        assert values == [b"%d" % number for number in range(10)]
        assert next_offsets(consumer) == {there: 10}
        assert bodies
        assert bodies[0].endswith(b"9\0") or len(bodies) > 1
