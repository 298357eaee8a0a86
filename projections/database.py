"""The DuckDB file of the read side: events, and the models computed from them.

Each model's table is in one of two schemas, `blue` or `green`, and the names that analysts use are
views of the current ones; so a rebuild fills the other schema while the old tables answer.
The file is disposable: everything in it comes from the feed.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from projections import file_layout, places
from projections.batches import (
    Events,
    Positions,
    Refusals,
    numbers,
    registered,
    texts,
)
from projections.columns import BODY, EVENT_COLUMNS, REFUSAL_BODY, REFUSAL_COLUMNS, rows_of
from projections.computing import PART_EVENTS, Computing, Work
from projections.errors import Gap
from projections.kept_plans import are_worth_it, kept_plans
from projections.models import MACROS, Models, of_this_version
from projections.statement_cache import StatementCache

FILE_NAME: Final = "projections.duckdb"
MEMORY_MEGABYTES: Final = 3_000
"""DuckDB spills to disk beyond it, so that a rebuild of any size fits beside other work."""

LONG_LOG_BYTES: Final = 32 * 1024**2
"""Rows in DuckDB's log are in memory too, four times as large, until they get to their place in
the file: at 256 MB that was a gigabyte, which came and went every few minutes."""

MUCH_LOG_BYTES: Final = 8 * 1024**2
"""So much of DuckDB's log is put in its place in some 50 ms, and four times as much in 100."""

LONGEST_LOG: Final = "512MB"
"""While somebody reads a snapshot the log grows; beyond this DuckDB puts it in its place anyway."""

FEW_DOCUMENTS: Final = 2_000
"""Up to so many documents one thread reads, by a plan that is kept, from the second time on."""

ARRIVING: Final = "arriving_{}"
"""What arrives for a table, by a name of its own: plans are kept for the columns of a name."""

READ_EVENTS: Final = rows_of(ARRIVING.format("events"), EVENT_COLUMNS, BODY)
READ_REFUSALS: Final = rows_of(ARRIVING.format("refusal_events"), REFUSAL_COLUMNS, REFUSAL_BODY)


