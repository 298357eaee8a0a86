"""One statement that reads, bounded in rows, bytes and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from re import compile as compiled
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa

from infra.errors import WRONG_USAGE
from projections.errors import ProjectionError
from projections.serving.column_types import (
    as_arrow_can_hold,
    is_held_by_arrow,
    with_types,
)
from projections.serving.damage import is_damage
from projections.serving.deadlines import OF_THIS_PROCESS

ROWS_LIMIT: Final = 1_000_000
ROWS_IN_ONE_PART: Final = 100_000
ANSWER_MEGABYTES: Final = 256
TIMEOUT_SECONDS: Final = 60.0
STATEMENT_LENGTH_LIMIT: Final = 100_000
MEMORY_MEGABYTES: Final = 1_000
KIND_OF_ERROR: Final = compiled(r"\A\w+(?: \w+)* Error: ")

Value = str | int | float | bool | None | datetime | date | Sequence[str] | Sequence[int]
Parameters = Sequence[Value] | Mapping[str, Value]


class QueryRefused(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The statement is not one that reads, or reads outside the ledger."""

    exit_code = WRONG_USAGE


class TookTooLong(QueryRefused):
    """The statement took more time than its bounds have, and was interrupted."""


class QueryFailed(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The statement could not be carried out as it is written."""

    exit_code = WRONG_USAGE


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an answer may have and take."""

    rows: int = ROWS_LIMIT
    seconds: float = TIMEOUT_SECONDS
    answer_megabytes: int = ANSWER_MEGABYTES
    memory_megabytes: int = MEMORY_MEGABYTES
    """What DuckDB may have; its process may have somewhat more."""

    @property
    def too_long(self) -> str:
        """The sentence for a statement that takes too long."""
        return f"The statement took more than {self.seconds:g} seconds: ask for a shorter period."

    @property
    def too_much(self) -> str:
        """The sentence for a statement that takes too much memory."""
        return (
            f"The statement needed more than the {self.memory_megabytes:,} MB of memory that it may"
            " have: ask for a shorter period, or for fewer columns and groups."
        )

    @property
    def too_large(self) -> str:
        """The sentence for an answer of too many bytes."""
        return (
            f"The answer has more than {self.answer_megabytes:,} MB: select fewer columns, or add"
            " a limit."
        )


USUAL: Final = Bounds()


def too_many_characters(sql: str) -> str:
    """The sentence for a statement with more characters than are read."""
    return (
        f"The statement has {len(sql):,} characters, and at most {STATEMENT_LENGTH_LIMIT:,} are"
        " read: select a wider range, and narrow it down in what comes of it."
    )


def cannot(words: str) -> str:
    """The sentence for what DuckDB cannot carry out, without the kind of error."""
    return f"The statement cannot be carried out: {KIND_OF_ERROR.sub('', words)}"


class Parts(NamedTuple):
    """An answer that is read part by part, the position it is true at, and its columns' types."""

    reader: pa.RecordBatchReader
    position: int
    types: list[str]
    """In DuckDB's words."""


def read(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters | None = None,
    bounds: Bounds = USUAL,
    before: Iterable[str] = (),
) -> tuple[pa.Table, int]:
    """Run the statement in one read-only transaction with the position it is true at.

    Raises as `reading` does.
    """
    with reading(cursor, sql, parameters, bounds, before) as parts:
        return with_types(bounded(parts.reader, bounds), parts.types), parts.position


@contextmanager
def reading(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters | None = None,
    bounds: Bounds = USUAL,
    before: Iterable[str] = (),
    rows_in_one_part: int = ROWS_IN_ONE_PART,
) -> Iterator[Parts]:
    """Run the statement in one read-only transaction, and read its answer part by part.

    The statement has been checked. `before` and what it raises are as of `at_position`.
    """
    with at_position(cursor, bounds, before) as position:
        relation = cursor.sql(sql, params=parameters or None)
        types = [str(kind) for kind in relation.types]
        with as_arrow_can_hold(relation).to_arrow_reader(rows_in_one_part) as reader:
            yield Parts(reader, position, types)


def read_at_once(
    cursor: duckdb.DuckDBPyConnection,
    statement: duckdb.Statement,
    parameters: Parameters | None = None,
    bounds: Bounds = USUAL,
    before: Iterable[str | duckdb.Statement] = (),
    keeps: bool = False,
) -> tuple[pa.Table, int]:
    """As `read`, for a statement of the ledger's own, whose answer is short.

    DuckDB makes all of it before the bounds are looked at, and plans it once: for one that is read
    part by part it does so twice, because its types have to be known before.
    """
    with at_position(cursor, bounds, before, keeps) as position:
        cursor.execute(statement, parameters or None)
        kinds = [kind for _, kind, *_ in cursor.description or ()]
        if is_held_by_arrow(kinds):
            reader: pa.RecordBatchReader = cursor.to_arrow_reader(ROWS_IN_ONE_PART)
        else:
            cursor.abort()
            relation = as_arrow_can_hold(cursor.sql(statement, params=parameters or None))
            reader = relation.to_arrow_reader(ROWS_IN_ONE_PART)
        with reader:
            table = bounded(reader, bounds)
        return with_types(table, [str(kind) for kind in kinds]), position


@contextmanager
def at_position(
    cursor: duckdb.DuckDBPyConnection,
    bounds: Bounds,
    before: Iterable[str | duckdb.Statement] = (),
    keeps: bool = False,
) -> Iterator[int]:
    """One read-only transaction, and the position that all of it is true at.

    `before` are statements of ours that make the tables of an earlier moment, each run in the same
    transaction before the next one is taken; the connection `keeps` these afterwards, or not, and
    it never does where something fails. Raises `QueryRefused` for what does not only read the
    ledger, and for more rows, bytes, memory or time than the bounds; `QueryFailed` for what DuckDB
    cannot carry out; `duckdb.Error` where the file is damaged.
    """
    cursor.execute("begin transaction" if before else "begin transaction read only")
    try:
        with OF_THIS_PROCESS.after(bounds.seconds, cursor.interrupt):
            for statement in before:
                cursor.execute(statement)
            rows = cursor.execute("select projected_position from feed_positions").fetchall()
            yield int(rows[0][0])
            if keeps:
                cursor.commit()
    except duckdb.InterruptException:
        raise TookTooLong(bounds.too_long) from None
    except (duckdb.OutOfMemoryException, MemoryError):
        raise QueryRefused(bounds.too_much) from None
    except duckdb.PermissionException as error:
        raise QueryRefused(f"Only the ledger's own tables can be read here: {error}") from None
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        # What goes wrong while rows are handed over comes as Arrow's error, with DuckDB's words.
        words = str(error)
        if "INTERRUPT" in words:
            raise TookTooLong(bounds.too_long) from None
        if "Out of Memory" in words or "bad_alloc" in words:
            raise QueryRefused(bounds.too_much) from None
        if "maximum total string size" in words:
            # DuckDB advises a setting there that nobody may set here.
            raise QueryRefused(bounds.too_large) from None
        if is_damage(error):
            raise duckdb.IOException(words) from None
        raise QueryFailed(cannot(words)) from None
    finally:
        with suppress(duckdb.Error):
            cursor.rollback()


def bounded(reader: pa.RecordBatchReader, bounds: Bounds) -> pa.Table:
    """Read the answer in parts and stop beyond the limit; a limit in SQL is planned once more."""
    parts, rows, size_bytes = [], 0, 0
    for part in reader:
        parts.append(part)
        rows += part.num_rows
        size_bytes += part.nbytes
        if rows > bounds.rows:
            raise QueryRefused(
                f"The answer has more than {bounds.rows:,} rows: group it, or add a limit."
            )
        if size_bytes > bounds.answer_megabytes * 1_000_000:
            raise QueryRefused(bounds.too_large)
    return pa.Table.from_batches(parts, reader.schema)
