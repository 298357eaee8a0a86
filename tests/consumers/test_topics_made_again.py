"""A topic that was deleted and made again is another topic: nobody goes on in it as if it were not.

Each process says so with the way on, and who follows that way has everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from consumers.command_consumer import serve
from consumers.kafka.checkpoints import NoCheckpoint, PositionsLost
from consumers.kafka.topic_identity import TopicMadeAgain, WatchedTopics
from consumers.projector import project
from consumers.publisher import publish
from infra.errors import LedgerError
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import (
    COMMANDS,
    COMMANDS_POSITIONS,
    EVENTS,
    EVENTS_POSITIONS,
    OUTCOMES,
    REFUSALS,
    create,
)
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.quarantine import reading_quarantine
from projections.database import FILE_NAME
from tests.consumers.commanding import ask, serve_all
from tests.consumers.made_again import (
    add_partitions,
    delete_topics,
    make_again,
    make_again_with,
    put_entry,
)
from tests.consumers.projecting import bring, read, rows_from_store, rows_in
from tests.consumers.recorded import EVENTS_A_CALL, documents_in_store, messages_in, record_calls
from tests.entrypoints.calling import call
from tests.ledger.test_kill import lines_of_calls

FROM_BEGINNING = "serve-commands --from-beginning"
FROM_ONE = "publish --from 1"
PUBLISHED = (EVENTS, REFUSALS)


@contextmanager
def at_work(work: Callable[[threading.Event], Any]) -> Iterator[Future[Any]]:
    """A process that goes on until it is told to end, or ends by itself."""
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work, stopping)
        try:
            yield future
        finally:
            stopping.set()


class Begun:
    """Set when a process has looked at its topics and is at work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._event = threading.Event()
        look = WatchedTopics.check_now_and_then

        def look_and_tell(topics: WatchedTopics) -> None:
            look(topics)
            self._event.set()

        monkeypatch.setattr(WatchedTopics, "check_now_and_then", look_and_tell)

    def wait(self) -> None:
        assert self._event.wait(60)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    return Begun(monkeypatch)


def ids_answered(kafka: Kafka) -> set[str]:
    return {orjson.loads(one.value)["command_id"] for one in messages_in(kafka, OUTCOMES)}


def ids_of(lines: list[bytes]) -> set[str]:
    return {orjson.loads(line)["command_id"] for line in lines}


def refusals_in_store(folder: Path) -> list[bytes]:
    with StoreFeed(folder) as feed:
        return [document for batch in feed.refusals(0) for document in batch.documents]


def published_documents(kafka: Kafka) -> set[bytes]:
    return {message.value for message in messages_in(kafka, EVENTS)}


@pytest.mark.parametrize("calls", [2, 4, 12], ids=["fewer", "as many", "more"])
def test_commands_of_a_topic_made_again_are_all_answered_on_the_way_that_is_said(
    calls: int, tmp_path: Path, kafka: Kafka
) -> None:
    before, after = lines_of_calls(4), lines_of_calls(4 + calls)[24:]
    ask(kafka, before)
    serve_all(tmp_path, kafka)
    for _ in range(2):  # made again twice
        make_again(kafka, COMMANDS)
    ask(kafka, after)
    for _ in range(2):
        with pytest.raises(TopicMadeAgain, match=FROM_BEGINNING):
            serve_all(tmp_path, kafka)
    assert serve_all(tmp_path, kafka, from_beginning=True) == len(after)
    assert ids_answered(kafka) == ids_of(before) | ids_of(after)
    assert serve_all(tmp_path, kafka) == 0


