"""The process that unites the facts of several ledgers, and computes a statement over them."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

import duckdb

from projections.errors import ProjectionError
from projections.models import readable_models
from projections.serving.isolated import words
from projections.serving.isolated_process import end_with_standard_input, limit, settings
from projections.serving.messages import OVERHEAD_BYTES, read_message, write_message
from projections.serving.protocol import Question, pack_error, pack_table, unpack_question
from projections.serving.sandbox import QueryFailed, QueryRefused, read
from projections.serving.snapshot import Snapshot, SnapshotFiles
from projections.snapshot_tables import quoted

ENTRIES: Final = "queue_entries"
"""What reports read beside their facts: when calls entered.

United, neither has a name that a view of a ledger uses: on this connection it would come first.
"""


def main() -> None:
    """Read what is asked, and answer."""
    given = json.loads(read_message(sys.stdin.buffer, OVERHEAD_BYTES) or b"")
    question = unpack_question(read_message(sys.stdin.buffer, OVERHEAD_BYTES) or b"")
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    limit(question.bounds)
    snapshots = [Snapshot(**one["snapshot"]) for one in given["ledgers"]]
    write_message(sys.stdout.buffer, answered(snapshots, given, question))


def answered(snapshots: Sequence[Snapshot], given: dict[str, Any], question: Question) -> bytes:
    """The message of the answer; empty when a file was changed meanwhile."""
    names = [one["name"] for one in given["ledgers"]]
    try:
        connection = opened(snapshots, question, given["spill"])
        for statement in uniting(names, given["facts"]):
            connection.execute(statement)
        positions = dict(connection.execute("from positions").fetchall())
        table, _ = read(connection, question.sql, question.parameters, question.bounds)
        message = pack_table(table, {"positions": positions})
    except ProjectionError as error:
        message = pack_error(error)
    except MemoryError:
        message = pack_error(QueryRefused(question.bounds.too_much))
    except (duckdb.Error, OSError) as error:
        message = pack_error(QueryFailed(f"The tables cannot be united: {error}"))
    # An error, too, may come from a block that has other rows by now.
    return message if all(one.is_unchanged() for one in snapshots) else b""


def opened(
    snapshots: Sequence[Snapshot], question: Question, spill: str
) -> duckdb.DuckDBPyConnection:
    """A connection that has each ledger's tables, and beside them a place for views over these."""
    connection = duckdb.connect(config=settings(question.bounds, spill))
    connection.register_filesystem(SnapshotFiles(*snapshots))
    for number, one in enumerate(snapshots):
        connection.execute(f"attach {quoted(one.url)} as ledger_{number} (read_only)")
        connection.execute(f"attach ':memory:' as of_{number}")
    for setting in (
        "timezone = 'UTC'",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")
    return connection


def uniting(names: Sequence[str], facts: str) -> Iterator[str]:
    """The statements that make the united tables.

    Each ledger's facts are a view in a place where the names of the tables mean its own. The
    position of a call is unique in its ledger alone; with the number of the ledger it is in all.
    """
    tables = {model.name for model in readable_models()} & {*words(facts), ENTRIES}
    for number in range(len(names)):
        for table in tables:
            yield f"create view of_{number}.main.{table} as from ledger_{number}.main.{table}"
        yield f"create view of_{number}.main.facts as {facts}"
    yield f"create temp view united_facts as {united(names, 'facts')}"
    yield f"create temp view united_{ENTRIES} as {united(names, ENTRIES)}"
    each = [
        f"select {quoted(name)} as ledger, projected_position"
        f" from ledger_{number}.main.feed_positions"
        for number, name in enumerate(names)
    ]
    yield f"create temp view positions as {' union all '.join(each)}"
    yield (
        "create temp view feed_positions as select sum(projected_position)::bigint"
        " as projected_position from positions"
    )


def united(names: Sequence[str], table: str) -> str:
    """The rows of all ledgers, each with the name of its own."""
    return " union all by name ".join(
        f"select * replace (call_position * {len(names)} + {number} as call_position),"
        f" {quoted(name)} as ledger from of_{number}.main.{table}"
        for number, name in enumerate(names)
    )


if __name__ == "__main__":
    try:
        main()
    finally:
        # At once: the thread that waits for the standard input would hold up an orderly end.
        os._exit(0)
