"""The analyst's SQL: one statement that reads, bounded in rows and time."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final

import duckdb
import pyarrow as pa

from infra.errors import WRONG_USAGE
from projections.database import ProjectionError
from projections.serving.column_types import as_arrow_can_hold, with_types

ROWS_LIMIT: Final = 1_000_000
ROWS_IN_ONE_PART: Final = 100_000
TIMEOUT_SECONDS: Final = 60.0
STATEMENT_LENGTH_LIMIT: Final = 100_000

FORBIDDEN: Final = re.compile(
    r"\b(force_checkpoint|checkpoint|query|query_table)\s*\(", re.IGNORECASE
)
"""A forced checkpoint would end the projector's transaction; `query` could spell it in pieces."""

Value = str | int | float | bool | None | datetime | date | Sequence[str] | Sequence[int]
Parameters = Sequence[Value] | Mapping[str, Value]


class QueryRefused(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The statement is not one that reads, or reads outside the ledger."""

    exit_code = WRONG_USAGE


class QueryFailed(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The statement could not be carried out as it is written."""

    exit_code = WRONG_USAGE


def check(sql: str) -> None:
    """Raise `QueryRefused` unless the text is exactly one statement that reads."""
    if len(sql) > STATEMENT_LENGTH_LIMIT:
        raise QueryRefused(
            f"The statement has {len(sql):,} characters;"
            f" at most {STATEMENT_LENGTH_LIMIT:,} are read."
        )
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryFailed(str(error)) from None
    if len(statements) != 1:
        raise QueryRefused(f"Give exactly one statement; here are {len(statements)}.")
    if FORBIDDEN.search(sql):
        raise QueryRefused("Functions that write or run other text cannot be used here.")
    kind = statements[0].type
    if kind not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise QueryRefused(f"Only select is allowed here, and this is {kind.name.lower()}.")


def read(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters | None = None,
    rows_limit: int = ROWS_LIMIT,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> tuple[pa.Table, int]:
    """Run the statement in one read-only transaction with the position it is true at.

    Raises `QueryRefused` for what does not only read the ledger, and for more rows or time than
    the bounds; `QueryFailed` for what DuckDB cannot carry out.
    """
    check(sql)
    cursor.execute("begin transaction read only")
    try:
        with interrupted_after(cursor, timeout_seconds):
            rows = cursor.execute("select projected_position from feed_positions").fetchall()
            relation = cursor.sql(sql, params=parameters or None)
            types = [str(kind) for kind in relation.types]
            table = with_types(bounded(as_arrow_can_hold(relation), rows_limit), types)
    except duckdb.InterruptException:
        raise QueryRefused(
            f"The statement took more than {timeout_seconds:g} seconds: ask for a shorter period."
        ) from None
    except duckdb.PermissionException as error:
        raise QueryRefused(f"Only the ledger's own tables can be read here: {error}") from None
    except duckdb.Error as error:
        raise QueryFailed(str(error)) from None
    finally:
        cursor.rollback()
    return table, int(rows[0][0])


def bounded(relation: duckdb.DuckDBPyRelation, rows_limit: int) -> pa.Table:
    """Read the answer in parts and stop beyond the limit; a limit in SQL is planned once more."""
    parts, rows = [], 0
    with relation.to_arrow_reader(ROWS_IN_ONE_PART) as reader:
        for part in reader:
            parts.append(part)
            rows += part.num_rows
            if rows > rows_limit:
                raise QueryRefused(
                    f"The answer has more than {rows_limit:,} rows: group it, or add a limit."
                )
        return pa.Table.from_batches(parts, reader.schema)


@contextmanager
def interrupted_after(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt the cursor's statement when it takes longer."""
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
