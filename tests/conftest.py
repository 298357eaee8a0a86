"""The real servers that tests need: started once, by the code of `call-ledger local up`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from infra.kafka import Kafka
from infra.local_kafka import LocalKafka
from infra.local_postgresql import LocalPostgresql
from infra.topics import create


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgresql]:
    """A running PostgreSQL 18 of this test session."""
    server = LocalPostgresql(tmp_path_factory.mktemp("servers") / "postgresql")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A running Apache Kafka of this test session, with one broker."""
    server = LocalKafka(tmp_path_factory.mktemp("servers") / "kafka")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def kafka(kafka_server: LocalKafka) -> Kafka:
    """Fresh topics of this one test, under a prefix of its own."""
    one = Kafka(kafka_server.bootstrap, prefix=f"test-{uuid.uuid4().hex[:8]}.")
    create(one)
    return one
