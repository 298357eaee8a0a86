"""What names an event store: `sqlite`, or the URL of a PostgreSQL."""

from __future__ import annotations

from typing import Final

POSTGRESQL: Final = ("postgresql://", "postgres://")
"""How the URL of a database begins."""


def store_named(store: str) -> str:
    """The store that a setting names; nothing is sqlite. Raises `ValueError`."""
    if store not in ("", "sqlite") and not store.startswith(POSTGRESQL):
        raise ValueError("it names no store, which is sqlite or postgresql://user@server/database")
    return store or "sqlite"
