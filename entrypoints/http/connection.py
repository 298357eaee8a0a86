"""Bounds on a connection that uvicorn and httptools do not have: heads, and answers not taken."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD_BYTES: Final = 64 * 1024
LONGEST_HEAD_SECONDS: Final = 10.0
LONGEST_UNREAD_SECONDS: Final = 30.0
LEAST_TAKEN_BYTES: Final = 32 * 1024
"""What a client takes of an answer at least, each time that so many seconds are over."""


class BoundedConnection(HttpToolsProtocol):
    """One connection, closed where a head is too long or too slow, or an answer is not taken.

    The first head has to come soon after the connection, and any other soon after its first byte;
    in between uvicorn bounds how long a connection is idle.
    """

    longest_bytes = LONGEST_HEAD_BYTES
    longest_seconds = LONGEST_HEAD_SECONDS
    unread_seconds = LONGEST_UNREAD_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head."""
        super().connection_made(transport)
        # So we are told of all that waits, also before a connection is closed; by TLS 0 would mean
        # that something always does.
        transport.set_write_buffer_limits(high=1)
        self._too_slow: asyncio.TimerHandle | None = None
        self._not_taken: asyncio.TimerHandle | None = None
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

    def pause_writing(self) -> None:
        """What was written waits for the client to take it."""
        super().pause_writing()
        self._look_when_taken()

    def resume_writing(self) -> None:
        """All of it is taken."""
        self._stop_looking()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._expect_no_more()
        self._stop_looking()
        super().connection_lost(exc)

    def _look_when_taken(self) -> None:
        waiting_bytes = self.transport.get_write_buffer_size()

        def look() -> None:
            taken_bytes = waiting_bytes - self.transport.get_write_buffer_size()
            if taken_bytes < LEAST_TAKEN_BYTES:
                self.transport.abort()
            else:
                self._look_when_taken()

        self._not_taken = self.loop.call_later(self.unread_seconds, look)

    def _stop_looking(self) -> None:
        if self._not_taken is not None:
            self._not_taken.cancel()
            self._not_taken = None

    def _expect(self) -> None:
        self._expect_no_more()
        self._head_bytes = 0
        close: Any = self.transport.close
        self._too_slow = self.loop.call_later(self.longest_seconds, close)

    def _expect_no_more(self) -> None:
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None
