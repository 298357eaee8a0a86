"""`call-ledger demo --company`: the day's calls through a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

import orjson
import typer

from entrypoints.cli.local import kafka_of, postgresql_of
from entrypoints.ui.progress import progress
from infra.errors import LedgerError
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from infra.kafka import Kafka
    from infra.local.lifetime import LocalServer
    from ledger.outcomes import OutcomeCounts

ACKNOWLEDGED_SECONDS: Final = 60.0


def record_through_servers(
    folder: LedgerFolder, calls: int, seed: int, start: datetime
) -> OutcomeCounts:
    """Ask for the day's commands through Kafka, record, publish and project them, in turn.

    Servers that run in the folder already stay up, those that are started for this are ended.
    Raises `LedgerError` where a server is missing, does not start, or the folder is in use
    otherwise.
    """
    if folder.sqlite_file.exists():
        raise LedgerError(
            f"The ledger in {folder} is kept in SQLite: give --company a folder of its own "
            "with --ledger."
        )
    with servers_up(folder) as (kafka, company):
        ask(kafka, calls, seed, start)
        return follow(company, kafka)


@contextmanager
def servers_up(folder: LedgerFolder) -> Iterator[tuple[Kafka, LedgerFolder]]:
    """The folder's Kafka, with the ledger's topics, and its PostgreSQL as the event store."""
    from infra.kafka import Kafka
    from infra.postgresql import Postgresql
    from infra.topics import create

    postgresql, kafka = postgresql_of(folder), kafka_of(folder)
    with (
        up(postgresql, "Starting PostgreSQL"),
        up(kafka, "Starting Kafka, which is downloaded the first time"),
    ):
        there = Kafka(kafka.bootstrap)
        create(there)
        yield there, LedgerFolder(folder.path, Postgresql(postgresql.url))


@contextmanager
def up(server: LocalServer, saying: str) -> Iterator[None]:
    """Start a server that is not up, and end it with this; one that is up stays."""
    from infra.local.lifetime import ended_with_this_process

    if server.is_running:
        yield
        return
    typer.echo(f"{saying} …", err=True)
    with ended_with_this_process(server):
        server.start()
        yield


def ask(kafka: Kafka, calls: int, seed: int, start: datetime) -> None:
    """Send the simulated commands to the topic that any desktop sends them to."""
    from infra.topics import COMMANDS
    from simulation.day import simulate

    with (
        kafka.explained(),
        closing(kafka.producer()) as producer,
        progress("asking", unit="commands") as moved,
    ):
        sent = []
        for command in simulate(calls, seed, start):
            document = orjson.dumps(command.model_dump(exclude_none=True))
            sent.append(producer.send(kafka.topic(COMMANDS), document, command.call_id.encode()))
            moved(len(sent), None)
        producer.flush(ACKNOWLEDGED_SECONDS)
        for one in sent:
            one.get(0)


def follow(folder: LedgerFolder, kafka: Kafka) -> OutcomeCounts:
    """`serve-commands`, `publish` and `project`, each until there is nothing left to do."""
    from consumers.command_consumer import serve
    from consumers.projector import project
    from consumers.publisher import publish
    from ledger.feed import StoreFeed
    from ledger.ledger import Ledger
    from ledger.outcomes import OutcomeCounts

    counts, to_the_end = OutcomeCounts(), threading.Event()
    with progress("recording", unit="commands") as moved:
        serve(
            lambda: Ledger.open(folder, doing="demo"),
            kafka,
            to_the_end,
            until_end=True,
            on_page=lambda answered, _: moved(answered, None),
            on_group=lambda outcomes, *_: counts.take_all(outcomes),
        )
    with progress("publishing", unit="events") as moved:
        publish(
            lambda: StoreFeed(folder),
            kafka,
            to_the_end,
            until_end=True,
            on_page=lambda done, _: moved(done.position, None),
        )
    with progress("projecting", unit="events") as moved:
        project(
            folder.path,
            kafka,
            to_the_end,
            until_end=True,
            on_positions=lambda positions, _: moved(positions.position, None),
        )
    return counts
