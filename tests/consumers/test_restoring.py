"""The way back of docs/operations.md when the store is lost and its back-up is older than Kafka."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from consumers.publisher import StoreBehind, publish
from infra.kafka import Kafka
from infra.topics import (
    COMMANDS_POSITIONS,
    EVENTS,
    EVENTS_POSITIONS,
    OUTCOMES,
    REFUSALS,
    create,
)
from ledger.feed import StoreFeed
from tests.consumers.commanding import ask, serve_all
from tests.consumers.made_again import delete_topics
from tests.consumers.recorded import documents_in_store, in_order, messages_in
from tests.ledger.lines import lines_of_calls

NOBODY_STOPS = threading.Event()


def publish_all(folder: Path, kafka: Kafka) -> None:
    publish(lambda: StoreFeed(folder), kafka, NOBODY_STOPS, until_end=True)


def back_up(folder: Path, into: Path) -> None:
    into.mkdir()
    with (
        closing(sqlite3.connect(folder / "ledger.sqlite")) as store,
        closing(sqlite3.connect(into / "ledger.sqlite")) as copy,
    ):
        store.backup(copy)


@pytest.mark.slow
def test_commands_in_kafka_bring_back_what_an_older_backup_lacks(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, restored = tmp_path / "store", tmp_path / "restored"
    lines = lines_of_calls(5)
    ask(kafka, lines[:18])
    serve_all(store, kafka)
    back_up(store, restored)
    ask(kafka, lines[18:])
    serve_all(store, kafka)
    publish_all(store, kafka)
    with pytest.raises(StoreBehind):
        publish_all(restored, kafka)

    delete_topics(kafka, EVENTS, REFUSALS, EVENTS_POSITIONS, COMMANDS_POSITIONS)
    create(kafka)
    assert serve_all(restored, kafka, from_beginning=True) == len(lines)
    publish_all(restored, kafka)
    documents = documents_in_store(restored)
    assert list(in_order(messages_in(kafka, EVENTS))) == documents
    assert len(documents) == len(documents_in_store(store))
    assert documents[:21] == documents_in_store(store)[:21]
    answered = [orjson.loads(one.value)["command_id"] for one in messages_in(kafka, OUTCOMES)]
    assert sorted(answered) == sorted(2 * [orjson.loads(line)["command_id"] for line in lines])
