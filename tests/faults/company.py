"""A company that is at work: commands come in, and the three real processes are kept running."""

from __future__ import annotations

import re
import urllib.request
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from consumers.kafka.checkpoints import POSITION, REFUSAL_NUMBER, last_checkpoint
from infra.kafka import Kafka
from infra.local.servers import wait_until
from infra.topics import EVENTS, EVENTS_POSITIONS, OUTCOMES, REFUSALS, create
from ledger.feed import StoreFeed
from tests.consumers.projecting import rows_from_store, rows_in
from tests.consumers.recorded import in_order, messages_in, position_of
from tests.entrypoints.calling import call
from tests.faults.commander import Answers, Commander
from tests.faults.supervisor import Supervised
from tests.ledger.stores import ledger_at

PATIENCE_SECONDS = 300


class Company:
    """A ledger's folder, its tables' folder, a Kafka, and who works with them."""

    def __init__(
        self,
        folder: Path,
        kafka: Kafka,
        store: str = "sqlite",
        rate: float = 100,
        variables: Mapping[str, Mapping[str, str]] | None = None,
        commander: Commander | None = None,
        twice: Collection[str] = (),
    ) -> None:
        """`variables` are what one of the processes is told otherwise.

        Those in `twice` run against a second one: the two fence each other again and again.
        """
        self.store, self.tables = folder / "store", folder / "tables"
        self.ledger = ledger_at(self.store, store)
        self.kafka = kafka
        self.fault_count = 0
        self._variables = {
            "CALL_LEDGER_STORE": store,
            "CALL_LEDGER_KAFKA": kafka.bootstrap,
            "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix,
            "CALL_LEDGER_PATIENCE_SECONDS": f"{kafka.patience_seconds:g}",
        }
        self._folder = folder
        self._other = variables or {}
        self.commander = commander or Commander(kafka, rate, seed=7)
        self.answers = Answers(kafka)
        self.processes: dict[str, Supervised] = {}
        self._twice = twice

    def start(self, name: str, title: str | None = None) -> None:
        """Keep one of the processes running."""
        folder = self.tables if name == "project" else self.store
        folder.mkdir(parents=True, exist_ok=True)
        words = [name, "--ledger", str(folder), *(("--port", "0") if name == "project" else ())]
        own = {**self._variables, **self._other.get(name, {})}
        title = title or name
        self.processes[title] = Supervised(self._folder, title, words, own)

    def begin(self) -> None:
        """Let everybody work, and wait until the first events are in the tables."""
        create(self.kafka)
        self.commander.start()
        self.answers.start()
        self.start("serve-commands")
        self.wait_for_answers(1)
        self.start("publish")
        self.start("project")
        for name in self._twice:
            self.start(name, f"second {name}")
        self.wait_until(lambda: (self.projected() or (0, 0))[0] > 0)

    def wait_for_answers(self, more: int) -> None:
        """Wait until so many more commands are answered: so the load goes on, and is served."""
        goal = len(self.answers.of) + more
        assert self.commander.is_alive()
        self.wait_until(lambda: len(self.answers.of) >= goal)

    def wait_until(self, happens: Callable[[], bool]) -> None:
        """Wait for it, or fail with what the processes said."""
        assert wait_until(happens, PATIENCE_SECONDS), self.told()

    def told(self) -> str:
        """What the processes said, for a test that fails."""
        ends = {name: (one.codes, one.sentences[-5:]) for name, one in self.processes.items()}
        return f"{len(self.answers.of)} answers; {ends}"

    def take_overs(self, name: str) -> int:
        """How often one of a process's two instances was fenced, and said so."""
        both = (self.processes[name], self.processes[f"second {name}"])
        return sum("has taken over" in said for one in both for said in one.sentences)

    def _was_taken_over(self, name: str, times: int) -> bool:
        return self.take_overs(name) >= times

    def wait_for_take_overs(self, name: str, count: int) -> None:
        """Wait until so often the one has made the other leave."""
        for goal in range(1, count + 1):
            self.wait_until(partial(self._was_taken_over, name, goal))

    def end(self) -> str:
        """Let the load end, wait until all is answered and projected, end everybody, and check.

        Returns the counts in a line.
        """
        self.commander.end(PATIENCE_SECONDS)
        asked = self.commander.acknowledged
        self.wait_until(lambda: asked <= self.answers.of.keys())
        for name in self._twice:
            assert self.processes[f"second {name}"].end() in (0, 3), self.told()
        self.wait_until(self._is_projected)
        ended = {name: one.end() for name, one in self.processes.items() if "second" not in name}
        assert set(ended.values()) == {0}, self.told()
        for one in self.processes.values():
            assert set(one.codes) <= {0, 3}, self.told()
            assert not one.unexplained, one.unexplained
        self.answers.end()
        return self.check()

    def close(self) -> None:
        """Leave nothing behind, whatever happened."""
        self.commander.end()
        self.answers.end()
        for one in self.processes.values():
            one.kill()

    def _is_projected(self) -> bool:
        with closing(StoreFeed(self.ledger)) as feed:
            head = feed.head()
        return self.published() == self.projected() == (head.position, head.refusal_number)

    def published(self) -> tuple[int, int]:
        """The last position and refusal number in Kafka."""
        checkpoint = last_checkpoint(self.kafka, EVENTS_POSITIONS) or {}
        return checkpoint.get(POSITION, 0), checkpoint.get(REFUSAL_NUMBER, 0)

    def projected(self) -> tuple[int, int] | None:
        """The last position and refusal number in the tables, if the projector says so now."""
        try:
            port = [one["port"] for one in self.processes["project"].lines if "port" in one][-1]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as said:
                text = said.read().decode()
        except (OSError, IndexError):
            return None
        found = re.findall(r"^call_ledger_(\w+) (\S+)$", text, re.MULTILINE)
        metrics = {name: int(float(value)) for name, value in found}
        if "projected_position" not in metrics:
            return None  # It answers how it is from its first moment, before it has any tables.
        return metrics["projected_position"], metrics["refusal_number"]

    def check(self) -> str:
        """Nothing acknowledged is lost, nothing is there twice, and all three are the same."""
        with closing(StoreFeed(self.ledger)) as feed:
            head = feed.head()
            events = [one for batch in feed.batches(0) for one in batch.documents]
            refusals = [one for batch in feed.refusals(0) for one in batch.documents]
        answers: dict[str, set[bytes]] = {}
        answer_count = Counter[str]()
        for message in messages_in(self.kafka, OUTCOMES):
            command_id = orjson.loads(message.value)["command_id"]
            answers.setdefault(command_id, set()).add(message.value)
            answer_count[command_id] += 1
        assert self.commander.acknowledged <= answers.keys()
        assert {one: len(seen) for one, seen in self.answers.of.items()} == answer_count
        assert all(len(same) == 1 for same in answers.values())
        self._check_applied_once([orjson.loads(same.pop()) for same in answers.values()], events)
        assert len(refusals) == head.refusal_number

        messages = messages_in(self.kafka, EVENTS)
        assert Counter(map(position_of, messages)) == dict.fromkeys(range(1, len(events) + 1), 1)
        assert list(in_order(messages)) == events
        refused = messages_in(self.kafka, REFUSALS)
        assert list(map(position_of, refused)) == list(range(1, len(refusals) + 1))
        assert list(in_order(refused)) == refusals

        assert rows_in(self.tables) == rows_from_store(self.ledger, self._folder / "rebuilt")
        found = call(
            self.store, "reconcile", "--tables", str(self.tables), variables=self._variables
        )
        assert (found.code, found.err) == (0, ""), found
        again = {name: len(one.codes) - 1 for name, one in self.processes.items()}
        return (
            f"{self.fault_count} faults, {self.commander.sent:,} commands acknowledged "
            f"({self.commander.sent_again:,} sent again), {len(answers):,} answered, none lost, "
            f"none applied twice; {len(events):,} events and {len(refusals):,} refusals are the "
            f"same in store, Kafka and tables; started again: {again}"
        )

    @staticmethod
    def _check_applied_once(answers: list[dict[str, Any]], events: list[bytes]) -> None:
        """Every event is of one command, and every command's answer has its events."""
        recorded = [one for one in answers if one["outcome"] == "recorded"]
        for answer in recorded:
            own = answer["events"]
            stored = events[answer["position"] - len(own) : answer["position"]]
            assert own == [orjson.loads(one) for one in stored]
        assert sum(len(one["events"]) for one in recorded) == len(events)
        refused = {one["refusal_number"] for one in answers if one["outcome"] == "refused"}
        assert refused == set(range(1, len(refused) + 1))
        assert len(refused) + len(recorded) == len(answers)


@contextmanager
def at_work(company: Company) -> Iterator[Company]:
    """The company from its first answers on; nothing of it is left when this ends."""
    try:
        company.begin()
        yield company
    finally:
        company.close()
