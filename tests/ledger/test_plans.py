"""No statement of the event store reads a whole table: however large it is, it is searched."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.folder import LedgerFolder
from infra.postgresql import Postgresql, connect
from ledger.feed import StoreFeed
from ledger.intake import Unreadable
from ledger.ledger import Ledger
from ledger.quarantine import Unread, reading_quarantine
from ledger.store.migration import migrate
from tests.ledger.scenes import command, connected, requests
from tests.ledger.stores import PostgresqlStore, ledger_at

STORE = Path(__file__).parents[2] / "ledger" / "store"
READS_OR_WRITES_ROWS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
TABLES = ("calls", "events", "outcomes", "refusals", "quarantine")
WAITING = "quarantine_waiting"
"""The index that has nothing but what waits: it is read whole to count that."""

CALLS = 20_000
"""Enough for PostgreSQL to prefer a search to a scan."""


def use_everything(folder: LedgerFolder | Path, writers: int) -> None:
    """Whatever is asked of a store by the write side, and by those who read beside it."""
    with ExitStack() as stack:
        first, *others = (
            stack.enter_context(Ledger.open(folder, cached_calls=1)) for _ in range(writers)
        )
        first.record_many(requests([*connected("call-1"), command("resume", "agent-1")]))
        repeated = [*connected("call-2"), command("resume", "agent-1", "call-2")]
        for _ in range(2):
            first.record_many(requests([*repeated, command("hold", "agent-1")]))
            first.record(repeated[0].model_copy(update={"call_id": "call-3"}))
        first.first_document()
        first.quarantine.add_many([Unread(f"line {n}", b"{}", "It is empty.") for n in (1, 2)])
        first.quarantine.add_new([Unread("line 1", b"{}", "It is empty.")])
        first.quarantine.discard(1, "auditor", "noise")
        with pytest.raises(Unreadable):
            first.quarantine.retry(2, "auditor")
        for other in [*others, first]:
            other.record(command("hold", "agent-1", "call-2"))
    with StoreFeed(folder) as feed:
        feed.head()
        feed.size_bytes()
        feed.soundness()
        list(feed.batches(0, 2))
        list(feed.blocks(0, 2))
        list(feed.refusals(0, 1))
        feed.documents_of("test", "call-1", until=2)
        feed.events_of_call(1, until=2)
        list(feed.calls())
        assert feed.calls_of_id("call-1") == [("test", 1)]
    with reading_quarantine(folder) as quarantine:
        quarantine.list()
        list(quarantine.entries())
        list(quarantine.entries(with_resolved=True))
        quarantine.waiting()
        quarantine.show(1)


def statements_in(files: list[Path]) -> Iterator[str]:
    """The statements that are written down in the store's code, as patterns of what is run."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Constant(value=str(text)):
                    pieces = [text]
                case ast.JoinedStr(values=values):
                    pieces = [
                        str(value.value) if isinstance(value, ast.Constant) else "?"
                        for value in values
                    ]
                case _:
                    continue
            text = "".join(pieces)
            if READS_OR_WRITES_ROWS.match(text) and len(text.split()) > 2:
                yield ".*".join(map(re.escape, re.split(r"\?|%[bst]", text)))


def assert_all_were_run(run: list[str], database: str) -> None:
    """A statement that the test does not reach is one whose plan nobody has looked at."""
    files = [
        file
        for file in STORE.glob("*.py")
        if file.stem.startswith(database)
        or not file.stem.startswith(("sqlite", "postgresql", "migration"))
    ]
    for pattern in statements_in(files):
        assert any(re.match(pattern, one, re.DOTALL) for one in run), f"never run: {pattern}"


def test_every_statement_in_sqlite_is_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []
    really_connect = sqlite3.connect

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = really_connect(*arguments, **named)
        connection.set_trace_callback(run.append)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", traced)
        use_everything(tmp_path, writers=1)
    assert_all_were_run(run, "sqlite")
    connection = really_connect(tmp_path / "ledger.sqlite")
    for statement in filter(READS_OR_WRITES_ROWS.match, run):
        steps = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        scanned = {
            str(step[3]).split()[1]
            for step in steps
            if str(step[3]).startswith("SCAN") and WAITING not in str(step[3])
        }
        assert not scanned.intersection(TABLES), (statement, steps)
    connection.close()


