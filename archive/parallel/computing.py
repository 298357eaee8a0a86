"""One task: the events of its calls out of their segments, and the models' own SQL over them.

The rows of each table are written aside and renamed, and the note of what there is comes last. So a
task that is done again, because its worker was lost, finds the note or leaves the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from archive.parallel.plan import Task, by_call, fingerprint
from archive.place import Place
from archive.places import place_of
from archive.segments import content_of
from infra.errors import LedgerError
from ledger.document_validation import why_no_event
from projections import file_layout
from projections.columns import EVENT_COLUMNS
from projections.computing import Computing, Work
from projections.errors import UnreadableEvent
from projections.filling import CHECKED
from projections.models import MACROS, Models, of_this_version
from projections.tables_as_of import with_those_read
from projections.unreadable import NO_ROW, NO_ROWS, unreadable

INTO: Final = file_layout.SCHEMAS[0]
ALL_POSITIONS: Final = 2**60
"""A task's events are those of its calls already."""


class Table(msgspec.Struct, frozen=True):
    """The rows of a model, as a task left them."""

    model: str
    file: str
    sha256: str
    rows: int


class Done(msgspec.Struct, frozen=True):
    """What a task came to."""

    task: str
    first: int
    last: int
    events: int
    unreadable: int
    """Events that were passed over."""
    checksum: str
    """Of its events, in any order."""
    tables: tuple[Table, ...]


def compute(task: Task) -> bytes:
    """Do a task, unless it is done; returns `Done` as JSON.

    Raises `UnreadableEvent`, and `LedgerError` where the archive or this program is another.
    """
    work, models = place_of(task.work), of_this_version()
    note = f"{task.name}.json"
    if (found := work.read(note)) is not None:
        return found
    if fingerprint(models) != task.wanted.models:
        raise LedgerError(
            "A worker has another version of Call Ledger: install the same one on all of them."
        )
    with (
        TemporaryDirectory(prefix="call-ledger-worker-") as scratch,
        duckdb.connect(
            config={
                "memory_limit": f"{task.wanted.memory_megabytes}MB",
                "temp_directory": scratch,
                "threads": 1,
            }
        ) as connection,
    ):
        prepare(connection, models)
        passed_over = take_events(connection, task, models)
        ((events, checksum),) = connection.execute(f"select {CHECKED} from task_events").fetchall()
        if task.wanted.counts:
            connection.execute(f"delete from task_events where not ({task.wanted.counts})")
        needed = with_those_read(frozenset(task.wanted.tables), frozenset())
        into = [name for name in by_call(models) if name in needed]
        work_here = Work(dict.fromkeys(into, INTO), events="main.task_events")
        computing = Computing(connection, models, ALL_POSITIONS)
        computing.make_tables(work_here, 0)
        computing.part(work_here, 0)
        tables = tuple(kept(connection, work, task, name) for name in task.wanted.tables)
    done = msgspec.json.encode(
        Done(task.name, task.first, task.last, events, passed_over, checksum, tables)
    )
    work.write(note, memoryview(done))
    return done


def prepare(connection: duckdb.DuckDBPyConnection, models: Models) -> None:
    """Make what the models ask for beside events."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    file_layout.make(connection)
    for name, macro in MACROS.items():
        connection.execute(f"create macro {name}{macro}")
    columns = ", ".join(f"{name} {EVENT_COLUMNS[name][0]}" for name in models.columns_read)
    connection.execute(f"create table task_events ({columns})")


class Rows(NamedTuple):
    """Events of a segment, and where they are put into `task_events`."""

    connection: duckdb.DuckDBPyConnection
    table: pa.Table


def take_events(connection: duckdb.DuckDBPyConnection, task: Task, models: Models) -> int:
    """Take the events of the task's calls; how many were passed over. Raises `UnreadableEvent`."""
    place, passed_over = place_of(task.place), 0
    for name, digest in task.segments:
        content = content_of(place, name, digest)
        rows = Rows(connection, rows_in(content, task, models.columns_read))
        every = range(len(rows.table))
        try:
            insert(rows, every)
        except NO_ROWS:
            if not task.wanted.sets_aside:
                raise unreadable_in(content, task) from None
            bad = set(unreadable(rows, every, insert))
            good = rows.table.filter(pa.array([row not in bad for row in every]))
            insert(Rows(connection, good), range(len(good)))
            passed_over += len(bad)
    return passed_over


def insert(into: Rows, places: Sequence[int]) -> None:
    """Put rows that are next to each other in a segment into the task's table."""
    into.connection.register("segment", into.table.slice(places[0] if places else 0, len(places)))
    try:
        into.connection.execute("insert into task_events by name from segment")
    finally:
        # In a transaction that is over because of it, nothing is unregistered any more.
        with suppress(duckdb.TransactionException):
            into.connection.unregister("segment")


def rows_in(content: bytes, task: Task, columns: tuple[str, ...]) -> pa.Table:
    """The events of the task's calls in a segment; columns that it is too old for are not there."""
    file = BytesIO(content)
    existing = set(pq.read_schema(file).names)
    file.seek(0)
    return pq.read_table(
        file,
        columns=[name for name in columns if name in existing],
        filters=[("call_position", ">=", task.first), ("call_position", "<=", task.last)],
        use_threads=False,
    )


def unreadable_in(content: bytes, task: Task) -> UnreadableEvent:
    """The error for the first event of the task in a segment that this version cannot read."""
    table = rows_in(content, task, ("position", "document")).sort_by("position")
    for position, document in zip(
        table["position"].to_pylist(), table["document"].to_pylist(), strict=True
    ):
        if why := why_no_event(document.encode()):
            return UnreadableEvent(
                f"The event at position {position:,} of the archive cannot be read:"
                f" {why.rstrip('.')}. The tables are as before. Use the version that recorded it,"
                " or rebuild with --set-aside-unreadable."
            )
    return UnreadableEvent(
        f"Events of calls from position {task.first:,} to {task.last:,} of the archive cannot be"
        f" read: {NO_ROW} Look with `call-ledger archive verify`."
    )


def kept(connection: duckdb.DuckDBPyConnection, work: Place, task: Task, name: str) -> Table:
    """Write the rows of a model, under a name that no other rows have."""
    table = connection.sql(f"from {INTO}.{name}").to_arrow_table()
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = memoryview(sink.getvalue())
    digest = sha256(content).hexdigest()
    file = f"{task.name}-{name}-{digest[:12]}.parquet"
    work.write(file, content)
    return Table(name, file, digest, len(table))
