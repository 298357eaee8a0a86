"""Commands and reads through HTTP, and how long each waits, beside a server that does nothing.

python -m bench.http [--seconds 60] [--keep]

`call-ledger serve` in a process of its own, on a new ledger, and callers in another: at first each
asks again once it is answered, then all together ask for 5,000 commands a second, whatever becomes
of those before. One request in a hundred is a read. The floor is the same server with routes that
read the body and answer.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from fastapi import FastAPI, Request, Response

from bench.company import running, seconds_of
from bench.figures import Figure, keep, machine, table
from bench.http_callers import Asked, Asking, Callers, Keys
from bench.servers import folder_of_its_own
from entrypoints.http.keys import ApiRole
from entrypoints.http.keys import Keys as KeysOfLedger
from entrypoints.http.server import listening
from entrypoints.http.short_pauses import short_pauses
from infra.folder import LedgerFolder
from infra.local.servers import wait_until
from simulation.day import SOURCE

AIMED_COMMANDS_A_SECOND = 5_000.0
AIMED_CALLERS = 200
FEWER_CALLERS = 64
READY_SECONDS = 60


class Server(NamedTuple):
    """Where it is, by which keys it is asked, and its process."""

    url: str
    keys: Keys
    number: int


class Measured(NamedTuple):
    asked: Asked
    processor_seconds: float

    @property
    def commands_a_second(self) -> float:
        return len(self.asked.commands) / self.asked.seconds

    @property
    def microseconds(self) -> float:
        """Of processor, a command; what reads take is in it."""
        return self.processor_seconds / len(self.asked.commands) * 1e6


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """The command line's own server upon a new ledger."""
    ledger = LedgerFolder(folder / "ledger")
    made, now, day = KeysOfLedger(ledger), datetime.now(UTC), timedelta(days=1)
    keys = Keys(
        made.make(ApiRole.WRITER, SOURCE, None, "a bench", now, day)[1],
        made.make(ApiRole.AUDITOR, None, None, "a bench", now, day)[1],
    )
    words = ["serve", "--port", "0", "--ledger", str(ledger.path)]
    log = folder / "serve.log"
    with running(words, folder, {}) as process:
        assert wait_until(lambda: "Serving" in log.read_text(), READY_SECONDS), log.read_text()
        url = log.read_text().partition(" on ")[2].partition(";")[0]
        yield Server(url, keys, process.pid)


@contextmanager
def doing_nothing() -> Iterator[Server]:
    """The same server with routes that only read and answer."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=do_nothing, args=(theirs,))
    process.start()
    theirs.close()
    try:
        url: str = ours.recv()
        assert process.pid is not None
        yield Server(url, Keys("nobody", "nobody"), process.pid)
    finally:
        process.terminate()
        process.join()


def do_nothing(told: Connection) -> None:
    """The server that does nothing, until it is terminated."""
    app = FastAPI()

    @app.post("/v1/calls/{source}/{call_id}/commands", status_code=201)
    async def nothing(request: Request) -> Response:
        await request.body()
        return Response(b"{}", 201)

    @app.get("/{path:path}")
    async def empty() -> Response:
        return Response(b"{}")

    with short_pauses(), listening(app, "127.0.0.1", 0) as there:
        told.send(there.url)
        there.thread.join()


def measured(server: Server, commands: int, callers: int, a_second: float | None) -> Measured:
    """All that the callers ask of it, once it has answered some of each kind."""
    callers_of_it = Callers(Asking(server.url, server.keys, commands, callers, a_second))
    used = seconds_of(server.number)
    asked = callers_of_it.ask()
    return Measured(asked, seconds_of(server.number) - used)


def both(commands: int, callers: int, a_second: float | None) -> tuple[Measured, Measured]:
    """The server that does nothing, and ours."""
    with doing_nothing() as server:
        nothing = measured(server, commands, callers, a_second)
    with folder_of_its_own() as folder, serving(folder) as server:
        return nothing, measured(server, commands, callers, a_second)


def as_soon_as_answered(commands: int, callers: int) -> list[Figure]:
    """What comes through where each caller asks again once it is answered."""
    nothing, ours = both(commands, callers, None)
    aim = AIMED_COMMANDS_A_SECOND if callers == AIMED_CALLERS else None
    who = f"{callers} callers"
    return [
        Figure(f"{who}, a server that does nothing", nothing.commands_a_second, "commands/s"),
        Figure(f"{who}: durable commands", ours.commands_a_second, "commands/s", aim),
        Figure(
            f"{who}: of what the server that does nothing does",
            ours.commands_a_second / nothing.commands_a_second,
            "×",
        ),
        *waits_of(who, nothing, ours),
    ]


def when_due(commands: int, callers: int) -> list[Figure]:
    """How long each waits where all together ask so many a second."""
    nothing, ours = both(commands, callers, AIMED_COMMANDS_A_SECOND)
    who = f"{callers} callers at {AIMED_COMMANDS_A_SECOND:,.0f} commands/s"
    return [
        *waits_of(who, nothing, ours, of_commands=30, of_reads=100),
        Figure(f"{who}: of it: sent late by the callers, p99", p99(ours.asked.late), "ms"),
    ]


def waits_of(
    who: str,
    nothing: Measured,
    ours: Measured,
    of_commands: float | None = None,
    of_reads: float | None = None,
) -> list[Figure]:
    """Waits and processor time, beside those of the server that does nothing."""
    commands, reads = ours.asked.commands, ours.asked.reads
    turned_away = len(ours.asked.turned_away)
    empty = "the server that does nothing"
    return [
        Figure(f"{who}: p50", median(commands) * 1e3, "ms"),
        Figure(f"{who}: p99", p99(commands), "ms", of_commands, at_most=True),
        Figure(f"{who}: p99 of {empty}", p99(nothing.asked.commands), "ms"),
        Figure(f"{who}: most", max(commands) * 1e3, "ms"),
        Figure(f"{who}: most of {empty}", max(nothing.asked.commands) * 1e3, "ms"),
        Figure(f"{who}: reads, p50", median(reads) * 1e3, "ms"),
        Figure(f"{who}: reads, p99", p99(reads), "ms", of_reads, at_most=True),
        Figure(f"{who}: reads turned away", turned_away / (turned_away + len(reads)), "of them"),
        Figure(f"{who}: processor time with reads", ours.microseconds, "µs a command"),
        Figure(f"{who}: processor time of {empty}", nothing.microseconds, "µs a command"),
    ]


def p99(waits: Sequence[float]) -> float:
    """In milliseconds."""
    return (quantiles(waits, n=100)[98] if len(waits) > 1 else sum(waits)) * 1e3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    commands = int(AIMED_COMMANDS_A_SECOND * asked.seconds)
    figures = [
        *as_soon_as_answered(commands, FEWER_CALLERS),
        *as_soon_as_answered(commands, AIMED_CALLERS),
        *when_due(commands, AIMED_CALLERS),
    ]
    text = f"Measured {where}; {commands:,} commands each time.\n\n{table(figures)}"
    print(text)
    if asked.keep:
        keep(text, "http")


if __name__ == "__main__":
    main()
