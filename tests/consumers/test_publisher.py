"""Every event is in Kafka once, as it is stored, and one publisher at a time brings it there."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from kafka.errors import KafkaConnectionError
from kafka.net.compat import KafkaNetClient

from consumers.kafka.transactions import Fenced
from consumers.publisher import FromBeyond, StoreBehind, publish
from infra.kafka import Kafka
from infra.topics import EVENTS, REFUSALS
from ledger.feed import StoreFeed
from ledger.store.interface import Ends
from tests.consumers.projecting import NOBODY_STOPS, bring
from tests.consumers.recorded import (
    EVENTS_A_CALL,
    documents_in_store,
    in_order,
    messages_in,
    position_of,
    record_calls,
)

CALLS = 300


def test_kafka_has_every_document_once_as_it_is_stored(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, CALLS)
    assert bring(tmp_path, kafka, page_events=500) == (CALLS * EVENTS_A_CALL, CALLS)
    messages = messages_in(kafka, EVENTS)
    assert list(in_order(messages)) == documents_in_store(tmp_path)
    assert sorted(map(position_of, messages)) == list(range(1, CALLS * EVENTS_A_CALL + 1))
    assert len(messages_in(kafka, REFUSALS)) == CALLS


def test_a_calls_events_are_in_one_partition_in_their_order(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, CALLS)
    bring(tmp_path, kafka)
    partitions: dict[bytes, set[int]] = {}
    last: dict[bytes, int] = {}
    for message in messages_in(kafka, EVENTS):
        partitions.setdefault(message.key, set()).add(message.partition)
        assert last.get(message.key, 0) < position_of(message)
        last[message.key] = position_of(message)
    assert len(partitions) == CALLS
    assert all(len(one) == 1 for one in partitions.values())
    assert len(set().union(*partitions.values())) > 1


def test_the_official_sdk_reads_the_events(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 1)
    bring(tmp_path, kafka)
    messages = messages_in(kafka, EVENTS)
    assert len(messages) == EVENTS_A_CALL
    for message in messages:
        event = from_structured(
            KafkaMessage(headers=dict(message.headers), key=message.key, value=message.value),
            JSONFormat(),
        )
        assert event.get_subject() == message.key.decode()
        assert event.get_type().startswith("call.")
        assert event.get_id() == f"{event.get_subject()}/{event.get_extension('version')}"


def test_a_publisher_that_starts_again_sends_only_what_is_new(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 5)
    bring(tmp_path, kafka)
    assert bring(tmp_path, kafka) == (5 * EVENTS_A_CALL, 5)
    assert len(messages_in(kafka, EVENTS)) == 5 * EVENTS_A_CALL


def test_events_are_sent_again_from_a_position(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 5)
    bring(tmp_path, kafka)
    bring(tmp_path, kafka, from_position=31)
    times = Counter(map(position_of, messages_in(kafka, EVENTS)))
    assert times == {at: 2 if at >= 31 else 1 for at in range(1, 36)}


@pytest.mark.parametrize(("published_calls", "position"), [(0, 2), (1, 9), (1, 15), (3, 500)])
def test_no_position_is_passed_over_by_sending_again_from_beyond_it(
    published_calls: int, position: int, tmp_path: Path, kafka: Kafka
) -> None:
    if published_calls:
        record_calls(tmp_path, published_calls)
        bring(tmp_path, kafka)
    record_calls(tmp_path, 3)
    last = published_calls * EVENTS_A_CALL
    with pytest.raises(FromBeyond, match=f"--from {last + 1} at the most"):
        bring(tmp_path, kafka, from_position=position)
    assert bring(tmp_path, kafka, from_position=last + 1).position >= 3 * EVENTS_A_CALL
    sent = sorted(map(position_of, messages_in(kafka, EVENTS)))
    assert sent == [*range(1, len(documents_in_store(tmp_path)) + 1)]


def test_of_two_publishers_the_first_is_fenced_and_leaves(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 2_000)
    paused, taken_over = threading.Event(), threading.Event()

    def pause_after_the_first_page(done: Ends, _: float) -> None:
        if done.position and not paused.is_set():
            paused.set()
            assert taken_over.wait(60)

    ended: list[BaseException] = []

    def first() -> None:
        try:
            publish(
                lambda: StoreFeed(tmp_path),
                kafka,
                NOBODY_STOPS,
                on_page=pause_after_the_first_page,
                page_events=500,
            )
        except Fenced as error:
            ended.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    assert paused.wait(60)
    bring(tmp_path, kafka)
    taken_over.set()
    thread.join(60)
    assert [type(error) for error in ended] == [Fenced]
    assert list(in_order(messages_in(kafka, EVENTS))) == documents_in_store(tmp_path)
    assert set(Counter(map(position_of, messages_in(kafka, EVENTS))).values()) == {1}


def test_a_page_is_not_forgotten_when_its_broker_is_not_ready_at_first(
    tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    await_ready = KafkaNetClient.await_ready

    def not_ready_at_first(client: KafkaNetClient, broker: str, **how: Any) -> bool:
        asked[broker] += 1
        if asked[broker] % 3:
            raise KafkaConnectionError("not ready")
        return bool(await_ready(client, broker, **how))

    monkeypatch.setattr(KafkaNetClient, "await_ready", not_ready_at_first)
    record_calls(tmp_path, CALLS)
    impatient = replace(kafka, patience_seconds=10)
    assert bring(tmp_path, impatient, page_events=500).position == CALLS * EVENTS_A_CALL
    assert len(messages_in(kafka, EVENTS)) == CALLS * EVENTS_A_CALL
    assert max(asked.values()) > 9


def test_a_store_without_events_publishes_nothing_and_ends(tmp_path: Path, kafka: Kafka) -> None:
    record_calls(tmp_path, 0)
    assert bring(tmp_path, kafka) == (0, 0)
    assert messages_in(kafka, EVENTS) == []


def test_a_store_restored_to_before_what_kafka_has_is_refused(tmp_path: Path, kafka: Kafka) -> None:
    later, earlier = tmp_path / "later", tmp_path / "earlier"
    record_calls(later, 5)
    bring(later, kafka)
    record_calls(earlier, 4)
    with pytest.raises(StoreBehind, match="only up to 28 and 4: it is another ledger"):
        bring(earlier, kafka)
    assert len(messages_in(kafka, EVENTS)) == 5 * EVENTS_A_CALL
