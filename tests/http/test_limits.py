"""What a client sends is counted as it comes, and has its time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.application import application
from entrypoints.http.connection import BoundedHead
from entrypoints.http.limits import BodyTooLarge, BodyTooSlow, BoundedBody
from entrypoints.http.server import listening

SCOPE: Scope = {"type": "http"}


async def nothing(_: Message) -> None:
    """Nobody listens."""


def taken(pieces: Sequence[bytes], pause_seconds: float = 0.0) -> bytes:
    """What an application behind the bounds gets, of 10 bytes and 0.2 seconds."""
    got: list[bytes] = []

    async def application(_: Scope, receive: Receive, __: Send) -> None:
        while (message := await receive())["more_body"]:
            got.append(message["body"])
        got.append(message["body"])

    remaining = list(pieces)

    async def receive() -> Message:
        await asyncio.sleep(pause_seconds)
        piece = remaining.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(remaining)}

    bounded = BoundedBody(application, largest_bytes=10, longest_seconds=0.2)
    asyncio.run(bounded(SCOPE, receive, nothing))
    return b"".join(got)


def test_a_body_within_the_bounds_is_taken_whole() -> None:
    assert taken([b"12345", b"67890"]) == b"1234567890"
    assert taken([b""]) == b""


@pytest.mark.parametrize("pieces", [[b"12345678901"], [b"12345", b"678901"], [b"1"] * 11])
def test_a_body_beyond_them_is_not(pieces: list[bytes]) -> None:
    with pytest.raises(BodyTooLarge, match="At most 10 bytes"):
        taken(pieces)


def test_a_body_that_comes_too_slowly_is_not_waited_for() -> None:
    with pytest.raises(BodyTooSlow, match=r"in 0\.2 seconds"):
        taken([b"1"] * 10, pause_seconds=0.05)


class Impatient(BoundedHead):
    longest_bytes = 1_000
    longest_seconds = 0.3


@pytest.fixture(scope="module")
def impatient() -> Iterator[str]:
    with listening(application(), "127.0.0.1", 0, connection=Impatient) as there:
        yield there.url


def answered(url: str, *pieces: bytes) -> bytes:
    """All that comes until the connection is closed."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        received = b""
        with suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
            while piece := client.recv(65_536):
                received += piece
        return received


ASKED = b"GET /livez HTTP/1.1\r\nHost: ledger\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"GET /li"],
        [ASKED],
        [ASKED, *[b"X-More: " + b"x" * 500 + b"\r\n"] * 4],
    ],
    ids=["silent", "a part of a line", "no end", "too long"],
)
def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(
    pieces: list[bytes], impatient: str
) -> None:
    assert answered(impatient, *pieces) == b""


def test_a_second_head_on_a_connection_is_bounded_too(impatient: str) -> None:
    assert answered(impatient, ASKED + b"\r\n", ASKED).count(b"200 OK") == 1
    with httpx.Client(base_url=impatient) as client:
        assert [client.get("/livez").status_code for _ in range(3)] == [200] * 3
