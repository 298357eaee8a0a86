"""What the tests of the archive share."""

from __future__ import annotations

from tests.ledger.conftest import postgresql_store, store

__all__ = ["postgresql_store", "store"]
