"""The process that computes an analyst's statement: it has bounds, a snapshot, and nothing else."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb

from projections.errors import ProjectionError
from projections.serving.damage import damaged
from projections.serving.messages import OVERHEAD_BYTES, read_message, write_message
from projections.serving.permitted import Readable, check
from projections.serving.permitted_functions import TABLE_FUNCTIONS
from projections.serving.protocol import Answer, Question, pack_answer, pack_error, unpack_question
from projections.serving.sandbox import Bounds, QueryRefused, read
from projections.serving.snapshot import Snapshot
from projections.serving.snapshot_files import SnapshotFiles

PROGRAM_MEGABYTES: Final = 1_500
"""Addresses that the libraries and the threads take beside DuckDB's memory and the answer."""

SPILL_MEGABYTES: Final = 4_000
FILES: Final = 256
POLITENESS: Final = 10


Compute = Callable[[duckdb.DuckDBPyConnection, Question, dict[str, Any]], Answer]
"""What is made of a statement that was checked, over tables that are open."""


class Tables(Protocol):
    """The tables that the process may read."""

    def show_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Have them under their names on a connection. Raises `duckdb.Error` and `OSError`."""
        ...

    def is_unchanged(self) -> bool:
        """Whether they are those that they were when the process was asked."""
        ...

    def broken(self) -> ProjectionError:
        """What is told where they cannot be opened."""
        ...


class SnapshotTables:
    """Those of a snapshot of a DuckDB file."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._snapshot = Snapshot(**given["snapshot"])

    def show_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the file."""
        connection.register_filesystem(SnapshotFiles(self._snapshot))
        url = self._snapshot.url.replace("'", "''")
        connection.execute(f"attach '{url}' as ledger (read_only)")
        connection.execute("use ledger")

    def is_unchanged(self) -> bool:
        """Whether no checkpoint was written meanwhile."""
        return self._snapshot.is_unchanged()

    def broken(self) -> ProjectionError:
        """The file did not open, which it does unless it was changed or damaged."""
        return damaged(Path(self._snapshot.path))


TablesOf = Callable[[dict[str, Any]], Tables]
"""The tables that whoever asked has named."""


def main(compute: Compute, tables_of: TablesOf) -> None:
    """Read what is asked, and answer."""
    given = json.loads(read_message(sys.stdin.buffer, OVERHEAD_BYTES) or b"")
    question = unpack_question(read_message(sys.stdin.buffer, OVERHEAD_BYTES) or b"")
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    limit(question.bounds)
    schemas = frozenset() if question.as_of else frozenset({"main"})
    readable = Readable(set(given["tables"]), TABLE_FUNCTIONS, schemas)
    write_message(
        sys.stdout.buffer,
        answered(tables_of(given), readable, given, question, compute),
    )


def end_with_standard_input() -> None:
    """End when whoever asked has ended, or wants no answer any more."""
    sys.stdin.buffer.read(1)
    os._exit(1)


def limit(bounds: Bounds) -> None:
    """Let the system hold this process to its bounds, and serve everybody else first."""
    threads = os.cpu_count() or 1
    megabytes = bounds.memory_megabytes + 2 * bounds.answer_megabytes + PROGRAM_MEGABYTES
    cpu_seconds = int(bounds.seconds + 10) * threads
    for what, most in (
        (resource.RLIMIT_AS, megabytes * 1_000_000),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, SPILL_MEGABYTES * 1_000_000),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a system may allow less, or not know it
            resource.setrlimit(what, (most, most))
    os.nice(POLITENESS)


def answered(
    tables: Tables,
    readable: Readable,
    given: dict[str, Any],
    question: Question,
    compute: Compute,
) -> bytes:
    """The message of the answer; empty when the tables were changed meanwhile."""
    try:
        connection = opened(tables, readable, given["spill"], question)
        message = pack_answer(compute(connection, question, given))
    except ProjectionError as error:
        message = pack_error(error)
    except MemoryError:
        message = pack_error(QueryRefused(question.bounds.too_much))
    except (duckdb.Error, OSError):
        message = pack_error(tables.broken())
    # An error, too, may come from a block that has other rows by now.
    return message if tables.is_unchanged() else b""


def opened(
    tables: Tables, readable: Readable, spill: str, question: Question
) -> duckdb.DuckDBPyConnection:
    """Check the statement, and open the tables."""
    connection = duckdb.connect(config=settings(question.bounds, spill))
    check(connection, question.sql, readable)
    tables.show_to(connection)
    for setting in (
        "timezone = 'UTC'",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")
    return connection


def computed(
    connection: duckdb.DuckDBPyConnection, question: Question, given: dict[str, Any]
) -> Answer:
    """The answer of the statement."""
    table, position = read(
        connection, question.sql, question.parameters, question.bounds, given["before"]
    )
    return Answer(table, question.as_of.position if question.as_of else position)


def run(compute: Compute, tables_of: TablesOf) -> None:
    """Be that process, and end at once: the thread that waits for the input would hold it up."""
    try:
        main(compute, tables_of)
    finally:
        os._exit(0)


def settings(bounds: Bounds, spill: str) -> dict[str, Any]:
    """DuckDB's settings."""
    return {
        "memory_limit": f"{bounds.memory_megabytes}MB",
        "threads": os.cpu_count() or 1,
        "temp_directory": spill,
        "max_temp_directory_size": f"{SPILL_MEGABYTES}MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


if __name__ == "__main__":
    run(computed, SnapshotTables)
