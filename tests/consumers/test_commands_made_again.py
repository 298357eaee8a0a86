"""Commands are served from a topic, not from its name: one that was made again is another.

Who follows the way that is said has every answer.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from consumers.command_consumer import serve
from consumers.kafka.checkpoints import NoCheckpoint, PositionsLost
from consumers.kafka.topic_identity import TopicMadeAgain
from infra.errors import LedgerError
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import (
    COMMANDS,
    COMMANDS_POSITIONS,
    OUTCOMES,
)
from ledger.ledger import Ledger
from ledger.quarantine import reading_quarantine
from tests.consumers.at_work import Begun, at_work
from tests.consumers.commanding import ask, serve_all
from tests.consumers.made_again import (
    add_partitions,
    delete_topics,
    make_again,
    make_again_with,
    put_entry,
)
from tests.consumers.recorded import EVENTS_A_CALL, documents_in_store, messages_in
from tests.ledger.lines import lines_of_calls

FROM_BEGINNING = "serve-commands --from-beginning"


def ids_answered(kafka: Kafka) -> set[str]:
    return {orjson.loads(one.value)["command_id"] for one in messages_in(kafka, OUTCOMES)}


def ids_of(lines: list[bytes]) -> set[str]:
    return {orjson.loads(line)["command_id"] for line in lines}


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
            serving.result(120)
    ask(kafka, lines[24:])
    serve_all(tmp_path, kafka)
    assert ids_of(lines) == {
        orjson.loads(line)["commandid"] for line in documents_in_store(tmp_path)
    } | {orjson.loads(one.value)["command_id"] for one in messages_in(kafka, OUTCOMES)}


@pytest.mark.parametrize("name", [COMMANDS, OUTCOMES, COMMANDS_POSITIONS])
def test_a_topic_made_again_while_commands_are_served_is_noticed(
    name: str, tmp_path: Path, kafka: Kafka, begun: Begun
) -> None:
    ask(kafka, lines_of_calls(4))
    serve_all(tmp_path, kafka)
    with at_work(lambda stop: serve(lambda: Ledger.open(tmp_path), kafka, stop)) as serving:
        begun.wait()
        make_again(kafka, name)
        with pytest.raises(LedgerError) as failed:
            serving.result(120)
    assert "was deleted" in str(failed.value)
    assert FROM_BEGINNING in str(failed.value)
    lines = lines_of_calls(9)
    ask(kafka, lines)
    with pytest.raises((TopicMadeAgain, PositionsLost), match=FROM_BEGINNING):
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
            serving.result(120)
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


@pytest.mark.parametrize(
    "value",
    [b'{"0": "x"}', b'{"0": null}', b'{"0": -3}', b'{"first_event": "x"}', b'{"\xd9\xa3": 1}'],
)
def test_what_is_no_position_of_commands_is_said_and_the_way_on_leads_on(
    value: bytes, tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(2)
    ask(kafka, lines)
    serve_all(tmp_path, kafka)
    put_entry(kafka, COMMANDS_POSITIONS, b"command-consumer", value)
    for _ in range(2):
        with pytest.raises(NoCheckpoint, match=FROM_BEGINNING):
            serve_all(tmp_path, kafka)
    assert serve_all(tmp_path, kafka, from_beginning=True) == len(lines)
    assert serve_all(tmp_path, kafka) == 0


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
