"""Commands at a pace of their own, and when each was answered and could be seen in a report.

They are made before they are due: the load shares two cores with all that it measures.
"""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count, islice

import orjson

from consumers.kafka.offsets import partitions_of
from consumers.kafka.transactions import partition_of
from domain.commands import Command
from infra.kafka import Kafka
from infra.topics import COMMANDS, OUTCOMES, topics
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import Selection
from projections.serving.read_side import ReadSide
from simulation.day import simulate

START = datetime(2026, 1, 5, tzinfo=UTC)
CALLS_A_DAY = 20_000_000
"""So busy a day that its commands come about as fast as they are sent, some 2,000 calls at once."""

TICK_SECONDS = 0.002
PATIENCE_SECONDS = 300.0
NOT_YET = -1.0


class Load:
    """Sends commands when they are due, whatever becomes of the earlier ones."""

    def __init__(
        self, kafka: Kafka, ask: Callable[[], int], commands: int, ask_every_seconds: float
    ) -> None:
        """`ask` asks a report, and says the position that its answer is true at."""
        self._kafka = kafka
        self._ask_report = ask
        self._ask_every_seconds = ask_every_seconds
        self.due_at = array("d", [NOT_YET]) * commands
        self.sent_at = array("d", [NOT_YET]) * commands
        self.answered_at = array("d", [NOT_YET]) * commands
        self.positions = array("q", [0]) * commands
        """Of the last event of each command; 0 of one that is refused."""
        self._number_of: dict[str, int] = {}
        self._numbers = count()
        self._source = simulate(CALLS_A_DAY, 4, START)
        self.calls: set[str] = set()
        self.sent = self.answered = 0
        self.seen_positions: list[int] = []
        self.seen_at: list[float] = []
        self.asked_seconds: list[float] = []
        self.check_processes: Callable[[], None] = lambda: None
        """What else to look at while waiting; it raises."""
        self._ending = threading.Event()
        self._failed: list[BaseException] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the answers, and ask the report, in threads of their own."""
        ready = threading.Barrier(3)
        threads = [
            threading.Thread(target=self._safely, args=(what, ready), daemon=True)
            for what in (self._listen, self._ask)
        ]
        for one in threads:
            one.start()
        try:
            ready.wait(PATIENCE_SECONDS)
            yield
        finally:
            self._ending.set()
            for one in threads:
                one.join(PATIENCE_SECONDS)
        self.check()

    def made_ready(self, commands: int) -> list[tuple[bytes, bytes]]:
        """Keys and values of the next commands: the desktops that make them are elsewhere."""
        return [self._ready(command) for command in islice(self._source, commands)]

    def send(self, commands: Sequence[tuple[bytes, bytes]], a_second: float) -> None:
        """Send each when it is due; one that is sent late counts from when it was due."""
        producer = self._kafka.producer()
        topic, partitions = self._kafka.topic(COMMANDS), topics()[COMMANDS].partitions
        with closing(producer):
            began = time.monotonic()
            for index, (key, value) in enumerate(commands):
                due = began + index / a_second
                while (now := time.monotonic()) < due:
                    time.sleep(max(TICK_SECONDS, due - now))
                    self.check()
                number, self.sent = self.sent, self.sent + 1
                self.due_at[number], self.sent_at[number] = due, now
                producer.send(topic, value, key, partition=partition_of(key, partitions))
            producer.flush(PATIENCE_SECONDS)

    def _ready(self, command: Command) -> tuple[bytes, bytes]:
        self._number_of[str(command.command_id)] = next(self._numbers)
        self.calls.add(command.call_id)
        return command.call_id.encode(), command.model_dump_json(exclude_none=True).encode()

    def wait_until_seen(self) -> None:
        """Wait until all that was sent is answered and shown. Raises `TimeoutError`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.answered < self.sent or self._last_seen() < self._last_position():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self.answered} of {self.sent} commands are answered, and the report shows "
                    f"position {self._last_seen()} of {self._last_position()}"
                )
            time.sleep(0.05)

    def _last_seen(self) -> int:
        return self.seen_positions[-1] if self.seen_positions else 0

    def _last_position(self) -> int:
        return max(self.positions[: self.sent])

    def check(self) -> None:
        """Raise what went wrong in one of the threads or processes."""
        self.check_processes()
        if self._failed:
            raise self._failed[0]

    def _safely(self, what: object, ready: threading.Barrier) -> None:
        assert callable(what)
        try:
            what(ready)
        except BaseException as error:
            self._failed.append(error)

    def _listen(self, ready: threading.Barrier) -> None:
        consumer = self._kafka.consumer()
        with closing(consumer):
            partitions = partitions_of(self._kafka, OUTCOMES)
            consumer.assign(partitions)
            consumer.seek_to_end(*partitions)
            for one in partitions:
                consumer.position(one)
            ready.wait(PATIENCE_SECONDS)
            while not self._ending.is_set():
                polled = consumer.poll(100, max_records=2_000)
                now = time.monotonic()
                for message in (one for messages in polled.values() for one in messages):
                    answer = orjson.loads(message.value)
                    number = self._number_of.pop(answer["command_id"])
                    self.answered_at[number] = now
                    self.positions[number] = answer.get("position", 0)
                    self.answered += 1

    def _ask(self, ready: threading.Barrier) -> None:
        self._ask_report()
        ready.wait(PATIENCE_SECONDS)
        while not self._ending.wait(self._ask_every_seconds):
            asked = time.monotonic()
            position = self._ask_report()
            now = time.monotonic()
            self.asked_seconds.append(now - asked)
            if position != self._last_seen():
                self.seen_positions.append(position)
                self.seen_at.append(now)

    def answer_waits(self, first: int) -> list[float]:
        """From due to answered, of the commands from the first on, in seconds."""
        return waits(self.due_at[first : self.sent], self.answered_at[first : self.sent])

    def report_waits(self, first: int, end: int) -> list[float]:
        """From due until a report showed it, of those that were recorded, in seconds."""
        recorded = [number for number in range(first, end) if self.positions[number]]
        seen = [
            self.seen_at[bisect_left(self.seen_positions, self.positions[number])]
            for number in recorded
        ]
        return waits([self.due_at[number] for number in recorded], seen)

    def sending_late(self, first: int) -> list[float]:
        """How late commands were sent: what the bench itself adds."""
        return waits(self.due_at[first : self.sent], self.sent_at[first : self.sent])


def position_of_a_report(reader: ReadSide) -> int:
    """Ask for the transfers by kind; the position that the answer is true at."""
    report = REPORTS["transfers"]
    return reader.ask(*figures_query(report, Selection(), report.default_grouping)).position


def waits(since: Sequence[float], until: Sequence[float]) -> list[float]:
    """The seconds between, sorted."""
    return sorted(end - begin for begin, end in zip(since, until, strict=True))
