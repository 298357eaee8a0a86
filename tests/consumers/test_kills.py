"""Killed at any moment, each process goes on where it was: nothing is lost, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson
import pytest

from infra.kafka import Kafka
from infra.topics import EVENTS, OUTCOMES
from ledger.feed import StoreFeed
from tests.consumers.recorded import (
    documents_in_store,
    in_order,
    messages_in,
    position_of,
    record_calls,
)
from tests.consumers.test_command_consumer import ask, serve_all
from tests.consumers.test_kafka_projector import bring, read, rows_from_store, rows_in
from tests.ledger.test_kill import lines_of_calls

KILLS = 25
CALLS = 1_500

PUBLISHER = """
import sys, threading
from pathlib import Path
from consumers.publisher import publish
from infra.kafka import Kafka
from ledger.feed import StoreFeed
folder = Path(sys.argv[1])
print("began", flush=True)
publish(lambda: StoreFeed(folder), Kafka(sys.argv[2], sys.argv[3]), threading.Event(),
        page_events=50, on_page=lambda done: print(done, flush=True))
"""
PROJECTOR = """
import sys, threading
from pathlib import Path
import consumers.kafka_feed
import consumers.kafka_projector
from consumers.kafka_projector import project
from infra.kafka import Kafka
consumers.kafka_feed.POLL_BATCHES = 1
consumers.kafka_feed.PAGE_MESSAGES = 50
consumers.kafka_projector.PAGES_AT_ONCE = 1
print("began", flush=True)
project(Path(sys.argv[1]), Kafka(sys.argv[2], sys.argv[3]), threading.Event(),
        on_positions=lambda done: print(done, flush=True))
"""
SERVER = """
import sys, threading
from pathlib import Path
import consumers.command_consumer
from consumers.command_consumer import serve
from infra.kafka import Kafka
from ledger.ledger import Ledger
consumers.command_consumer.PAGE_COMMANDS = 50
print("began", flush=True)
serve(lambda: Ledger.open(Path(sys.argv[1])), Kafka(sys.argv[2], sys.argv[3]), threading.Event(),
      on_page=lambda done: print(done, flush=True))
"""


def started(program: str, folder: Path, kafka: Kafka) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, folder, kafka.bootstrap, kafka.prefix],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_again_and_again(
    program: str, folder: Path, kafka: Kafka, is_done: Callable[[], bool]
) -> int:
    """Kill it at moments spread over its start and its pages; returns how often."""
    random = Random(4)
    for kill in range(KILLS):
        process = started(program, folder, kafka)
        assert process.stdout is not None
        for _ in range(kill % 4):
            process.stdout.readline()
        time.sleep(random.uniform(0, 0.06))
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()
    assert not is_done(), "there is too little to do, the kills came too late"
    return KILLS


@pytest.mark.slow
def test_a_publisher_killed_at_many_moments_brings_every_event_once(
    tmp_path: Path, kafka: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    record_calls(tmp_path, CALLS)

    def is_done() -> bool:
        return len(messages_in(kafka, EVENTS)) == CALLS * 7

    kills = kill_again_and_again(PUBLISHER, tmp_path, kafka, is_done)
    bring(tmp_path, kafka)
    messages = messages_in(kafka, EVENTS)
    assert set(Counter(map(position_of, messages)).values()) == {1}
    assert list(in_order(messages)) == documents_in_store(tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\npublisher: {kills} kills, {len(messages)} events, each once\n")


@pytest.mark.slow
def test_a_projector_killed_at_many_moments_ends_with_the_same_tables(
    tmp_path: Path, kafka: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, CALLS)
    bring(store, kafka, page_events=50)

    def is_done() -> bool:
        return len(rows_in(folder)["events"]) == CALLS * 7

    kills = kill_again_and_again(PROJECTOR, folder, kafka, is_done)
    read(folder, kafka)
    assert rows_in(folder) == rows_from_store(store, tmp_path / "embedded")
    with capsys.disabled():
        sys.stdout.write(f"\nprojector: {kills} kills, tables equal to a rebuild\n")


@pytest.mark.slow
def test_a_command_consumer_killed_at_many_moments_applies_each_command_once(
    tmp_path: Path, kafka: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of_calls(CALLS)
    ask(kafka, lines)

    def is_done() -> bool:
        return len(messages_in(kafka, OUTCOMES)) == len(lines)

    kills = kill_again_and_again(SERVER, tmp_path, kafka, is_done)
    serve_all(tmp_path, kafka)
    with StoreFeed(tmp_path) as feed:
        assert feed.head() == (CALLS * 7, CALLS)
    answers = Counter(orjson.loads(one.value)["command_id"] for one in messages_in(kafka, OUTCOMES))
    assert answers.keys() == {orjson.loads(line)["command_id"] for line in lines}
    assert set(answers.values()) == {1}
    with capsys.disabled():
        sys.stdout.write(
            f"\ncommand consumer: {kills} kills, {len(lines)} commands, each applied once\n"
        )


@pytest.mark.slow
def test_a_paused_publisher_that_wakes_up_is_fenced_and_leaves(
    tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, CALLS)
    paused = started(PUBLISHER, tmp_path, kafka)
    assert paused.stdout is not None
    for _ in range(6):
        paused.stdout.readline()
    os.kill(paused.pid, signal.SIGSTOP)
    bring(tmp_path, kafka)
    os.kill(paused.pid, signal.SIGCONT)
    _, said = paused.communicate(timeout=60)
    assert paused.returncode != 0
    assert "Fenced" in said
    assert set(Counter(map(position_of, messages_in(kafka, EVENTS))).values()) == {1}
    assert list(in_order(messages_in(kafka, EVENTS))) == documents_in_store(tmp_path)
