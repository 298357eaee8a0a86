"""The DuckDB file of the read side: events, and the models computed from them.

The models live in one of two schemas, `blue` or `green`, and the names that analysts use are
views of the current one; so a rebuild fills the other schema while the old tables answer.
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

from projections import dead_letters
from projections.batches import Difference, Events, Positions, Refusals, numbers, texts
from projections.columns import (
    BODY,
    EVENT_COLUMNS,
    REFUSAL_BODY,
    REFUSAL_COLUMNS,
    rows_of,
    table_of,
)
from projections.computing import PART_EVENTS, Computing
from projections.errors import Gap
from projections.models import MACROS, Kind, kept_models, models_hash, readable_models
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

WHOLE_BUILD_SHARE: Final = 0.2
"""From this share of new events on, building everything is cheaper than touched calls alone."""

READ_EVENTS: Final = rows_of("arriving", EVENT_COLUMNS, BODY)
READ_REFUSALS: Final = rows_of("arriving", REFUSAL_COLUMNS, REFUSAL_BODY)

COLOURS: Final = ("blue", "green")


class Projections:
    """One open DuckDB file, and the only one who writes it."""

    def __init__(
        self,
        path: Path,
        memory_megabytes: int = MEMORY_MEGABYTES,
        part_events: int = PART_EVENTS,
        long_log_bytes: int = LONG_LOG_BYTES,
        much_log_bytes: int = MUCH_LOG_BYTES,
    ) -> None:
        """Open or make the file. Raises `duckdb.Error` when it is locked or will not open."""
        self.path = path
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
        self._statements = StatementCache(self.connection)
        self._computing = Computing(self.connection, part_events)
        try:
            self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        self.connection.execute("set timezone = 'UTC'")
        # Nobody who may only ask can reach files, the network or the process's own variables.
        self.connection.execute("set python_enable_replacements = false")
        self.connection.execute("set lock_configuration = true")
        if not self._has_table("feed_positions"):
            self._make()

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Projections:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_of_these_models(self) -> bool:
        """Whether the file was made by the models and columns of this version."""
        return self._has_table("file_made_by") and self.connection.execute(
            "select models_hash from file_made_by"
        ).fetchall() == [(models_hash(),)]

    @property
    def positions(self) -> Positions:
        """How far the file is."""
        rows = self.connection.execute(
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

    def refresh(self) -> None:
        """Bring the models up to the events: touched calls alone, or all where they are many."""
        positions = self.positions
        behind = positions.position - positions.projected_position
        if behind > positions.position * WHOLE_BUILD_SHARE and behind > 10_000:
            self.build()
            return
        with self.transaction():
            self.refresh_touched()

    def build(self) -> None:
        """Compute all models anew beside the current ones, and swap."""
        colour = self.build_aside()
        self.swap(colour)

    def rebuild(self) -> list[Difference]:
        """As `build`, telling which tables came out other than they were."""
        before = {model.name: self._fingerprint(f"main.{model.name}") for model in kept_models()}
        colour = self.build_aside()
        differences = []
        for name, (rows_before, hash_before) in before.items():
            rows_after, hash_after = self._fingerprint(f"{colour}.{name}")
            if (rows_before, hash_before) != (rows_after, hash_after):
                differences.append(Difference(name, rows_before, rows_after))
        self.swap(colour)
        return differences

    def build_aside(self) -> str:
        """Compute all models in the schema that is not current, and return its name."""
        colour = next(one for one in COLOURS if one != self._colour())
        with self.transaction():
            self._computing.everything(colour, self.positions.position)
        return colour

    def swap(self, colour: str) -> None:
        """Let the names of the models mean the tables of this schema, and drop the others."""
        with self.transaction():
            self._point_to(colour)

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

    def _checkpoint_beyond(self, log_bytes: int) -> bool:
        """Write a checkpoint if the log has at least so many bytes; whether one was written."""
        log = self.path.with_name(f"{self.path.name}.wal")
        with (
            self._checkpointing,
            contextlib.suppress(FileNotFoundError, duckdb.TransactionException),
        ):
            if not self._snapshots and log.stat().st_size >= log_bytes:
                self.connection.execute("checkpoint")
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
            raise
        self.connection.commit()
        self._checkpoint_beyond(self._long_log_bytes)

    def _make(self) -> None:
        with self.transaction():
            execute = self.connection.execute
            execute(MACROS)
            execute(table_of("events", EVENT_COLUMNS))
            execute(table_of("refusal_events", REFUSAL_COLUMNS))
            execute(dead_letters.TABLES)
            execute(
                "create table feed_positions (position bigint, refusal_number bigint,"
                " projected_position bigint, projected_refusal_number bigint)"
            )
            execute("insert into feed_positions values (0, 0, 0, 0)")
            execute("create table file_made_by (models_hash varchar, colour varchar)")
            execute("insert into file_made_by values (?, ?)", [models_hash(), COLOURS[1]])
            self._computing.everything(COLOURS[0], 0)
            self._point_to(COLOURS[0])

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
            f"insert into events by name {READ_EVENTS}",
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
            f"insert into refusal_events by name {READ_REFUSALS}",
            {
                "refusal_number": numbers(batch.numbers[start:]),
                "document": texts(batch.documents[start:]),
            },
        )

    def note_refusal_number(self, number: int) -> None:
        """Say how far the refusals are, in the caller's transaction."""
        self.connection.execute("update feed_positions set refusal_number = ?", [number])

    def _insert(self, statement: str, columns: dict[str, pa.Array | pa.ChunkedArray]) -> None:
        table = pa.table(columns)
        # DuckDB reads one chunk on one thread.
        chunks = table.to_batches(max_chunksize=max(1, len(table) // (os.cpu_count() or 1) + 1))
        self.connection.register("arriving", pa.Table.from_batches(chunks))
        try:
            self._statements.execute(statement)
        finally:
            self.connection.unregister("arriving")

    def refresh_touched(self) -> None:
        """Replace the rows of the calls touched since, in the caller's transaction."""
        self._computing.touched(self._colour(), self.positions)
        self._note_projected()

    def _point_to(self, colour: str) -> None:
        execute, former = self.connection.execute, self._colour()
        for model in readable_models():
            source = model.sql if model.kind is Kind.VIEW else f"from {colour}.{model.name}"
            execute(f"create or replace view main.{model.name} as {source}")
        execute("update file_made_by set colour = ?", [colour])
        execute(f"drop schema if exists {former} cascade")
        self._note_projected()

    def _note_projected(self) -> None:
        self.connection.execute(
            "update feed_positions set projected_position = position,"
            " projected_refusal_number = refusal_number"
        )
        self.connection.execute("delete from calls_to_recompute")

    def _colour(self) -> str:
        return str(self.connection.execute("select colour from file_made_by").fetchall()[0][0])

    def _has_table(self, name: str) -> bool:
        query = "select 1 from duckdb_tables() where schema_name = 'main' and table_name = ?"
        return bool(self.connection.execute(query, [name]).fetchall())

    def _fingerprint(self, table: str) -> tuple[int, int]:
        """The rows' number, and a hash over them that does not depend on their order."""
        rows = self.connection.execute(
            f"select count(*), coalesce(sum(hash(rows_of_table)), 0) from {table} as rows_of_table"
        ).fetchall()
        return int(rows[0][0]), int(rows[0][1])


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
