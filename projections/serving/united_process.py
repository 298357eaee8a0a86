"""The process that unites the facts of several ledgers, and computes a statement over them."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence, Set
from typing import Any, Final

import duckdb

from projections.as_of import AsOf
from projections.errors import ProjectionError
from projections.models import MACROS, readable_models
from projections.serving.isolated import words
from projections.serving.isolated_process import end_with_standard_input, limit, settings
from projections.serving.messages import OVERHEAD_BYTES, read_message, write_message
from projections.serving.protocol import Question, pack_error, pack_table, unpack_question
from projections.serving.sandbox import QueryFailed, QueryRefused, read
from projections.serving.snapshot import Snapshot
from projections.serving.snapshot_files import SnapshotFiles
from projections.snapshot_tables import quoted
from projections.tables_as_of import CHANGED_CALLS, needed

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
        moments = [one["as_of"] and AsOf.from_json(one["as_of"]) for one in given["ledgers"]]
        unite(connection, names, given["facts"], moments)
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


def unite(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    facts: str,
    moments: Sequence[AsOf | None],
) -> None:
    """Make the united tables, of now or of the moment that each ledger has. Raises `duckdb.Error`.

    Each ledger's facts are in a place of its own. The position of a call is unique in its ledger
    alone; with the number of the ledger it is in all.
    """
    tables = {model.name for model in readable_models()} & {*words(facts), ENTRIES}
    if any(moments):
        for name, macro in MACROS.items():
            connection.execute(f"create temp macro {name}{macro}")
    for number, moment in enumerate(moments):
        if moment is None:
            for statement in found_now(number, facts, tables):
                connection.execute(statement)
        else:
            find_then(connection, number, facts, tables, moment)
    for statement in uniting(names):
        connection.execute(statement)


def found_now(number: int, facts: str, tables: Set[str]) -> Iterator[str]:
    """The statements that make a ledger's facts a view, where names of tables mean its own."""
    for table in tables:
        yield f"create view of_{number}.main.{table} as from ledger_{number}.main.{table}"
    yield f"create view of_{number}.main.facts as {facts}"


def find_then(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    facts: str,
    tables: Set[str],
    moment: AsOf,
) -> None:
    """Make a ledger's facts a table, as they were at a moment.

    The connection has one place for tables of a moment: each ledger leaves it as it was.
    """

    def has_changed_calls() -> bool:
        return bool(connection.execute(f"from temp.{CHANGED_CALLS} limit 1").fetchall())

    made = []
    for one in needed(moment, f"ledger_{number}", tables, None, has_changed_calls, frozenset()):
        connection.execute(one.sql)
        made.append(f"drop {one.kind} temp.{one.name}")
    connection.execute(f"create table of_{number}.main.facts as {facts}")
    connection.execute(f"create table of_{number}.main.{ENTRIES} as from {ENTRIES}")
    for statement in reversed(made):
        connection.execute(statement)


def uniting(names: Sequence[str]) -> Iterator[str]:
    """The statements that make one table of the facts of all."""
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
