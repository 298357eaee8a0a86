"""A desktop's side: simulated commands at a steady rate, each sent until Kafka has it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

import orjson
from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from consumers.kafka.offsets import consumer_at, partitions_of
from domain.commands import Command
from infra.kafka import Kafka, KafkaUnavailable
from infra.kafka_client import close_within
from infra.topics import COMMANDS, OUTCOMES
from simulation.day import simulate

TICK_SECONDS = 0.1
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
CALLS = 1_000_000
"""More than any test can send: the load ends when it is told to."""

AGAIN_AFTER_SECONDS = 0.2


class Commander(threading.Thread):
    """Sends commands until told to end; every one of them is acknowledged by Kafka then."""

    def __init__(
        self,
        kafka: Kafka,
        rate: float,
        seed: int,
        arranged: Callable[[list[Command]], list[Command]] = list,
    ) -> None:
        """`arranged` may repeat and shuffle the commands of a tick."""
        super().__init__(name="commander", daemon=True)
        self.acknowledged: set[str] = set()
        self.sent = 0
        """Messages that Kafka has, at least."""
        self.sent_again = 0
        """Messages whose first sending was not acknowledged."""
        self._kafka = kafka
        self._rate = rate
        self._arranged = arranged
        self._commands: Iterator[Command] = simulate(CALLS, seed, FIRST_DAY, days=100)
        self._ending = threading.Event()
        self._given_up = threading.Event()

    def run(self) -> None:
        producer: KafkaProducer | None = None
        due = time.monotonic()
        while not self._ending.is_set():
            waiting = self._arranged(list(islice(self._commands, int(self._rate * TICK_SECONDS))))
            while waiting and not self._given_up.is_set():
                try:
                    producer = producer or self._kafka.producer()
                    waiting = self._send(producer, waiting)
                except KafkaError:
                    pass
                if waiting:
                    self.sent_again += len(waiting)
                    let_go_of(producer)
                    producer = None
                    time.sleep(AGAIN_AFTER_SECONDS)
            due = max(due + TICK_SECONDS, time.monotonic() - 1)
            self._ending.wait(max(0.0, due - time.monotonic()))
        let_go_of(producer)

    def end(self, at_most_seconds: float | None = None) -> None:
        """Send no more, when the last is acknowledged; without a time do not wait for that."""
        self._ending.set()
        if at_most_seconds is None:
            self._given_up.set()
            return
        self.join(at_most_seconds)
        assert not self.is_alive(), "the last commands were not acknowledged in time"

    def _send(self, producer: KafkaProducer, commands: list[Command]) -> list[Command]:
        """Send these, and return those that Kafka did not acknowledge."""
        topic = self._kafka.topic(COMMANDS)
        sent = [
            (one, producer.send(topic, orjson.dumps(one.model_dump(mode="json", exclude_none=True)),
                                one.call_id.encode()))
            for one in commands
        ]  # fmt: skip
        with suppress(KafkaError):
            producer.flush(self._kafka.patience_seconds)
        there = [(one, future.succeeded()) for one, future in sent]
        self.acknowledged |= {str(one.command_id) for one, has in there if has}
        self.sent += sum(has for _, has in there)
        return [one for one, has in there if not has]


def let_go_of(producer: KafkaProducer | None) -> None:
    """One that has failed may be waiting for something for ever."""
    if producer is not None:
        close_within(producer, 0)


class Answers(threading.Thread):
    """Reads every outcome as it comes."""

    def __init__(self, kafka: Kafka) -> None:
        super().__init__(name="answers", daemon=True)
        self.of: dict[str, list[bytes]] = defaultdict(list)
        """By the command's id."""
        self._kafka = kafka
        self._ending = threading.Event()

    def run(self) -> None:
        offsets: dict[TopicPartition, int] = {}
        while not self._ending.is_set():
            with suppress(KafkaUnavailable, KafkaError):
                consumer = consumer_at(self._kafka, offsets, partitions_of(self._kafka, OUTCOMES))
                try:
                    while not self._ending.is_set():
                        for place, messages in consumer.poll(100).items():
                            for message in messages:
                                command_id = orjson.loads(message.value)["command_id"]
                                self.of[command_id].append(message.value)
                            offsets[place] = messages[-1].offset + 1
                finally:
                    consumer.close()

    def end(self) -> None:
        """Read no more."""
        self._ending.set()
        if self.ident is not None:
            self.join(60)
