"""The real servers of a bench, in a folder of its own, ended with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.local.postgresql import LocalPostgresql
from infra.postgresql import Postgresql


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        yield Path(name)


@contextmanager
def postgresql_in(folder: Path) -> Iterator[LocalPostgresql]:
    server = LocalPostgresql(folder / "postgresql")
    with ended_with_this_process(server):
        server.start()
        yield server


@contextmanager
def kafka_in(folder: Path) -> Iterator[LocalKafka]:
    server = LocalKafka(folder / "kafka")
    with ended_with_this_process(server):
        server.start()
        yield server


def schema(server: LocalPostgresql, name: str) -> Postgresql:
    """An event store of its own."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return Postgresql(f"{server.url}?options={quote(f'-csearch_path={name}')}")
