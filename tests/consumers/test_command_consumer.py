"""Any program commands the ledger through Kafka: applied once, answered each time the same."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from kafka import KafkaProducer

from infra.kafka import Kafka
from infra.topics import COMMANDS, EVENTS, OUTCOMES
from ledger.answers import ANSWER, RecordedAnswer, RefusedAnswer, UnreadableAnswer
from ledger.feed import StoreFeed
from ledger.quarantine import reading_quarantine
from tests.consumers.commanding import ask, serve_all
from tests.consumers.projecting import bring
from tests.consumers.recorded import documents_in_store, messages_in
from tests.ledger.lines import lines_of_calls
from tests.several_ledgers import ledgers_in, place_of


class Zstandard:
    """The codec of a sender whose library we do not have."""

    class ZstdCompressor:
        def compress(self, content: bytes) -> bytes:
            compressed: bytes = pa.compress(bytes(content), codec="zstd", asbytes=True)
            return compressed


def test_a_command_that_comes_ten_times_is_applied_once_and_answered_the_same_ten_times(
    tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(20)
    for _ in range(10):
        ask(kafka, lines)
    assert serve_all(tmp_path, kafka) == 10 * len(lines)
    with StoreFeed(tmp_path) as feed:
        assert feed.head() == (20 * 7, 20)
    answers: dict[str, list[bytes]] = defaultdict(list)
    for message in messages_in(kafka, OUTCOMES):
        answers[orjson.loads(message.value)["command_id"]].append(message.value)
    assert answers.keys() == {orjson.loads(line)["command_id"] for line in lines}
    assert {(len(same), len(set(same))) for same in answers.values()} == {(10, 1)}


def test_an_answer_has_the_events_as_they_are_stored_or_the_rule_that_refused(
    tmp_path: Path, kafka: Kafka
) -> None:
    ask(kafka, lines_of_calls(1))
    serve_all(tmp_path, kafka)
    answers = [ANSWER.validate_json(one.value) for one in messages_in(kafka, OUTCOMES)]
    events = [event for one in answers if isinstance(one, RecordedAnswer) for event in one.events]
    assert events == [orjson.loads(document) for document in documents_in_store(tmp_path)]
    (refused,) = (one for one in answers if isinstance(one, RefusedAnswer))
    assert (refused.rule, refused.refusal_number) == ("H1", 1)


def test_another_command_under_a_known_id_is_answered_as_refused_whenever_it_comes(
    tmp_path: Path, kafka: Kafka
) -> None:
    received, offered, *_ = lines_of_calls(1)
    id_of_first = orjson.loads(received)["command_id"]
    reused = orjson.dumps({**orjson.loads(offered), "command_id": id_of_first})
    for lines in ([received, reused], [reused], [received, reused]):
        ask(kafka, lines)
        serve_all(tmp_path, kafka)
    answers = [ANSWER.validate_json(one.value) for one in messages_in(kafka, OUTCOMES)]
    assert [one.outcome for one in answers] == [
        "recorded", "refused", "refused", "recorded", "refused",
    ]  # fmt: skip
    refusals = [one for one in answers if isinstance(one, RefusedAnswer)]
    assert {(one.rule, one.refusal_number, one.command_id) for one in refusals} == {
        ("L5", 1, id_of_first)
    }


def test_serving_goes_on_where_it_was(tmp_path: Path, kafka: Kafka) -> None:
    lines = lines_of_calls(4)
    ask(kafka, lines[:12])
    assert serve_all(tmp_path, kafka) == 12
    ask(kafka, lines[12:])
    assert serve_all(tmp_path, kafka) == 12
    assert serve_all(tmp_path, kafka) == 0


def test_a_command_of_another_ledgers_call_is_answered_with_the_ledger_it_belongs_to(
    tmp_path: Path, kafka: Kafka
) -> None:
    lines = lines_of_calls(1)
    elsewhere = orjson.dumps({**orjson.loads(lines[0]), "source": "webex"})
    ask(kafka, [elsewhere, *lines])
    assert serve_all(place_of(ledgers_in(tmp_path), "italy"), kafka) == 7
    first, *others = (ANSWER.validate_json(one.value) for one in messages_in(kafka, OUTCOMES))
    assert isinstance(first, RefusedAnswer)
    assert (first.rule, first.refusal_number, first.ledger) == ("wrong-ledger", 0, "rest")
    assert [one.outcome for one in others].count("recorded") == 5
    with StoreFeed(tmp_path / "italy") as feed:
        assert feed.head() == (7, 1)


def test_what_is_no_command_is_answered_and_kept_and_the_others_go_on(
    tmp_path: Path, kafka: Kafka
) -> None:
    ask(kafka, [b"hello", b'{"type":"call.teleport.v1"}'], key=b"call-0")
    ask(kafka, lines_of_calls(1))
    serve_all(tmp_path, kafka)
    answers = [ANSWER.validate_json(one.value) for one in messages_in(kafka, OUTCOMES)]
    assert [type(one) for one in answers].count(UnreadableAnswer) == 2
    assert len(answers) == 2 + 6
    with reading_quarantine(tmp_path) as quarantine:
        kept = quarantine.list()
    assert [one.original for one in kept] == [b"hello", b'{"type":"call.teleport.v1"}']
    assert ", offset 0, " in kept[0].origin


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_commands_are_read_however_their_sender_compresses_them(
    codec: str, tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of_calls(5)
    with monkeypatch.context() as a_senders_library:
        a_senders_library.setattr("kafka.codec.zstd", Zstandard)
        sender = KafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type=codec)
        for line in lines:
            sender.send(kafka.topic(COMMANDS), line, orjson.loads(line)["call_id"].encode())
        sender.flush(30)
        sender.close()
    assert serve_all(tmp_path, kafka) == len(lines)


def test_the_same_id_with_other_content_is_refused_by_l5_each_time_that_it_comes(
    tmp_path: Path, kafka: Kafka
) -> None:
    first = lines_of_calls(1)[0]
    known = orjson.loads(first)
    others = [
        orjson.dumps({**known, **change})
        for change in (
            {"queue": "another"},
            {"type": "call.abandon.v1", "actor": "customer", "queue": None},
            {"call_id": "another"},
        )
    ]
    others[1] = orjson.dumps(
        {name: value for name, value in orjson.loads(others[1]).items() if name != "queue"}
    )
    for line in (first, *others, first):
        ask(kafka, [line], key=b"one partition")
        serve_all(tmp_path, kafka)
    ask(kafka, [*others, first], key=b"one partition")
    serve_all(tmp_path, kafka)
    serve_all(tmp_path, kafka, from_beginning=True)
    answers = [ANSWER.validate_json(one.value) for one in messages_in(kafka, OUTCOMES)]
    recorded = [one for one in answers if isinstance(one, RecordedAnswer)]
    refused = [one for one in answers if isinstance(one, RefusedAnswer)]
    assert len({one.model_dump_json() for one in recorded}) == 1
    assert (len(recorded), len(refused)) == (2 + 1 + 3, 3 + 3 + 6)
    assert {one.rule for one in refused} == {"L5"}
    with StoreFeed(tmp_path) as feed:
        assert feed.head().position == 1


def test_the_trace_of_a_message_is_kept_with_what_its_command_came_to(
    tmp_path: Path, kafka: Kafka
) -> None:
    trace_parent = f"00-{0xABC:032x}-{0xDEF:016x}-01"
    received, offered, *_ = lines_of_calls(1)
    ask(kafka, [received], headers=[("traceparent", trace_parent.encode())])
    ask(kafka, [offered], headers=[("traceparent", b"no trace")])
    assert serve_all(tmp_path, kafka) == 2
    bring(tmp_path, kafka)
    for documents in (
        documents_in_store(tmp_path),
        [one.value for one in messages_in(kafka, EVENTS)],
    ):
        kept = [orjson.loads(one).get("traceparent") for one in documents]
        assert kept == [trace_parent, None]
