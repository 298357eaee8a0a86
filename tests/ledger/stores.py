"""The two kinds of event store, as tests make, damage and empty them behind the ledger's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import quote
from uuid import uuid4

import psycopg

from infra.folder import LedgerFolder
from infra.postgresql import Postgresql
from ledger.ledger import Ledger
from ledger.store.sqlite import SqliteEventStore

TABLES = ("calls", "events", "outcomes", "refusals", "quarantine")


def ledger_at(path: Path, store: str) -> LedgerFolder:
    """The ledger in a folder: its events are there for `sqlite`, or behind a PostgreSQL's URL."""
    return LedgerFolder(path, None if store == "sqlite" else Postgresql(store))


class Store(Protocol):
    @property
    def url(self) -> str: ...

    def execute(self, folder: LedgerFolder, statement: str) -> None:
        """Run a statement that the ledger itself would never run."""

    def empty(self, folder: LedgerFolder) -> None:
        """Begin a new ledger where there was one."""

    def counting_commits(
        self, folder: LedgerFolder, table: str
    ) -> AbstractContextManager[tuple[Ledger, list[int]]]:
        """A ledger, and the commits that have written rows to a table, known in the end."""


@dataclass(frozen=True)
class SqliteStore:
    url: str = "sqlite"

    def execute(self, folder: LedgerFolder, statement: str) -> None:
        connection = sqlite3.connect(folder.sqlite_file)
        with connection:
            connection.execute(statement)
        connection.close()

    def empty(self, folder: LedgerFolder) -> None:
        folder.sqlite_file.unlink(missing_ok=True)

    @contextmanager
    def counting_commits(
        self, folder: LedgerFolder, table: str
    ) -> Iterator[tuple[Ledger, list[int]]]:
        statements: list[str] = []
        counted: list[int] = []
        with closing(SqliteEventStore.open(folder.sqlite_file)) as store:
            store.connection.set_trace_callback(statements.append)
            with Ledger(store) as ledger:
                yield ledger, counted
        counted.append(statements.count("COMMIT"))


@dataclass(frozen=True)
class PostgresqlStore:
    url: str

    @classmethod
    def new(cls, server_url: str) -> PostgresqlStore:
        schema = f"test_{uuid4().hex}"
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        return cls(f"{server_url}?options={quote(f'-csearch_path={schema}')}")

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url, autocommit=True)

    def execute(self, folder: LedgerFolder, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement.encode())

    def empty(self, folder: LedgerFolder) -> None:
        with self.connect() as connection:
            made = connection.execute("SELECT to_regclass('events') IS NOT NULL").fetchone()
            if made == (True,):
                for table in TABLES:
                    connection.execute(f"DELETE FROM {table}".encode())
                connection.execute(
                    "SELECT setval('given_positions', 0), setval('given_refusals', 0)"
                )

    @contextmanager
    def counting_commits(
        self, folder: LedgerFolder, table: str
    ) -> Iterator[tuple[Ledger, list[int]]]:
        counted: list[int] = []
        with Ledger.open(folder) as ledger:
            before = self.commits_of(table)
            yield ledger, counted
        counted.append(self.commits_of(table) - before)

    def commits_of(self, table: str) -> int:
        with self.connect() as connection:
            row = connection.execute(f"SELECT count(DISTINCT xmin::text) FROM {table}".encode())
            ((commits,),) = cast(list[tuple[int]], row.fetchall())
            return commits
