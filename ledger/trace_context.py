"""Which trace a command belongs to, where its carrier says it and not the command itself.

W3C Trace Context: the header `traceparent` of HTTP and of Kafka. A header that is not right is
passed over, as the specification asks: a trace never keeps a command from its work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from domain.text import TRACE_PARENT, names_a_trace
from ledger.outcomes import Request

HEADER: Final = "traceparent"
SHAPE: Final = re.compile(TRACE_PARENT)


def trace_parent_in(said: str | None) -> str | None:
    """What a header says, where it is right."""
    if said is None or SHAPE.fullmatch(said) is None:
        return None
    try:
        return names_a_trace(said)
    except ValueError:
        return None


def trace_parent_of(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """What a message's headers say, where it is right."""
    for name, value in headers:
        if name == HEADER:
            return trace_parent_in((value or b"").decode("latin-1"))
    return None


def traced(request: Request, trace_parent: str | None) -> Request:
    """The same request in that trace, unless the command names its own."""
    command = request.command
    if trace_parent is None or command.traceparent is not None:
        return request
    return request._replace(command=command.model_copy(update={"traceparent": trace_parent}))
