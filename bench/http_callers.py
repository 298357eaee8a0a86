"""Callers of the HTTP interface: connections that stay open, in a process of their own.

They ask as soon as they are answered, or when it is due, whatever became of what was asked before.
A wait counts from when a request was due.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import count
from multiprocessing.connection import Connection
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from bench.commands import commands_by_call
from domain.commands import Command

COMMANDS_A_READ = 100
WARMING_UP = 400
"""Commands that are asked before, with each of the reads."""

READS = (
    "/v1/calls/{source}/{call_id}",
    "/v1/calls/{source}/{call_id}/events",
    "/v1/calls?limit=50",
    "/v1/reports/exits?by=reason",
)
FINE = {b"200", b"201", b"409"}
TURNED_AWAY = b"503"
"""A read that was asked while too many others waited, and is to be asked again later."""


class Keys(NamedTuple):
    """By which commands and reads are asked."""

    writer: str
    auditor: str


class Asking(NamedTuple):
    """What a process of callers is told."""

    url: str
    keys: Keys
    commands: int
    callers: int
    a_second: float | None
    """Commands of all callers together; none where each asks once it is answered."""


class Asked(NamedTuple):
    """What came of it."""

    seconds: float
    commands: list[float]
    """The waits, in seconds."""
    reads: list[float]
    turned_away: list[float]
    """The waits of reads that were told to come again."""
    late: list[float]
    """By how much the callers themselves sent too late what nothing else held up."""


class AskedOf(NamedTuple):
    is_read: bool
    content: bytes


def requests_of(calls: Sequence[Sequence[Command]], keys: Keys) -> Iterator[list[AskedOf]]:
    """Each call's commands as the bytes that a client sends, with a read now and then."""
    numbers = count(1)
    for call in calls:
        requests = []
        for command in call:
            requests.append(AskedOf(False, command_request(command, keys.writer)))
            number = next(numbers)
            if number % COMMANDS_A_READ == 0:
                path = READS[number // COMMANDS_A_READ % len(READS)]
                where = path.format(source=command.source, call_id=command.call_id)
                requests.append(AskedOf(True, head("GET", where, keys.auditor)))
        yield requests


def command_request(command: Command, key: str) -> bytes:
    said = command.model_dump(exclude_none=True)
    where = f"/v1/calls/{said.pop('source')}/{said.pop('call_id')}/commands"
    command_id = said.pop("command_id")
    body = orjson.dumps(said)
    return (
        head(
            *("POST", where, key),
            f"Idempotency-Key: {command_id}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        + body
    )


def head(method: str, where: str, key: str, *more: str) -> bytes:
    lines = [f"{method} {where} HTTP/1.1", "Host: ledger", f"Authorization: Bearer {key}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


class Caller(asyncio.Protocol):
    """One connection, which takes one call after another and has one request under way."""

    def __init__(self, calls: Iterator[list[AskedOf]], asked: Asked) -> None:
        self._calls, self._asked = calls, asked
        self._requests: Iterator[AskedOf] = iter(())
        self._is_read = False
        self._due = 0.0
        self._received = b""
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def begin(self, due: float, each_seconds: float) -> None:
        """Ask the first when it is due, and others so many seconds later; 0 is once answered."""
        self._each_seconds = each_seconds
        self._due = due - each_seconds
        self._ask_next()

    def _ask_next(self) -> None:
        request = next(self._requests, None)
        while request is None:
            call = next(self._calls, None)
            if call is None:
                self._transport.close()
                self.done.set_result(None)
                return
            self._requests = iter(call)
            request = next(self._requests, None)
        now = self._loop.time()
        self._due = self._due + self._each_seconds if self._each_seconds else now
        if self._due > now:
            self._loop.call_at(self._due, self._ask, request, True)
        else:
            self._ask(request, False)

    def _ask(self, request: AskedOf, was_free: bool) -> None:
        if was_free:
            self._asked.late.append(self._loop.time() - self._due)
        self._is_read = request.is_read
        self._transport.write(request.content)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        answer_head, found, body = received.partition(b"\r\n\r\n")
        if not found:
            return
        _, _, length = answer_head.lower().partition(b"content-length: ")
        if len(body) < int(length.partition(b"\r")[0]):
            return
        is_turned_away = self._is_read and answer_head[9:12] == TURNED_AWAY
        assert is_turned_away or answer_head[9:12] in FINE, received
        waits = self._asked.reads if self._is_read else self._asked.commands
        waits = self._asked.turned_away if is_turned_away else waits
        waits.append(self._loop.time() - self._due)
        self._received = b""
        self._ask_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The server has hung up."))


async def ask_all(asking: Asking, calls: Iterator[list[AskedOf]]) -> Asked:
    """Connect all callers, and then let them begin."""
    loop = asyncio.get_running_loop()
    host, _, port = urlsplit(asking.url).netloc.partition(":")
    asked = Asked(0.0, [], [], [], [])
    callers = []
    for _ in range(asking.callers):
        made = await loop.create_connection(lambda: Caller(calls, asked), host, int(port))
        callers.append(made[1])
    each_seconds = asking.callers / asking.a_second if asking.a_second else 0.0
    began = loop.time()
    for number, caller in enumerate(callers):
        caller.begin(began + each_seconds * number / asking.callers, each_seconds)
    await asyncio.gather(*(caller.done for caller in callers))
    return asked._replace(seconds=loop.time() - began)


def call_all(asking: Asking, told: Connection) -> None:
    """All callers, in this process: says when they are ready, and what came of it."""
    calls = [*requests_of(commands_by_call(asking.commands, seed=asking.callers), asking.keys)]
    before = requests_of(commands_by_call(WARMING_UP, seed=0), asking.keys)
    asyncio.run(ask_all(asking._replace(callers=1, a_second=None), before))
    told.send_bytes(b"ready")
    assert told.recv_bytes() == b"begin"
    told.send(asyncio.run(ask_all(asking, iter(calls))))


class Callers:
    """The process, which has made its requests and asked others before it is told to begin."""

    def __init__(self, asking: Asking) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        # This process has one thread, and all that is imported already.
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=call_all, args=(asking, theirs))
        self._process.start()
        theirs.close()
        assert self._ours.recv_bytes() == b"ready"

    def ask(self) -> Asked:
        """Ask everything, once."""
        self._ours.send_bytes(b"begin")
        asked: Asked = self._ours.recv()
        self._process.join()
        return asked
