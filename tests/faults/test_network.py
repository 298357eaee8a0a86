"""The network between each pair is cut for longer than every time-out, under load."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from consumers.kafka.checkpoints import last_checkpoint
from consumers.kafka.transactions import TransactionalWriter
from infra.kafka import Kafka, KafkaUnavailable
from infra.local.kafka import LocalBroker, LocalKafka, format_storage, write_properties
from infra.local.lifetime import ended_with_this_process
from infra.local.postgresql import LocalPostgresql
from infra.local.servers import HOST, free_ports
from infra.topics import EVENTS, EVENTS_POSITIONS, create
from tests.consumers.recorded import messages_in
from tests.faults.commander import Commander
from tests.faults.company import PATIENCE_SECONDS, Company, at_work
from tests.faults.lines import Line
from tests.ledger.stores import PostgresqlStore

PATIENCE = 6.0
CUT_SECONDS = 2 * PATIENCE + 1
"""The longest time-out is that of a statement in PostgreSQL: twice the patience."""

LOOK_EVERY_SECONDS = 1.0

Pair = tuple[str, str]
AT_ONCE: tuple[tuple[Pair, Pair], ...] = (
    (("commander", "Kafka"), ("project", "Kafka")),
    (("serve-commands", "Kafka"), ("publish", "PostgreSQL")),
    (("serve-commands", "PostgreSQL"), ("publish", "Kafka")),
)
"""Two pairs are cut at the same time, which share no process: it takes half as long."""

PAIRS = [pair for pairs in AT_ONCE for pair in pairs]


class Lines(NamedTuple):
    """A line for each pair, and the broker that has a listener for each line to it."""

    of: dict[Pair, Line]
    server: LocalKafka
    store: str

    def kafka(self, name: str) -> Kafka:
        """Kafka as one of the processes sees it: through its own line, also after asking where."""
        return Kafka(f"{HOST}:{self.of[name, 'Kafka'].port}", patience_seconds=PATIENCE)

    def variables(self, name: str) -> dict[str, str]:
        """What one of the processes is told."""
        store = self.store
        if (name, "PostgreSQL") in self.of:
            port = self.of[name, "PostgreSQL"].port
            store = store.replace(f":{urlsplit(store).port}/", f":{port}/")
        return {"CALL_LEDGER_KAFKA": self.kafka(name).bootstrap, "CALL_LEDGER_STORE": store}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory, postgresql: LocalPostgresql) -> Iterator[Lines]:
    """The broker tells each client to come through the client's line."""
    folder = tmp_path_factory.mktemp("cut") / "kafka"
    made = {pair: Line() for pair in PAIRS}
    broker = LocalBroker(1, folder / "broker-1")
    broker.folder.mkdir(parents=True)
    to_kafka = [line for (_, server), line in made.items() if server == "Kafka"]
    names = {f"LINE{number}": line for number, line in enumerate(to_kafka)}
    ports = free_ports(2 + len(names))
    write_properties(broker, [(ports[0], ports[1])])
    broker.properties.write_text(
        "\n".join(map(with_listeners(names, ports[2:]), broker.properties.read_text().splitlines()))
    )
    format_storage(broker, urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
    for line, port in zip(to_kafka, ports[2:], strict=True):
        line.lead_to(port)
    store = PostgresqlStore.new(postgresql.url).url
    to_postgresql = urlsplit(store).port
    assert to_postgresql is not None
    for line in made.values():
        if line not in to_kafka:
            line.lead_to(to_postgresql)
    server = LocalKafka(folder)
    with ended_with_this_process(server):
        server.start()
        yield Lines(made, server, store)
    for line in made.values():
        line.close()


def with_listeners(names: dict[str, Line], ports: list[int]) -> Callable[[str], str]:
    """Adds to a line of settings what it has to say of the other listeners."""
    more = {
        "listeners": [f"{name}://{HOST}:{port}" for name, port in zip(names, ports, strict=True)],
        "advertised.listeners": [f"{name}://{HOST}:{line.port}" for name, line in names.items()],
        "listener.security.protocol.map": [f"{name}:PLAINTEXT" for name in names],
    }
    return lambda text: ",".join([text, *more.get(text.partition("=")[0], [])])


def add(pages: TransactionalWriter, position: int) -> Any:
    """An event, and that Kafka has come so far; returns the client's promise of an answer."""
    pages.write_checkpoint({"position": position})
    return pages.send(EVENTS, b"call", b"%d" % position, [])


@pytest.mark.slow
def test_a_page_is_not_committed_when_its_messages_were_given_up(lines: Lines) -> None:
    name = "given-up."
    kafka = replace(Kafka(lines.server.bootstrap), prefix=name)
    create(kafka)
    line = lines.of["commander", "Kafka"]
    healing = threading.Timer(1.2 * PATIENCE, line.heal)
    cut_off = replace(lines.kafka("commander"), prefix=name)

    def cut_in_the_middle(pages: TransactionalWriter) -> None:
        with pages.page():
            add(pages, 2).get(PATIENCE_SECONDS)
            line.cut()
            healing.start()
            add(pages, 3)

    with closing(TransactionalWriter(cut_off, EVENTS_POSITIONS)) as pages:
        with pages.page():
            add(pages, 1)
        with pytest.raises(KafkaUnavailable):
            cut_in_the_middle(pages)
        healing.join()
    assert [one.value for one in messages_in(kafka, EVENTS)] == [b"1"]
    assert last_checkpoint(kafka, EVENTS_POSITIONS) == {"position": 1}


def stands_still(progress: Callable[[], list[object]]) -> list[object]:
    """Where it stands once nothing has moved for as long as the cut is to last.

    What was on its way when the line was cut still arrives, and the cut begins anew with it.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    before, since = progress(), time.monotonic()
    while time.monotonic() - since < CUT_SECONDS:
        time.sleep(LOOK_EVERY_SECONDS)
        now = progress()
        if now != before:
            before, since = now, time.monotonic()
        assert time.monotonic() < deadline, f"still moving: {before}"
    return before


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_every_pair_is_cut_for_longer_than_every_time_out(
    tmp_path: Path, lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka = Kafka(lines.server.bootstrap, patience_seconds=PATIENCE)
    variables = {name: lines.variables(name) for name, _ in PAIRS}
    commander = Commander(lines.kafka("commander"), rate=100, seed=7)
    company = Company(tmp_path, kafka, lines.store, variables=variables, commander=commander)

    def progress(name: str) -> object:
        """How far one of the processes is; it moves under load, and stands while it is cut off."""
        match name:
            case "commander":
                return len(commander.acknowledged)
            case "serve-commands":
                return len(company.answers.of)
            case "publish":
                return company.published()
            case _:
                return company.projected()

    with at_work(company):
        for pairs in AT_ONCE:
            names = [name for name, _ in pairs]
            for pair in pairs:
                assert lines.of[pair].connections
                lines.of[pair].cut()
            stood_at = stands_still(lambda: list(map(progress, names)))  # noqa: B023
            for pair in pairs:
                lines.of[pair].heal()
            company.fault_count += len(pairs)
            for name, stood in zip(names, stood_at, strict=True):
                company.wait_until(lambda: progress(name) not in (stood, None))  # noqa: B023
            company.wait_for_answers(50)
        said = company.end()
    for name in ("serve-commands", "publish"):
        assert 3 in company.processes[name].codes
    with capsys.disabled():
        sys.stdout.write(f"\n{CUT_SECONDS:g} seconds without a network: {said}\n")
