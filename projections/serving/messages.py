"""Messages between two processes over a pipe, each with its length before it."""

from __future__ import annotations

from typing import IO, Final

OVERHEAD_BYTES: Final = 16_000_000
"""What an answer's message may have beside its rows."""


def write_message(to: IO[bytes], message: bytes) -> None:
    """Write a message with its length before it."""
    to.write(len(message).to_bytes(8, "big"))
    to.write(message)
    to.flush()


def read_message(of: IO[bytes], size_bytes: int) -> bytes | None:
    """Read such a message; nothing when it is not whole, or longer than it may be."""
    length = int.from_bytes(header, "big") if len(header := of.read(8)) == 8 else -1
    if not 0 <= length <= size_bytes:
        return None
    message = of.read(length)
    return message if len(message) == length else None
