"""Bounds on what a client sends: bytes of a body as they come, and the time it takes."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.errors import LedgerError

LARGEST_BODY_BYTES: Final = 16 * 1024 * 1024
LONGEST_BODY_SECONDS: Final = 30.0


class BodyTooLarge(LedgerError):  # noqa: N818 - it reads as the state it reports
    """More came than is taken."""

    status, kind = 413, "too-large"


class BodyTooSlow(LedgerError):  # noqa: N818 - it reads as the state it reports
    """It did not come in time."""

    status, kind = 408, "too-slow"


async def body_of(receive: Receive) -> bytes:
    """A request's body, within the bounds. Raises `BodyTooLarge` and `BodyTooSlow`."""
    body: bytes = b""
    try:
        async with asyncio.timeout(LONGEST_BODY_SECONDS):
            while (message := await receive())["type"] == "http.request":
                body += message["body"]
                if len(body) > LARGEST_BODY_BYTES:
                    raise BodyTooLarge(f"At most {LARGEST_BODY_BYTES} bytes are taken: send less.")
                if not message["more_body"]:
                    return body
    except TimeoutError:
        pass
    raise BodyTooSlow(f"The body did not come in {LONGEST_BODY_SECONDS:g} seconds: send it again.")


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
        deadline = asyncio.get_running_loop().time() + self._longest_seconds
        count, is_complete = 0, False

        async def counted() -> Message:
            nonlocal count, is_complete
            if is_complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow(
                    f"The body did not come in {self._longest_seconds:g} seconds: send it again."
                ) from None
            count += len(message.get("body", b""))
            is_complete = not message.get("more_body", False)
            if count > self._largest_bytes:
                raise BodyTooLarge(f"At most {self._largest_bytes} bytes are taken: send less.")
            return message

        await self._app(scope, counted, send)
