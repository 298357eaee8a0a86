"""Servers that really run, started for a test session and ended with it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.local.postgresql import LocalPostgresql
from infra.topics import create

# While a broker is away the client says so many times a second, and would hide what a test says.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

# How long an example takes says how busy the machine is, not whether a promise is kept.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach."""
    # Not in pytest's own folder: another session that starts closes that to other accounts.
    with TemporaryDirectory(prefix="call-ledger-servers-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def servers() -> Iterator[Path]:
    """The folder of this session's servers."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture
def own_servers() -> Iterator[Path]:
    """A folder for the servers of this one test."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgresql(servers: Path) -> Iterator[LocalPostgresql]:
    """A running PostgreSQL 18 of this test session."""
    server = LocalPostgresql(servers / "postgresql")
    with ended_with_this_process(server):
        server.start()
        yield server


@pytest.fixture(scope="session")
def kafka_server(servers: Path) -> Iterator[LocalKafka]:
    """A running Apache Kafka of this test session, with one broker."""
    server = LocalKafka(servers / "kafka")
    with ended_with_this_process(server):
        server.start()
        yield server


@pytest.fixture
def kafka(kafka_server: LocalKafka) -> Kafka:
    """Fresh topics of this one test."""
    return with_fresh_topics(kafka_server)


def with_fresh_topics(server: LocalKafka) -> Kafka:
    """That Kafka, with topics under a prefix of their own."""
    one = Kafka(server.bootstrap, prefix=f"test-{uuid.uuid4().hex[:8]}.")
    create(one)
    return one
