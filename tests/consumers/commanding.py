"""Commands put into Kafka as a desktop does, and served."""

from __future__ import annotations

import threading
from pathlib import Path

import orjson

from consumers.command_consumer import serve
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.topics import COMMANDS
from ledger.ledger import Ledger

NOBODY_STOPS = threading.Event()


def ask(
    kafka: Kafka,
    lines: list[bytes],
    key: bytes | None = None,
    headers: list[tuple[str, bytes]] | None = None,
) -> None:
    producer = kafka.producer()
    for line in lines:
        call = key or orjson.loads(line)["call_id"].encode()
        producer.send(kafka.topic(COMMANDS), line, call, headers)
    producer.flush(30)
    producer.close()


def serve_all(folder: LedgerFolder | Path, kafka: Kafka, from_beginning: bool = False) -> int:
    return serve(
        lambda: Ledger.open(folder),
        kafka,
        NOBODY_STOPS,
        until_end=True,
        from_beginning=from_beginning,
    )
