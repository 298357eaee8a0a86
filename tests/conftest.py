"""The real servers that tests need: started once, by the code of `call-ledger local up`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local_postgresql import LocalPostgresql


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgresql]:
    """A running PostgreSQL 18 of this test session."""
    server = LocalPostgresql(tmp_path_factory.mktemp("servers") / "postgresql")
    try:
        server.start()
        yield server
    finally:
        server.stop()
