"""A topic that was deleted and made again is another topic: tables and figures are not of it.

Each process says so with the way on, and who follows that way has everything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from consumers.kafka.topic_identity import TopicMadeAgain
from consumers.projector import project
from entrypoints.cli.status import LAG
from entrypoints.workers.lag import TablesAhead, shard_figures
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
from ledger.store.interface import Ends
from projections.database import FILE_NAME
from tests.consumers.at_work import Begun, at_work
from tests.consumers.commanding import ask, serve_all
from tests.consumers.made_again import (
    add_partitions,
    delete_topics,
    make_again,
    put_entry,
)
from tests.consumers.projecting import bring, read, rows_from_store, rows_in
from tests.consumers.recorded import EVENTS_A_CALL, documents_in_store, messages_in, record_calls
from tests.entrypoints.calling import call
from tests.ledger.lines import lines_of_calls

FROM_BEGINNING = "serve-commands --from-beginning"


FROM_ONE = "publish --from 1"


PUBLISHED = (EVENTS, REFUSALS)


def published_documents(kafka: Kafka) -> set[bytes]:
    return {message.value for message in messages_in(kafka, EVENTS)}


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


def with_more_partitions(kafka: Kafka, name: str) -> None:
    add_partitions(kafka, name, 8)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize(
    ("happens", "says"),
    [(make_again, r"projections\.duckdb"), (with_more_partitions, "has 8 partitions now")],
    ids=["made again", "partitions added"],
)
def test_a_projector_notices_what_happens_to_a_topic_while_it_works(
    happens: Callable[[Kafka, str], None],
    says: str,
    name: str,
    tmp_path: Path,
    kafka: Kafka,
    begun: Begun,
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 4)
    bring(store, kafka)
    read(folder, kafka)
    with at_work(lambda stop: project(folder, kafka, stop)) as projecting:
        begun.wait()
        happens(kafka, name)
        with pytest.raises(TopicMadeAgain, match=says):
            projecting.result(120)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_way_back_from_partitions_added_to_what_is_published_is_said(
    name: str, tmp_path: Path, kafka: Kafka
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, 4)
    bring(store, kafka)
    read(folder, kafka)
    add_partitions(kafka, name, 8)
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


def lag_said(folder: Path, kafka: Kafka) -> tuple[int, dict[str, Any], str]:
    where = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    status = call(folder, "status", "--json", variables=where)
    return status.code, status.json, " ".join(status.json["kafka_problems"])


def test_no_lag_is_0_while_the_publisher_begins_anew(tmp_path: Path, kafka: Kafka) -> None:
    store, folder = tmp_path / "store", tmp_path / "tables"
    record_calls(store, 3)
    bring(store, kafka)
    read(folder, kafka)
    code, facts, _ = lag_said(folder, kafka)
    assert (code, facts["kafka_lag_events"]) == (0, 0)
    put_entry(kafka, EVENTS_POSITIONS, b"publisher", None)
    code, facts, problems = lag_said(folder, kafka)
    assert (code, facts["kafka_lag_events"], facts["kafka_lag_seconds"]) == (1, None, None)
    assert "the publisher says 0: it begins anew" in problems
    with pytest.raises(TablesAhead):
        shard_figures(kafka, Ends(21, 3))
    bring(store, kafka)
    code, facts, _ = lag_said(folder, kafka)
    assert (code, facts["kafka_lag_events"]) == (0, 0)


@pytest.mark.parametrize("calls", [1, 5], ids=["fewer events", "more events"])
def test_no_lag_is_0_of_a_store_that_was_not_published(
    calls: int, tmp_path: Path, kafka: Kafka
) -> None:
    store, other = tmp_path / "store", tmp_path / "other"
    record_calls(store, 3)
    bring(store, kafka)
    record_calls(other, calls)
    code, facts, problems = lag_said(other, kafka)
    assert code == 1
    assert "another ledger's" in problems
    assert facts["published_position"] is None
    assert [facts[name] for name in LAG if not name.startswith("lag_commands")] == [None] * 5
