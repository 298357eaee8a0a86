"""Topics made again where each broker learns of it in its own time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.kafka.topic_identity import TopicMadeAgain
from infra.kafka import Kafka, brokers_seen
from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.topics import EVENTS, create
from projections.database import FILE_NAME
from tests.consumers.commanding import ask, serve_all
from tests.consumers.made_again import make_again
from tests.consumers.projecting import bring, read, rows_from_store, rows_in
from tests.consumers.recorded import documents_in_store, messages_in
from tests.ledger.lines import lines_of_calls


@pytest.fixture
def three_brokers(tmp_path: Path) -> Iterator[Kafka]:
    server = LocalKafka(tmp_path / "servers")
    with ended_with_this_process(server):
        kafka = Kafka(server.start(brokers=3))
        create(kafka)
        yield kafka


@pytest.mark.slow
def test_a_cluster_of_three_brokers_is_filled_again_from_the_store(
    tmp_path: Path, three_brokers: Kafka
) -> None:
    kafka, store, folder = three_brokers, tmp_path / "store", tmp_path / "kafka"
    assert brokers_seen(kafka.bootstrap) == 3
    ask(kafka, lines_of_calls(4))
    serve_all(store, kafka)
    bring(store, kafka)
    read(folder, kafka)
    make_again(kafka)
    assert serve_all(store, kafka) == 0
    with pytest.raises(TopicMadeAgain, match=r"projections\.duckdb"):
        read(folder, kafka)
    bring(store, kafka)
    assert {one.value for one in messages_in(kafka, EVENTS)} == set(documents_in_store(store))
    (folder / FILE_NAME).unlink()
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")
