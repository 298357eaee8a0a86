"""Commands a second through HTTP, and how long each waits, beside a server that does nothing.

python -m bench.http [--commands 20000] [--keep]

Callers are 64 and 200 connections that stay open, in a process of their own; each asks the next
command of its call when the last one is answered. The floor is the same server and client with a
route that reads the body and answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import orjson
from fastapi import FastAPI, Request, Response

from bench.commands import commands_by_call
from bench.figures import Figure, keep, machine, table
from domain.commands import Command
from entrypoints.http.application import application
from entrypoints.http.keys import ApiRole, Keys
from entrypoints.http.server import listening
from entrypoints.http.service import Service
from infra.folder import LedgerFolder

CALLERS = (64, 200)
AIMED_CALLERS = 200


def requests_of(calls: Sequence[Sequence[Command]], key: str) -> list[list[bytes]]:
    """Each call's commands as the bytes that a client sends."""
    return [[request_of(command, key) for command in call] for call in calls]


def request_of(command: Command, key: str) -> bytes:
    said = {name: one for name, one in command.model_dump().items() if one is not None}
    where = f"/v1/calls/{said.pop('source')}/{said.pop('call_id')}/commands"
    command_id = said.pop("command_id")
    body = orjson.dumps(said)
    head = (
        f"POST {where} HTTP/1.1\r\nHost: ledger\r\nAuthorization: Bearer {key}\r\n"
        f"Idempotency-Key: {command_id}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def caller(url: str, calls: Iterator[list[bytes]], waits: list[float]) -> None:
    """Take one call after another over one connection, and wait for every answer."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    for call in calls:
        for request in call:
            asked = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status = head[9:12]
            _, _, rest = head.lower().partition(b"content-length: ")
            await reader.readexactly(int(rest[: rest.index(b"\r")]))
            assert status in {b"200", b"201", b"409"}, head
            waits.append(time.perf_counter() - asked)
    writer.close()


def call_all(
    url: str, calls: list[list[bytes]], callers: int, told: multiprocessing.connection.Connection
) -> None:
    """All callers, in this process; tells the seconds it took and every wait."""

    async def all_callers() -> tuple[float, list[float]]:
        remaining, waits = iter(calls), list[float]()
        began = time.perf_counter()
        await asyncio.gather(*(caller(url, remaining, waits) for _ in range(callers)))
        return time.perf_counter() - began, waits

    told.send_bytes(json.dumps(asyncio.run(all_callers())).encode())


def called(url: str, calls: list[list[bytes]], callers: int) -> tuple[float, list[float], float]:
    """Commands a second, the waits, and this process's microseconds of processor a command."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    used = time.process_time()
    process = context.Process(target=call_all, args=(url, calls, callers, sending))
    process.start()
    seconds, waits = json.loads(receiving.recv_bytes())
    process.join()
    return len(waits) / seconds, waits, (time.process_time() - used) / len(waits) * 1e6


@contextmanager
def doing_nothing() -> Iterator[str]:
    """The same server with a route that only reads and answers."""
    app = FastAPI()

    @app.post("/v1/calls/{source}/{call_id}/commands", status_code=201)
    async def nothing(request: Request) -> Response:
        await request.body()
        return Response(b"{}", 201)

    with listening(app, "127.0.0.1", 0) as there:
        yield there.url


def measure(commands: int) -> list[Figure]:
    """Every figure of the HTTP interface."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        for callers in CALLERS:
            calls = commands_by_call(commands, seed=callers)
            folder = LedgerFolder(Path(name) / f"{callers}")
            now = datetime.now(UTC)
            source = calls[0][0].source
            key = Keys(folder).make(
                ApiRole.WRITER, source, None, "a bench", now, timedelta(days=1)
            )[1]
            requests = requests_of(calls, key)
            with doing_nothing() as url:
                floor, floor_waits, floor_used = called(url, requests, callers)
            with (
                Service(folder) as service,
                listening(application(service), "127.0.0.1", 0) as there,
            ):
                rate, waits, used = called(there.url, requests, callers)
            aimed = callers == AIMED_CALLERS
            who = f"{callers} callers"
            figures += [
                Figure(f"{who}, a server that does nothing", floor, "requests/s"),
                Figure(f"{who}: durable commands", rate, "commands/s", 5_000 if aimed else None),
                Figure(f"{who}: of what the server alone does", rate / floor, "×"),
                Figure(f"{who}: p50", median(waits) * 1e3, "ms"),
                Figure(f"{who}: p99", p99(waits), "ms", 30 if aimed else None, at_most=True),
                Figure(f"{who}: p99 of the server that does nothing", p99(floor_waits), "ms"),
                Figure(f"{who}: processor time", used, "µs a command"),
                Figure(f"{who}: processor time of the server that does nothing", floor_used, "µs"),
            ]
    return figures


def p99(waits: Sequence[float]) -> float:
    """In milliseconds."""
    return quantiles(waits, n=100)[98] * 1e3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=20_000)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    text = f"Measured {where}.\n\n{table(measure(asked.commands))}"
    print(text)
    if asked.keep:
        keep(text, "http")


if __name__ == "__main__":
    main()