def test_a_topic_of_commands_may_have_another_number_of_partitions(
    tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(8)
    make_again_with(kafka, COMMANDS, 2)
    make_again_with(kafka, OUTCOMES, 3)
    ask(kafka, lines[:24])
    assert serve_all(tmp_path, kafka) == 24
    add_partitions(kafka, COMMANDS, 9)
    ask(kafka, lines[24:])
    assert serve_all(tmp_path, kafka) == len(lines) - 24


def test_partitions_that_are_added_while_commands_are_served_are_noticed(
    tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    lines = lines_of_calls(8)
    ask(kafka, lines[:24])
    with at_work(lambda stop: serve(lambda: Ledger.open(tmp_path), kafka, stop)) as serving:
        begun.wait()
        add_partitions(kafka, COMMANDS, 9)
        with pytest.raises(TopicMadeAgain, match="has 9 partitions now, and had 6: start this"):
            serving.result(30)
    ask(kafka, lines[24:])
    serve_all(tmp_path, kafka)
    assert ids_of(lines) == {
        orjson.loads(line)["commandid"] for line in documents_in_store(tmp_path)
    } | {orjson.loads(one.value)["command_id"] for one in messages_in(kafka, OUTCOMES)}


@pytest.mark.parametrize("name", [COMMANDS, OUTCOMES])
def test_a_topic_made_again_while_commands_are_served_is_noticed(
    name: str, tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    ask(kafka, lines_of_calls(4))
    serve_all(tmp_path, kafka)
    with at_work(lambda stop: serve(lambda: Ledger.open(tmp_path), kafka, stop)) as serving:
        begun.wait()
        make_again(kafka, name)
        with pytest.raises(LedgerError) as failed:
            serving.result(60)
    assert "was deleted" in str(failed.value)
    assert FROM_BEGINNING in str(failed.value)
    lines = lines_of_calls(9)
    ask(kafka, lines)
    with pytest.raises(TopicMadeAgain):
        serve_all(tmp_path, kafka)
    serve_all(tmp_path, kafka, from_beginning=True)
    assert ids_answered(kafka) >= ids_of(lines)


def test_a_topic_deleted_while_commands_are_served_is_noticed(
    tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    ask(kafka, lines_of_calls(2))
    serve_all(tmp_path, kafka)
    with at_work(lambda stop: serve(lambda: Ledger.open(tmp_path), kafka, stop)) as serving:
        begun.wait()
        delete_topics(kafka, COMMANDS)
        with pytest.raises(TopicMadeAgain, match="was deleted: run `call-ledger topics create`"):
            serving.result(30)
    with pytest.raises(KafkaUnavailable, match="call-ledger topics create"):
        serve_all(tmp_path, kafka)


def test_lost_positions_of_commands_are_said_and_every_command_can_be_answered_again(
    tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(3)
    ask(kafka, lines)
    serve_all(tmp_path, kafka)
    make_again(kafka, COMMANDS_POSITIONS)
    for _ in range(2):
        with pytest.raises(PositionsLost, match=FROM_BEGINNING):
            serve_all(tmp_path, kafka)
    assert serve_all(tmp_path, kafka, from_beginning=True) == len(lines)
    assert serve_all(tmp_path, kafka) == 0
    assert len(documents_in_store(tmp_path)) == 3 * EVENTS_A_CALL


def test_a_deleted_entry_of_positions_is_the_beginning_anew(tmp_path: Path, kafka: Kafka) -> None:
    lines = lines_of_calls(3)
    ask(kafka, lines)
    serve_all(tmp_path, kafka)
    put_entry(kafka, COMMANDS_POSITIONS, b"command-consumer", None)
    assert serve_all(tmp_path, kafka) == len(lines)
    assert serve_all(tmp_path, kafka) == 0
    bring(tmp_path, kafka)
    put_entry(kafka, EVENTS_POSITIONS, b"publisher", None)
    bring(tmp_path, kafka)
    assert len(messages_in(kafka, EVENTS)) == 2 * 3 * EVENTS_A_CALL
    bring(tmp_path, kafka)
    assert len(messages_in(kafka, EVENTS)) == 2 * 3 * EVENTS_A_CALL
    assert read(tmp_path / "tables", kafka).position == 3 * EVENTS_A_CALL


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"publisher", b"hello"), (b"publisher", b"[1]"), (b"somebody", b"{}"), (None, None)],
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


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_publisher_notices_a_topic_that_is_made_again_while_it_works(
    name: str, tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    record_calls(tmp_path, 3)
    with at_work(lambda stop: publish(lambda: StoreFeed(tmp_path), kafka, stop)) as publishing:
        begun.wait()
        make_again(kafka, name)
        with pytest.raises(TopicMadeAgain, match=FROM_ONE):
            publishing.result(60)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("more_calls", [0, 6], ids=["fewer", "more"])
def test_tables_of_topics_that_were_made_again_are_not_gone_on_with(
    name: str, more_calls: int, tmp_path: Path, kafka: Kafka
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 4)
    bring(store, kafka)
    read(folder, kafka)
    make_again(kafka, name)
    if more_calls:
        record_calls(store, 4 + more_calls)
        bring(store, kafka, from_position=1)
    for _ in range(2):
        with pytest.raises(TopicMadeAgain, match=r"projections\.duckdb"):
            read(folder, kafka)
    bring(store, kafka, from_position=1)
    (folder / FILE_NAME).unlink()
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_projector_notices_a_topic_that_is_made_again_while_it_works(
    name: str, tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 4)
    bring(store, kafka)
    read(folder, kafka)
    with at_work(lambda stop: project(folder, kafka, stop)) as projecting:
        begun.wait()
        make_again(kafka, name)
        with pytest.raises(TopicMadeAgain, match=r"projections\.duckdb"):
            projecting.result(60)


@pytest.mark.parametrize("name", PUBLISHED)
def test_partitions_added_to_what_is_published_are_noticed_and_the_way_back_is_said(
    name: str, tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 4)
    bring(store, kafka)
    read(folder, kafka)
    with at_work(lambda stop: project(folder, kafka, stop)) as projecting:
        begun.wait()
        add_partitions(kafka, name, 8)
        with pytest.raises(TopicMadeAgain, match="has 8 partitions now"):
            projecting.result(60)
    for work in (lambda: bring(store, kafka), lambda: read(folder, kafka)):
        with pytest.raises(KafkaUnavailable, match="by which a call's events are out of order"):
            work()
    make_again(kafka, name)
    bring(store, kafka, from_position=1)
    (folder / FILE_NAME).unlink()
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


def test_a_whole_new_cluster_is_filled_from_the_store_and_old_tables_are_refused(
    tmp_path: Path, kafka: Kafka
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    lines = lines_of_calls(4)
    ask(kafka, lines)
    serve_all(store, kafka)
    bring(store, kafka)
    read(folder, kafka)
    make_again(kafka)
    assert serve_all(store, kafka) == 0
    with pytest.raises(TopicMadeAgain):
        read(folder, kafka)
    bring(store, kafka)
    assert published_documents(kafka) == set(documents_in_store(store))
    with pytest.raises(TopicMadeAgain, match=r"projections\.duckdb"):
        read(folder, kafka)
    (folder / FILE_NAME).unlink()
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")


def test_quarantine_knows_a_message_by_its_topic_and_its_bytes(
    tmp_path: Path, kafka: Kafka
) -> None:
    ask(kafka, [b"first"], key=b"x")
    for from_beginning in (False, True):  # the same message again
        serve_all(tmp_path, kafka, from_beginning)
    make_again(kafka)
    ask(kafka, [b"second"], key=b"x")
    serve_all(tmp_path, kafka)
    with reading_quarantine(tmp_path) as quarantine:
        assert [one.original for one in quarantine.list()] == [b"first", b"second"]


@pytest.mark.parametrize(
    ("name", "says", "unknown"),
    [
        (COMMANDS, FROM_BEGINNING, ["lag_commands", "lag_commands_seconds"]),
        (OUTCOMES, FROM_BEGINNING, ["lag_commands", "lag_commands_seconds"]),
        (COMMANDS_POSITIONS, FROM_BEGINNING, ["lag_commands", "lag_commands_seconds"]),
        (EVENTS, FROM_ONE, ["published_position", "publish_lag_events", "kafka_lag_events"]),
        (REFUSALS, FROM_ONE, ["published_position", "publish_lag_events", "kafka_lag_events"]),
        (EVENTS_POSITIONS, FROM_ONE, ["published_position", "kafka_lag_events"]),
    ],
)
def test_status_and_check_say_what_was_made_again_and_no_lag_is_0_that_is_not_known(
    name: str, says: str, unknown: list[str], tmp_path: Path, kafka: Kafka
) -> None:
    where = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    ask(kafka, lines_of_calls(2))
    serve_all(tmp_path, kafka)
    bring(tmp_path, kafka)
    assert call(tmp_path, "topics", "check", variables=where).code == 0
    assert call(tmp_path, "status", variables=where).code == 0
    delete_topics(kafka, name)
    create(kafka)
    checked = call(tmp_path, "topics", "check", variables=where)
    assert (checked.code, says in checked.out) == (1, True)
    status = call(tmp_path, "status", "--json", variables=where)
    assert status.code == 1
    facts = orjson.loads(status.out)
    assert [facts[figure] for figure in unknown] == [None] * len(unknown)
    assert any(says in problem for problem in facts["kafka_problems"])
    shown = call(tmp_path, "status", variables=where)
    assert "unknown" in shown.out
    assert says in " ".join(shown.out.split())
