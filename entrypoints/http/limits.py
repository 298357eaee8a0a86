"""Bounds on what a client sends: bytes of a body as they come, and the time it takes."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.errors import LedgerError

LARGEST_BODY_BYTES: Final = 16 * 1024 * 1024
LONGEST_BODY_SECONDS: Final = 30.0
"""How long a body may take beside the time that its bytes have at the least rate."""

LEAST_BYTES_PER_SECOND: Final = 1_000
"""Whoever is slow and steady is as fast as this, with the worst of telephone lines."""

BODY_IS_THERE: Final = "body_is_there"
"""Set in a request's state by the connection once nothing more of it is to come."""


class BodyTooLarge(LedgerError):  # noqa: N818 - it reads as the state it reports
    """More came than is taken."""

    status, kind = 413, "too-large"


class BodyTooSlow(LedgerError):  # noqa: N818 - it reads as the state it reports
    """It did not come in time."""

    status, kind = 408, "too-slow"


async def body_of(scope: Scope, receive: Receive) -> bytes:
    """A request's body, within the bounds. Raises `BodyTooLarge` and `BodyTooSlow`."""
    if BODY_IS_THERE in scope["state"]:
        # To wait with a bound takes longer than to read it.
        whole: bytes = (await receive()).get("body", b"")
        if len(whole) > LARGEST_BODY_BYTES:
            raise too_large(LARGEST_BODY_BYTES)
        return whole
    body: bytes = b""
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(LONGEST_BODY_SECONDS) as bound:
            while (message := await receive())["type"] == "http.request":
                body += message["body"]
                if len(body) > LARGEST_BODY_BYTES:
                    raise too_large(LARGEST_BODY_BYTES)
                if not message["more_body"]:
                    return body
                bound.reschedule(began + may_take_seconds(len(body), LONGEST_BODY_SECONDS))
    except TimeoutError:
        pass
    raise too_slow()


class BoundedBody:
    """Counts what comes, whatever `Content-Length` says, and waits no longer than it may take.

    Starlette has a limit of its own, which answers in plain text and waits for ever.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest_bytes: int = LARGEST_BODY_BYTES,
        longest_seconds: float = LONGEST_BODY_SECONDS,
    ) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._longest_seconds = longest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = asyncio.get_running_loop().time()
        count, is_complete = 0, False

        async def counted() -> Message:
            nonlocal count, is_complete
            if is_complete:
                return await receive()
            try:
                deadline = began + may_take_seconds(count, self._longest_seconds)
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise too_slow() from None
            count += len(message.get("body", b""))
            is_complete = not message.get("more_body", False)
            if count > self._largest_bytes:
                raise too_large(self._largest_bytes)
            return message

        await self._app(scope, counted, send)


def may_take_seconds(count_bytes: int, longest_seconds: float) -> float:
    """How long a body may take of which so much has come."""
    return longest_seconds + count_bytes / LEAST_BYTES_PER_SECOND


def too_large(largest_bytes: int) -> BodyTooLarge:
    """What is told of a body that is larger."""
    return BodyTooLarge(f"At most {largest_bytes} bytes are taken: send less.")


def too_slow() -> BodyTooSlow:
    """What is told of a body that does not come."""
    return BodyTooSlow(
        f"The body came slower than {LEAST_BYTES_PER_SECOND:,} bytes a second: send it again."
    )
