"""What goes over the owner's socket: a question as JSON and Arrow, an answer as Arrow.

Nothing is pickled, so a foreign program on the socket can do no more than ask.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

import pyarrow as pa

from projections.as_of import AsOf
from projections.errors import (
    FileDamaged,
    OtherLedger,
    ProjectionError,
    StillFilling,
    UnreadableEvent,
)
from projections.serving.sandbox import (
    USUAL,
    Bounds,
    Parameters,
    QueryFailed,
    QueryRefused,
    TookTooLong,
)
from projections.serving.snapshot import Snapshot

ANY: Final = 2**62
"""However many events: more than any ledger has."""


@dataclass(frozen=True, slots=True)
class Question:
    """A statement, its bounds, and the position that the asker wants it answered at."""

    sql: str
    parameters: Parameters | None = None
    wanted_position: int = 0
    wanted_refusal: int = 0
    """The number of the last refusal that the answer is to know of."""
    patience_seconds: float = 10.0
    """How long to wait for that position before answering from an earlier one."""
    bounds: Bounds = USUAL
    is_isolated: bool = False
    """Whether whoever asks computes it, in a process of its own, from a snapshot."""
    as_of: AsOf | None = None
    """The moment that the tables are to be of; none is now."""
    only_call: int | None = None
    """The position of the call that an earlier moment's tables are asked about; none is all."""
    first_event: int | None = None
    """The fingerprint of the asker's first event, by which its ledger is known; none is any."""
    needed_position: int = 0
    """What the answer has to show, however long that takes within the patience."""
    waits_for_events: int = ANY
    """Tables that show what is needed and lack more events than these are asked as they are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows, the position of the ledger that they are true at, and a word about the file."""

    table: pa.Table
    position: int
    note: str = ""


ERRORS = {
    error.__name__: error
    for error in (
        *(QueryRefused, TookTooLong, QueryFailed),
        *(StillFilling, FileDamaged, UnreadableEvent, OtherLedger, ProjectionError),
    )
}


def without_delay(connection: Connection[Any, Any]) -> None:
    """Let each message go at once: waiting to fill a packet costs 40 ms an answer."""
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def pack_question(question: Question) -> bytes:
    """The question as one message."""
    parameters = question.parameters
    named = isinstance(parameters, dict)
    values = dict(parameters) if isinstance(parameters, dict) else dict(numbered(parameters or ()))
    return pack_table(
        pa.Table.from_pylist([{"": None, **values}]),
        {
            "sql": question.sql,
            "named": named,
            "wanted_position": question.wanted_position,
            "wanted_refusal": question.wanted_refusal,
            "patience_seconds": question.patience_seconds,
            "bounds": asdict(question.bounds),
            "is_isolated": question.is_isolated,
            "as_of": question.as_of and question.as_of.as_json(),
            "only_call": question.only_call,
            "first_event": question.first_event,
            "needed_position": question.needed_position,
            "waits_for_events": question.waits_for_events,
        },
    )


def numbered(parameters: Any) -> list[tuple[str, Any]]:
    """Parameters by place, under their numbers."""
    return [(str(number), value) for number, value in enumerate(parameters)]


def unpack_question(message: bytes) -> Question:
    """Read the message of `pack_question`."""
    table, facts = unpack_table(message)
    values = table.to_pylist()[0]
    del values[""]
    named, bounds = facts.pop("named"), Bounds(**facts.pop("bounds"))
    packed = facts.pop("as_of")
    as_of = None if packed is None else AsOf.from_json(packed)
    parameters = values if named else list(values.values())
    return Question(parameters=parameters, bounds=bounds, as_of=as_of, **facts)


def pack_answer(answer: Answer) -> bytes:
    """The answer as one message."""
    return pack_table(answer.table, {"position": answer.position, "note": answer.note})


def pack_snapshot(snapshot: Snapshot, note: str) -> bytes:
    """A snapshot that is lent, and a word about the file, as one message."""
    return pack_table(pa.table({}), {"snapshot": asdict(snapshot), "note": note})


def unpack_snapshot(message: bytes) -> tuple[Snapshot, str]:
    """Read the message of `pack_snapshot`; raises the error of `pack_error`."""
    _, facts = unpack_table(message)
    raise_error(facts)
    return Snapshot(**facts["snapshot"]), facts["note"]


def pack_error(error: ProjectionError) -> bytes:
    """An error as one message."""
    return pack_table(pa.table({}), {"error": type(error).__name__, "sentence": str(error)})


def unpack_answer(message: bytes) -> Answer:
    """Read the message of `pack_answer`; raises the error of `pack_error`."""
    table, facts = unpack_table(message)
    raise_error(facts)
    return Answer(table, **facts)


def raise_error(facts: dict[str, Any]) -> None:
    """Raise the error that a message is, if it is one."""
    if "error" in facts:
        raise ERRORS.get(facts["error"], ProjectionError)(facts["sentence"])


def pack_table(table: pa.Table, facts: dict[str, Any]) -> bytes:
    """A table with some facts about it, as one Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    header = json.dumps(facts).encode()
    return len(header).to_bytes(4, "big") + header + bytes(sink.getvalue())


def unpack_table(message: bytes) -> tuple[pa.Table, dict[str, Any]]:
    """Read the message of `pack_table`."""
    size_bytes = int.from_bytes(message[:4], "big")
    facts = json.loads(message[4 : 4 + size_bytes])
    with pa.ipc.open_stream(pa.py_buffer(message)[4 + size_bytes :]) as reader:
        return reader.read_all(), facts
