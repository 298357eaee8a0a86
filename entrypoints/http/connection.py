"""Bounds on the head of a request and on a slow reader: uvicorn and httptools have none."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD_BYTES: Final = 64 * 1024
LONGEST_HEAD_SECONDS: Final = 10.0
LONGEST_UNREAD_SECONDS: Final = 30.0
"""How long a client may leave what waits for it unread; an answer that waits takes memory."""


class BoundedHead(HttpToolsProtocol):
    """One connection, which is closed where a head is too long or too slow.

    The first head has to come soon after the connection, and any other soon after its first byte;
    in between uvicorn bounds how long a connection is idle. Who does not read is cut off.
    """

    longest_bytes = LONGEST_HEAD_BYTES
    longest_seconds = LONGEST_HEAD_SECONDS
    unread_seconds = LONGEST_UNREAD_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head."""
        super().connection_made(transport)
        self._too_slow: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._expect()

    def on_message_begin(self) -> None:
        """A head has begun."""
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """It is there."""
        self._expect_no_more()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what comes while a head is expected."""
        super().data_received(data)
        if self._too_slow is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self.longest_bytes:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect_no_more()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits for the client than may."""
        super().pause_writing()
        # Closed in order, it would wait for the client again.
        self._unread = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read on."""
        super().resume_writing()
        self._is_read()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _expect(self) -> None:
        self._expect_no_more()
        self._head_bytes = 0
        close: Any = self.transport.close
        self._too_slow = self.loop.call_later(self.longest_seconds, close)

    def _expect_no_more(self) -> None:
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None
