"""The write side's tests run on both event stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from tests.ledger.stores import PostgresqlStore, SqliteStore, Store, ledger_at


@pytest.fixture
def postgresql_store(postgresql: LocalPostgresql) -> PostgresqlStore:
    """An empty schema of the running PostgreSQL."""
    return PostgresqlStore.new(postgresql.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty event store of either kind."""
    if request.param == "postgresql":
        found: Store = request.getfixturevalue("postgresql_store")
        return found
    return SqliteStore()


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> LedgerFolder:
    """A ledger that is not there yet, in either kind of event store."""
    return ledger_at(tmp_path, store.url)
