"""The real servers of a bench, in a folder of its own, ended with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.local.postgresql import LocalPostgresql


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


@contextmanager
def schema(server: LocalPostgresql, name: str) -> Iterator[str]:
    """A store of its own, named by the setting for as long as this lasts."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    url = f"{server.url}?options={quote(f'-csearch_path={name}')}"
    before = os.environ.get("CALL_LEDGER_STORE")
    os.environ["CALL_LEDGER_STORE"] = url
    try:
        yield url
    finally:
        if before is None:
            del os.environ["CALL_LEDGER_STORE"]
        else:
            os.environ["CALL_LEDGER_STORE"] = before
