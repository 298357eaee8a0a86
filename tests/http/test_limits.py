"""What a client sends is counted as it comes, and has its time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.limits import BodyTooLarge, BodyTooSlow, BoundedBody

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
