"""What is published goes to a topic, not to a name: one that was made again is another.

Who follows the way that is said has everything in Kafka.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from consumers.kafka.checkpoints import NoCheckpoint, PositionsLost
from consumers.kafka.topic_identity import TopicMadeAgain
from consumers.publisher import publish
from infra.kafka import Kafka
from infra.topics import (
    EVENTS,
    EVENTS_POSITIONS,
    REFUSALS,
)
from ledger.feed import StoreFeed
from tests.consumers.at_work import Begun, at_work
from tests.consumers.made_again import (
    make_again,
    put_entry,
)
from tests.consumers.projecting import bring, read, rows_from_store, rows_in
from tests.consumers.recorded import EVENTS_A_CALL, documents_in_store, messages_in, record_calls

FROM_ONE = "publish --from 1"


PUBLISHED = (EVENTS, REFUSALS)


def refusals_in_store(folder: Path) -> list[bytes]:
    with StoreFeed(folder) as feed:
        return [document for batch in feed.refusals(0) for document in batch.documents]


def published_documents(kafka: Kafka) -> set[bytes]:
    return {message.value for message in messages_in(kafka, EVENTS)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"publisher", b"hello"),
        (b"publisher", b"[1]"),
        (b"publisher", b"{}"),
        (b"publisher", b'{"place": 3}'),
        (b"publisher", b'{"position": "3"}'),
        (b"publisher", b'{"position": true}'),
        (b"publisher", b'{"position": 1.0}'),
        (b"publisher", b'{"position": -3}'),
        (b"publisher", b'{"position": 9223372036854775808}'),
        (b"publisher", b'{"position": 3, "last_event": "a"}'),
        (b"publisher", b'{"position": 3, "topics": 5}'),
        (b"publisher", b'{"position": 3, "topics": {"call-events": null}}'),
        (b"somebody", b'{"position": 3}'),
        (None, None),
    ],
)
def test_what_is_no_position_is_said_and_the_way_on_leads_on(
    key: bytes | None, value: bytes | None, tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, 2)
    bring(tmp_path, kafka)
    put_entry(kafka, EVENTS_POSITIONS, key or b"command-consumer", value)
    for _ in range(2):
        with pytest.raises(NoCheckpoint, match=FROM_ONE):
            bring(tmp_path, kafka)
    bring(tmp_path, kafka, from_position=1)
    assert bring(tmp_path, kafka).position == 2 * EVENTS_A_CALL
    assert published_documents(kafka) == set(documents_in_store(tmp_path))


@pytest.mark.parametrize(
    "names", [(EVENTS,), (REFUSALS,), PUBLISHED, (EVENTS_POSITIONS,), (EVENTS, EVENTS_POSITIONS)]
)
def test_a_publisher_says_what_was_made_again_and_brings_everything_on_the_way_that_is_said(
    names: tuple[str, ...], tmp_path: Path, kafka: Kafka
) -> None:
    store = tmp_path / "store"
    record_calls(store, 3)
    bring(store, kafka)
    make_again(kafka, *names)
    record_calls(store, 5)
    for _ in range(2):
        with pytest.raises((TopicMadeAgain, PositionsLost), match=FROM_ONE):
            bring(store, kafka)
    if EVENTS in names:
        with pytest.raises((TopicMadeAgain, PositionsLost), match=FROM_ONE):
            bring(store, kafka, from_position=9)
    bring(store, kafka, from_position=1)
    assert published_documents(kafka) == set(documents_in_store(store))
    assert {one.value for one in messages_in(kafka, REFUSALS)} == set(refusals_in_store(store))
    read(tmp_path / "tables", kafka)
    assert rows_in(tmp_path / "tables") == rows_from_store(store, tmp_path / "embedded")


@pytest.mark.parametrize("name", [*PUBLISHED, EVENTS_POSITIONS])
def test_the_way_on_may_be_broken_off_before_its_first_page(
    name: str, tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, 3)
    bring(tmp_path, kafka)
    make_again(kafka, name)
    ended = threading.Event()
    ended.set()
    publish(lambda: StoreFeed(tmp_path), kafka, ended, from_position=1)
    assert bring(tmp_path, kafka) == (3 * EVENTS_A_CALL, 3)
    assert published_documents(kafka) == set(documents_in_store(tmp_path))
    assert {one.value for one in messages_in(kafka, REFUSALS)} == set(refusals_in_store(tmp_path))


@pytest.mark.parametrize("name", [*PUBLISHED, EVENTS_POSITIONS])
def test_a_publisher_notices_a_topic_that_is_made_again_while_it_works(
    name: str, tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    record_calls(tmp_path, 3)
    with at_work(lambda stop: publish(lambda: StoreFeed(tmp_path), kafka, stop)) as publishing:
        begun.wait()
        make_again(kafka, name)
        with pytest.raises(TopicMadeAgain, match=FROM_ONE):
            publishing.result(60)
