"""Bounds on a connection that uvicorn and httptools do not have: heads, and answers not taken."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.http.limits import BODY_IS_THERE, LEAST_BYTES_PER_SECOND

LONGEST_HEAD_BYTES: Final = 64 * 1024
LONGEST_HEAD_SECONDS: Final = 10.0
LONGEST_UNREAD_SECONDS: Final = 60.0
"""How long a client may take nothing of an answer, and what it has beside the rate."""

MOST_UNSENT_BYTES: Final = 128 * 1024
"""What the system keeps of an answer that is not on its way: a client's pace shows in the rest."""

MOST_TOGETHER_BYTES: Final = 64 * 1024
MOST_AROUND_A_BYTE: Final = 16
"""What may stand around each byte of a body, as where every byte is a chunk of its own."""


class BoundedConnection(HttpToolsProtocol):
    """One connection, closed where a head is too long or too slow, or an answer is not taken.

    The first head has to come soon after the connection, and any other soon after its first byte;
    in between uvicorn bounds how long a connection is idle. Line ends before a head, which the
    parser passes over, are a part of it. What stands around the chunks of a body, and trailers, may
    be as long as a head beyond what a body needs.
    """

    longest_bytes = LONGEST_HEAD_BYTES
    longest_seconds = LONGEST_HEAD_SECONDS
    unread_seconds = LONGEST_UNREAD_SECONDS
    least_bytes_per_second: float = LEAST_BYTES_PER_SECOND

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head."""
        super().connection_made(transport)
        # So we are told of all that waits, also before a connection is closed; by TLS 0 would mean
        # that something always does.
        transport.set_write_buffer_limits(high=1)
        transport.get_extra_info("socket").setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT_BYTES
        )
        # Head and body of an answer leave as one: each call of the system lets another thread run.
        self.transport = self._together = Together(transport, self.loop)
        self._is_in_head, self._is_between, self._head_bytes = True, False, 0
        self._taken_bytes = self._body_bytes = 0
        self._too_slow: asyncio.TimerHandle | None = None
        self._not_taken: asyncio.TimerHandle | None = None
        self._expect()

    def on_message_begin(self) -> None:
        """A head has begun."""
        super().on_message_begin()
        self._is_in_head, self._is_between, self._has_only_line_ends = True, False, False

    def on_headers_complete(self) -> None:
        """It is there."""
        self._is_in_head = False
        # The head comes with the beginning of its body, and is counted once more.
        self._taken_bytes, self._body_bytes = -self.longest_bytes, 0
        self._expect_no_more()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of a head alone: nobody reads trailers."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of the request is there; mostly that is so before anybody looks at it."""
        self.scope["state"][BODY_IS_THERE] = True
        self._is_between, self._head_bytes = True, 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Count what comes while a head is expected, and wait for the rest of it, if any."""
        self._has_only_line_ends = self._is_between
        super().data_received(data)
        if self._is_in_head or self._has_only_line_ends:
            self._head_bytes += len(data)
            if self._head_bytes > self.longest_bytes:
                self.transport.close()
            elif self._too_slow is None and (self._is_in_head or self.cycle.response_complete):
                self._expect()
        elif not self._is_between:
            self._taken_bytes += len(data)
            around_bytes = self._taken_bytes - self._body_bytes
            if around_bytes > self.longest_bytes + MOST_AROUND_A_BYTE * self._body_bytes:
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
        """Look now and then how far a client is that does not take all of its answer at once.

        Each time it has taken something, and in all no less than the least rate since it began.
        """
        began, taken_before = self.loop.time(), self._together.taken_bytes
        taken_last = 0

        def look() -> None:
            nonlocal taken_last
            taken = self._together.taken_bytes - taken_before
            may_take_seconds = self.unread_seconds + taken / self.least_bytes_per_second
            if taken == taken_last or self.loop.time() - began > may_take_seconds:
                self.transport.abort()
                return
            taken_last = taken
            self._not_taken = self.loop.call_later(self.unread_seconds, look)

        self._not_taken = self.loop.call_later(self.unread_seconds, look)

    def _stop_looking(self) -> None:
        if self._not_taken is not None:
            self._not_taken.cancel()
            self._not_taken = None

    def _expect(self) -> None:
        close: Any = self.transport.close
        self._too_slow = self.loop.call_later(self.longest_seconds, close)

    def _expect_no_more(self) -> None:
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None


class Together(asyncio.Transport):
    """A transport that sends what is written in one turn of the event loop by one call."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._written: list[bytes] = []
        self._written_bytes = 0
        self._sent_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send it at the end of this turn, or at once where much has come together."""
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(bytes(data))
        self._written_bytes += len(data)
        if self._written_bytes > MOST_TOGETHER_BYTES:
            self._send()

    def _send(self) -> None:
        if self._written:
            together, self._written, self._written_bytes = b"".join(self._written), [], 0
            self._sent_bytes += len(together)
            self._transport.write(together)

    def close(self) -> None:
        """Send what is written, then close."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._written.clear()
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        """What the client has not taken yet."""
        return self._written_bytes + self._transport.get_write_buffer_size()

    @property
    def taken_bytes(self) -> int:
        """What has gone to the client so far, or is on its way."""
        return self._sent_bytes - self._transport.get_write_buffer_size()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)
