"""The write side's tests run on both event stores."""

from __future__ import annotations

import pytest

from infra.local.postgresql import LocalPostgresql
from tests.ledger.stores import PostgresqlStore, SqliteStore, Store


@pytest.fixture
def postgresql_store(
    postgresql: LocalPostgresql, monkeypatch: pytest.MonkeyPatch
) -> PostgresqlStore:
    """An empty schema of the running PostgreSQL, and the setting that names it."""
    store = PostgresqlStore.new(postgresql.url)
    monkeypatch.setenv("CALL_LEDGER_STORE", store.url)
    return store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty event store of either kind, and the setting that names it."""
    if request.param == "postgresql":
        found: Store = request.getfixturevalue("postgresql_store")
        return found
    monkeypatch.delenv("CALL_LEDGER_STORE", raising=False)
    return SqliteStore()