class Projections:
    """One open DuckDB file, and the only one who writes it."""

    def __init__(
        self,
        path: Path,
        memory_megabytes: int = MEMORY_MEGABYTES,
        part_events: int = PART_EVENTS,
        long_log_bytes: int = LONG_LOG_BYTES,
        much_log_bytes: int = MUCH_LOG_BYTES,
        models: Models | None = None,
    ) -> None:
        """Open or make the file. Raises `duckdb.Error` when it is locked or will not open."""
        self.path = path
        self.models = of_this_version() if models is None else models
        self.part_events = part_events
        self._long_log_bytes, self._much_log_bytes = long_log_bytes, much_log_bytes
        self._checkpointing = threading.Lock()
        self._snapshots = 0
        self.connection = duckdb.connect(
            str(path),
            config={
                "memory_limit": f"{memory_megabytes}MB",
                "threads": os.cpu_count() or 1,
                "checkpoint_threshold": LONGEST_LOG,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_access": False,
            },
        )
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        """The file, to be read beside DuckDB. Nobody else in this process opens it: to close it
        again would end DuckDB's lock, and another program could write it."""
        self._statements = StatementCache(self.connection)
        self._computing = Computing(self.connection, self.models, part_events)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        self.connection.execute("set timezone = 'UTC'")
        # Nobody who may only ask can reach files, the network or the process's own variables.
        self.connection.execute("set python_enable_replacements = false")
        self.connection.execute("set lock_configuration = true")
        if not self._has_table("feed_positions"):
            with self.transaction():
                file_layout.make(self.connection)
                self.make_macros()
                self._make_models()
        if self.is_of_this_version:
            self._drop_half_built()

    def close(self) -> None:
        self._computing.inserts.forget()
        self.connection.close()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Projections:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_of_this_version(self) -> bool:
        """Whether the file has the tables and columns that this version reads and writes."""
        return file_layout.is_of_this_version(self.connection)

    @property
    def positions(self) -> Positions:
        """How far the file is."""
        return self.positions_for(self.connection)

    def positions_for(self, connection: duckdb.DuckDBPyConnection) -> Positions:
        """How far the file is, in the transaction of a connection of its own."""
        rows = connection.execute(
            "select position, refusal_number, projected_position, projected_refusal_number"
            " from feed_positions"
        ).fetchall()
        return Positions(*rows[0])

    def append_events(self, batches: Iterable[Events]) -> int:
        """Take batches in as one, without the models; returns how many batches there were.

        Events that are here already are passed over. Raises `Gap` when a batch does not follow
        the last position.
        """
        count = 0
        with self.transaction():
            for count, batch in enumerate(batches, 1):  # noqa: B007 - the last count is returned
                self._append_events(batch)
        return count

    def append_refusals(self, batch: Refusals) -> None:
        """Take refusals in, in a transaction of their own."""
        with self.transaction():
            self._append_refusals(batch)

    def add(self, events: Events | None, refusals: Refusals | None = None) -> None:
        """Take a batch in and bring the models up to it, all in one transaction."""
        with self.transaction():
            if events is not None:
                self._append_events(events)
            if refusals is not None:
                self._append_refusals(refusals)
            self.refresh_touched()

    def refresh_current(self) -> None:
        """Bring the models up to the events, computing the touched calls alone."""
        with self.transaction():
            self.refresh_touched()

    def outdated(self) -> list[str]:
        """The models that are new, gone, or other than those of this version."""
        return places.outdated(self.connection, self.models)

    def tidy(self) -> bool:
        """Put what is in DuckDB's log in its place in the file if it is much; whether it was.

        Otherwise that is done after some commit, for which whoever asks then waits: this is for
        moments when nobody does.
        """
        return self._checkpoint_beyond(self._much_log_bytes)

    @contextlib.contextmanager
    def without_checkpoints(self) -> Iterator[None]:
        """Leave what the file's last checkpoint refers to where it is, for who reads it meanwhile.

        Any thread may do so; it waits for a checkpoint that is being written.
        """
        with self._checkpointing:
            self._snapshots += 1
        try:
            yield
        finally:
            with self._checkpointing:
                self._snapshots -= 1

    def checkpoint_when_long(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What a transaction on the file's own connection does when it is over, for another one."""
        self._checkpoint_beyond(self._long_log_bytes, connection)

    def _checkpoint_beyond(
        self, log_bytes: int, connection: duckdb.DuckDBPyConnection | None = None
    ) -> bool:
        """Write a checkpoint if the log has at least so many bytes; whether one was written."""
        log = self.path.with_name(f"{self.path.name}.wal")
        with (
            self._checkpointing,
            contextlib.suppress(FileNotFoundError, duckdb.TransactionException),
        ):
            if not self._snapshots and log.stat().st_size >= log_bytes:
                (connection or self.connection).execute("checkpoint")
                return True
        return False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.connection.begin()
        try:
            yield
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                self.connection.rollback()
            self._computing.inserts.forget()
            raise
        self.connection.commit()
        self._checkpoint_beyond(self._long_log_bytes)

    def make_macros(self) -> None:
        """Make what the models' SQL calls, in the caller's transaction."""
        for name, macro in MACROS.items():
            self.connection.execute(f"create or replace macro {name}{macro}")

    def _make_models(self) -> None:
        names = [model.name for model in self.models.kept]
        made = places.begin_aside(self.connection, self.models, names, 0, 0).tables
        self._computing.make_tables(Work(made.schemas), 0)
        places.show(self.connection, self.models, made, keeps=False, at=(0, 0))

    def _drop_half_built(self) -> None:
        """Drop what a process was building when it died."""
        aside = places.aside(self.connection)
        if aside is not None and not aside.is_kept:
            with self.transaction():
                places.drop_aside(self.connection)

    def _append_events(self, batch: Events) -> None:
        last = self.positions.position
        start = first_new(batch.positions, last)
        if start == len(batch.positions):
            return
        self.insert_events(batch, start)
        self.note_position(batch.positions[-1])

    def insert_events(self, batch: Events, start: int = 0) -> None:
        """Put events into the table, in the caller's transaction; the caller sees to their order.

        Raises `duckdb.Error` when a document is none that this version can read.
        """
        self._insert(
            "events",
            READ_EVENTS,
            {
                "position": numbers(batch.positions[start:]),
                "call_position": numbers(batch.call_positions[start:]),
                "document": texts(batch.documents[start:]),
            },
        )

    def note_position(self, position: int) -> None:
        """Say how far the events are, in the caller's transaction."""
        self.connection.execute("update feed_positions set position = ?", [position])

    def _append_refusals(self, batch: Refusals) -> None:
        last = self.positions.refusal_number
        start = first_new(batch.numbers, last)
        if start == len(batch.numbers):
            return
        self.insert_refusals(batch, start)
        self.note_refusal_number(batch.numbers[-1])

    def insert_refusals(self, batch: Refusals, start: int = 0) -> None:
        """Put refusals into the table, as `insert_events` does events."""
        self._insert(
            "refusal_events",
            READ_REFUSALS,
            {
                "refusal_number": numbers(batch.numbers[start:]),
                "document": texts(batch.documents[start:]),
            },
        )

    def note_refusal_number(self, number: int) -> None:
        """Say how far the refusals are, in the caller's transaction."""
        self.connection.execute("update feed_positions set refusal_number = ?", [number])

    def _insert(
        self, table: str, query: str, columns: dict[str, pa.Array | pa.ChunkedArray]
    ) -> None:
        arriving, name = pa.table(columns), ARRIVING.format(table)
        if len(arriving) <= FEW_DOCUMENTS and are_worth_it(table):
            with kept_plans() as plans:
                plans.give(name, arriving)
                rows = plans.rows(query)
            self._computing.inserts.insert(table, rows)
            return
        # DuckDB reads one chunk on one thread.
        chunks = arriving.to_batches(
            max_chunksize=max(1, len(arriving) // (os.cpu_count() or 1) + 1)
        )
        with registered(self.connection, name, pa.Table.from_batches(chunks)):
            self._statements.execute(f"insert into {table} by name {query}")

    def refresh_touched(self) -> None:
        """Replace the rows of the calls touched since, in the caller's transaction."""
        current = places.current(self.connection).schemas
        positions = self.positions
        work = Work(current, rows_until=positions.projected_position)
        self._computing.touched(work, positions)
        self.note_projected(self.connection)

    def note_projected(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Say that the models show all that was taken in, in the caller's transaction."""
        connection.execute(
            "update feed_positions set projected_position = position,"
            " projected_refusal_number = refusal_number"
        )
        if connection.execute("from calls_to_recompute limit 1").fetchall():
            connection.execute(
                "insert into calls_to_recompute_aside"
                " from calls_to_recompute where exists (from aside)"
            )
            connection.execute("delete from calls_to_recompute")

    def _has_table(self, name: str) -> bool:
        # duckdb_tables() counts the rows of each table: in a file just opened that takes as long
        # as to open it.
        try:
            self.connection.execute(f"from {name} limit 0")
        except duckdb.CatalogException:
            return False
        return True


def first_new(positions: Sequence[int], last: int) -> int:
    """The index of the first number after `last`. Raises `Gap` when numbers are missing."""
    if not positions or positions[-1] <= last:
        return len(positions)
    if positions[-1] - positions[0] != len(positions) - 1 or positions[0] > last + 1:
        raise Gap(
            f"The feed went from {last} to {positions[0]} … {positions[-1]} with"
            f" {len(positions)} entries: positions are missing. Check the event store."
        )
    return last + 1 - positions[0]
