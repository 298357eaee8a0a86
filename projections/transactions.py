"""A transaction of one cursor, beside what other cursors of the file do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction_on(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing."""
    cursor.begin()
    try:
        yield
        cursor.commit()
    except BaseException:
        with suppress(duckdb.Error):
            cursor.rollback()
        raise
