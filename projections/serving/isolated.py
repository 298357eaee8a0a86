"""An analyst's statement in a process of its own, which may end badly without anybody else's.

That process has no more memory, time and room than it is given, reads a snapshot of the tables, and
hands back one message. Whatever becomes of it becomes a sentence here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from projections.errors import ProjectionError
from projections.serving.messages import OVERHEAD_BYTES, read_message, write_message
from projections.serving.permitted import Readable
from projections.serving.protocol import Answer, Question, pack_question, unpack_answer
from projections.serving.readable import readable_by_everybody
from projections.serving.sandbox import Bounds, QueryRefused
from projections.serving.snapshot import Snapshot
from projections.tables_as_of import statements

CATALOG: Final = "ledger"
"""The name under which the process has the tables."""

SHOW_TABLES: Final = re.compile(r"\s*show\s+tables\s*;?\s*", re.IGNORECASE)
NAMES: Final = "select unnest($names) as name"
"""What answers it: DuckDB would list the ledger's own tables too, which nobody may read."""

STARTING_SECONDS: Final = 10.0
"""More than a process takes to start and to hand over an answer, on a busy machine."""


class TablesMoved(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The file was changed under the statement; with another snapshot it can be answered."""

    def __init__(self) -> None:
        super().__init__(
            "The tables changed too fast for the statement: ask for a shorter period, or again"
            " when less is being taken in."
        )


class Task(NamedTuple):
    """What the process does with the statement, and what it may read."""

    module: str = "projections.serving.isolated_process"
    readable: Callable[[], Readable] = readable_by_everybody
    facts: Mapping[str, Any] = MappingProxyType({})
    """What the process is told beside the statement."""
    descriptors: tuple[int, ...] = ()
    """The open files that it gets."""


ANSWER: Final = Task()


def answer_isolated(snapshot: Snapshot, question: Question, task: Task = ANSWER) -> Answer:
    """Answer from the snapshot.

    Raises `QueryRefused` for a statement beyond its bounds or that ended its process, `QueryFailed`
    for one that DuckDB cannot carry out, and `TablesMoved`.
    """
    return answer_of({"snapshot": asdict(snapshot)}, CATALOG, question, task)


def answer_of(tables_there: dict[str, Any], catalog: str, question: Question, task: Task) -> Answer:
    """The same from the tables that the process of the task finds by what is said of them.

    It has them in this catalog. Raises as `answer_isolated`.
    """
    with TemporaryDirectory(prefix="call-ledger-") as spill:
        tables, before = task.readable().tables, list[str]()
        if SHOW_TABLES.fullmatch(question.sql):
            question = replace(question, sql=NAMES, parameters={"names": sorted(tables)})
        if question.as_of is not None:
            # All that it may read then: what is made for it to read, and nothing that is of now.
            tables = tables & words(question.sql)
            before += statements(question.as_of, catalog, tables)
        given = json.dumps(
            {**tables_there, "spill": spill, "tables": sorted(tables),
             "before": before, **task.facts}
        )  # fmt: skip
        message = answered(task, given, question)
    if not message:
        raise TablesMoved
    return unpack_answer(message)


def answered(task: Task, given: str, question: Question) -> bytes:
    """What a process of its own says to a question; nothing where tables moved meanwhile.

    Raises `QueryRefused` where it took too long, or ended without an answer.
    """
    bounds = question.bounds
    message, ended_by_clock = run(
        task,
        [given.encode(), pack_question(question)],
        bounds.seconds + STARTING_SECONDS,
        bounds.answer_megabytes * 1_000_000 + OVERHEAD_BYTES,
    )
    if ended_by_clock:
        raise QueryRefused(bounds.too_long)
    if message is None:
        raise QueryRefused(died(bounds))
    return message


def words(sql: str) -> frozenset[str]:
    """A statement's words in small letters; the name of each table that it reads is one."""
    return frozenset(re.findall(r"\w+", sql.lower()))


def died(bounds: Bounds) -> str:
    """The sentence for a process that ended without an answer."""
    return (
        "The statement ended the process that computed it, which may have"
        f" {bounds.memory_megabytes:,} MB of memory: ask for less at once, or write it flatter."
    )


def run(
    task: Task, messages: list[bytes], seconds: float, size_bytes: int
) -> tuple[bytes | None, bool]:
    """Hand messages to such a process; what it says, if it says anything, and if it was too long.

    An empty answer means that the tables moved. The process ends with its standard input, so it
    does not outlive this one.
    """
    process = subprocess.Popen(  # noqa: S603 - the module is one of ours
        [sys.executable, "-P", "-m", task.module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=task.descriptors,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ended_by_clock = threading.Event()

    def end() -> None:
        ended_by_clock.set()
        process.kill()

    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
    try:
        try:
            for message in messages:
                write_message(process.stdin, message)
        except BrokenPipeError:
            return None, ended_by_clock.is_set()
        return read_message(process.stdout, size_bytes), ended_by_clock.is_set()
    finally:
        clock.cancel()
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


def environment() -> dict[str, str]:
    """This process's variables without the ledger's own, which can have passwords."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CALL_LEDGER")}
    # Both take what they need, and not hundreds of megabytes of addresses in advance.
    return {**own, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}
