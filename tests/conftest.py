"""The real servers that tests need: started once, by the code of `call-ledger local up`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.local_postgresql import LocalPostgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[LocalPostgresql]:
    """A running PostgreSQL 18 of this test session."""
    # Not in pytest's own folder: another session that starts closes that to other accounts.
    with TemporaryDirectory(prefix="call-ledger-servers-") as folder:
        server = LocalPostgresql(Path(folder) / "postgresql")
        try:
            server.start()
            yield server
        finally:
            server.stop()
