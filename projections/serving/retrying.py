"""Another try of a dead letter, by the process that has the tables, whose socket takes the wish."""

from __future__ import annotations

from contextlib import AbstractContextManager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from projections.database import Projections
from projections.late_events import retry
from projections.serving.line import called_owner
from projections.serving.protocol import pack_table, raise_error, unpack_table
from projections.serving.rebuilding import OwnerEnded

RETRY: Final = "retry"
REASON: Final = "reason"


class Writable(Protocol):
    """Who has the tables."""

    def writing(self) -> AbstractContextManager[Projections]: ...


def have_retried(folder: Path, number: int) -> str:
    """Have the process that has the tables try it; returns why it still cannot be read, if so.

    Raises `ProjectionError`.
    """
    try:
        with called_owner(folder) as line:
            line.send_bytes(pack_table(pa.table({}), {RETRY: number}))
            _, facts = unpack_table(line.recv_bytes())
    except (OSError, EOFError, AuthenticationError):
        raise OwnerEnded from None
    raise_error(facts)
    return str(facts[REASON])


def serve_retry(owner: Writable, line: Connection[Any, Any], message: bytes) -> None:
    """Try it for who is on the line."""
    _, facts = unpack_table(message)
    with owner.writing() as projections:
        reason = retry(projections, facts[RETRY])
    line.send_bytes(pack_table(pa.table({}), {REASON: reason}))


def is_retry(message: bytes) -> bool:
    """Whether a message wants a dead letter to be tried again."""
    _, facts = unpack_table(message)
    return RETRY in facts
