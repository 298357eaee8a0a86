"""Two ledgers beside one: durable commands a second of one writer, and of two on two databases.

python -m bench.ledgers [--commands 20000] [--rounds 5] [--keep]

Each writer is a process of its own with a database of its own, on one server; rounds of one writer
and of two take turns. Where writers, callers and server share two cores, what two ledgers could do
is not to be seen: the ratio says what is left of it.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from bench.commands import AIMED_CALLERS, commands_by_call, concurrent
from bench.figures import Figure, keep, machine, table
from bench.servers import folder_of_its_own, postgresql_in
from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from infra.postgresql import Postgresql
from ledger.ledger import Ledger

PROCESSES = multiprocessing.get_context("spawn")
WAIT_SECONDS = 600.0


def write(line: Connection, folder: Path, url: str, commands: int, seed: int) -> None:
    """Be a writer: say that all is ready, wait for the others, and record."""
    calls = commands_by_call(commands, seed)
    with Ledger.open(LedgerFolder(folder, Postgresql(url))) as ledger:
        line.send("ready")
        line.recv()
        began = time.monotonic()
        measured = asyncio.run(concurrent(ledger, calls, AIMED_CALLERS))
        ended = time.monotonic()
    used = measured.processor_microseconds * len(measured.waits_seconds) / 1e6
    line.send((began, ended, used, len(measured.waits_seconds)))


def database(server: LocalPostgresql, name: str) -> str:
    """A database of its own, and its URL."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return urlsplit(server.url)._replace(path=f"/{name}").geturl()


class Round(NamedTuple):
    """What so many writers did together."""

    commands_per_second: float
    processor_microseconds: float
    """Of a command, in its writer."""


def round_of(
    server: LocalPostgresql, folder: Path, writers: int, commands: int, number: int
) -> Round:
    """Let so many writers begin at once, each in a new database."""
    lines, running = [], []
    for writer in range(writers):
        name = f"round_{number}_{writers}_{writer}"
        ours, theirs = PROCESSES.Pipe()
        told: tuple[Any, ...] = (theirs, folder / name, database(server, name), commands, writer)
        process = PROCESSES.Process(target=write, args=told, daemon=True)
        process.start()
        lines.append(ours)
        running.append(process)
    for line in lines:
        assert line.poll(WAIT_SECONDS), "no writer is ready"
        line.recv()
    for line in lines:
        line.send("go")
    done = [line.recv() for line in lines]
    for process in running:
        process.join(WAIT_SECONDS)
    count = sum(one[3] for one in done)
    seconds = max(one[1] for one in done) - min(one[0] for one in done)
    return Round(count / seconds, sum(one[2] for one in done) / count * 1e6)


def measure(commands: int, rounds: int) -> list[Figure]:
    """Rounds of one writer and of two, in turns."""
    one: list[Round] = []
    two: list[Round] = []
    with folder_of_its_own() as folder, postgresql_in(folder) as server:
        for number in range(rounds):
            one.append(round_of(server, folder, 1, commands, number))
            two.append(round_of(server, folder, 2, commands, number))
    ratios = [
        both.commands_per_second / alone.commands_per_second
        for alone, both in zip(one, two, strict=True)
    ]
    return [
        *figures_of("one ledger", one),
        *figures_of("two ledgers", two),
        Figure("two ledgers ÷ one, median of the rounds", median(ratios), "×", 1.8),
        Figure("two ledgers ÷ one, least", min(ratios), "×"),
        Figure("two ledgers ÷ one, most", max(ratios), "×"),
    ]


def figures_of(what: str, rounds: Sequence[Round]) -> list[Figure]:
    """The medians."""
    rate = median(one.commands_per_second for one in rounds)
    used = median(one.processor_microseconds for one in rounds)
    return [
        Figure(f"{what}: durable commands", rate, "commands/s"),
        Figure(f"{what}: processor time of the writers", used, "µs a command"),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=20_000, help="of each writer")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    text = f"Measured {where}.\n\n{table(measure(asked.commands, asked.rounds))}"
    print(text)
    if asked.keep:
        keep(text, "ledgers")


if __name__ == "__main__":
    main()