def test_every_statement_in_postgresql_is_a_search(
    tmp_path: Path, postgresql_store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[tuple[str, Any]] = []

    class Recording(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **named: Any) -> Any:
            run.append((query if isinstance(query, str) else query.decode(), params))
            return super().execute(query, params, **named)

        def executemany(self, query: Any, params_seq: Any, **named: Any) -> None:
            rows = list(params_seq)
            run.extend((query.decode(), row) for row in rows)
            super().executemany(query, rows, **named)

    really_connect = psycopg.connect
    with monkeypatch.context() as patched:
        patched.setattr(
            psycopg, "connect",
            lambda *a, **named: really_connect(*a, **{**named, "cursor_factory": Recording}),
        )  # fmt: skip
        use_everything(ledger_at(tmp_path, postgresql_store.url), writers=2)
        run_before_migration = len(run)
        use_everything(tmp_path / "sqlite", writers=1)
        empty = PostgresqlStore.new(postgresql_store.url.partition("?")[0])
        migrate(tmp_path / "sqlite", Postgresql(empty.url), lambda *_: None)
    assert_all_were_run([query for query, _ in run], "postgresql")

    with connect(Postgresql(postgresql_store.url)) as connection:
        for query, params in rows_read_or_written(run):
            # As it is planned once for all parameters while the tables are small, and kept.
            marked = numbered(query)
            assert_search(connection, f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {marked}", None)
            assert_search(connection, f"EXPLAIN (FORMAT JSON) {query}", params)
        fill(connection)
        connection.execute("SET enable_seqscan = on")
        for query, params in rows_read_or_written(run[:run_before_migration]):
            assert_search(connection, f"EXPLAIN (FORMAT JSON) {query}", params)


def rows_read_or_written(run: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    return ((query, params) for query, params in run if READS_OR_WRITES_ROWS.match(query))


def numbered(query: str) -> str:
    """The query with its parameters marked as the server itself marks them."""
    first, *rest = re.split(r"%[bst]", query)
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, 1))


def assert_search(connection: psycopg.Connection[Any], query: str, params: Any) -> None:
    ((plan,),) = connection.execute(query.encode(), params, prepare=False).fetchall()
    for node, parent in nodes_in(plan[0]["Plan"], "nothing"):
        is_bounded = (
            "Index Cond" in node
            or (parent == "Limit" and "Filter" not in node)
            or node.get("Index Name") == WAITING
        )
        is_scan = node["Node Type"] == "Seq Scan" or (
            "Index" in node["Node Type"] and not is_bounded
        )
        assert not (is_scan and node.get("Relation Name") in TABLES), (query, plan)


def nodes_in(plan: dict[str, Any], parent: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The steps of a plan, each with the kind of step that takes its rows."""
    yield plan, parent
    for below in plan.get("Plans", ()):
        yield from nodes_in(below, plan["Node Type"])


def fill(connection: psycopg.Connection[Any]) -> None:
    """So many rows in each table that a scan would show."""
    connection.execute(
        "INSERT INTO calls SELECT 'filled', 'call-' || n, 1000 + 5 * n"
        f" FROM generate_series(1, {CALLS}) n;"
        "INSERT INTO events SELECT 1000 + n, 1000 + n - n % 5, 1 + n % 5, 'a document'"
        f" FROM generate_series(5, {CALLS * 5}) n;"
        "INSERT INTO outcomes SELECT sha256(int8send(n)), 1000 + n, 1, NULL"
        f" FROM generate_series(1, {CALLS}) n;"
        f"INSERT INTO refusals SELECT 1000 + n, 'a document' FROM generate_series(1, {CALLS}) n;"
        "INSERT INTO quarantine SELECT 1000 + n, '', '', '', '', 'discarded'"
        f" FROM generate_series(1, {CALLS}) n;".encode()
    )
    for table in TABLES:
        connection.execute(f"ANALYZE {table}".encode())
