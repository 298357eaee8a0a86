"""An archive that is asked as tables are: workers compute what a question needs, as of a moment."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import ExitStack
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from archive.manifest import Manifest, read_manifest
from archive.parallel.computed import OnStep, computed
from archive.parallel.computing import INTO, prepare
from archive.parallel.plan import TASK_EVENTS, Wanted, by_call, fingerprint
from archive.parallel.workers import Workers
from archive.place import Place
from archive.places import place_of
from archive.segments import content_of, damaged
from archive.shared_file import SharedFile
from infra.errors import LedgerError
from projections.as_of import AsOf
from projections.computing import Computing, Work
from projections.models import Kind, models, of_this_version
from projections.serving.moment import NotYetKnown
from projections.serving.permitted import check
from projections.serving.protocol import Answer
from projections.serving.readable import readable_by_the_ledger, without_schemas
from projections.serving.sandbox import USUAL, Bounds, Parameters, read
from projections.unreadable import NO_ROWS

MEMORY_MEGABYTES: Final = 2_000
"""Of the process that asks; it puts more on its disk."""

OF_OUTCOMES: Final = ["document", "outcome_command_id", "outcome_fingerprint"]
"""What a segment of refusals has beside the columns of their table."""
LOOKED_UP: Final = ("position", "recorded_at", "rule_set", "rule_set_hash")
"""What a moment is looked up by; reports read models, and no event."""


class ArchiveReader:
    """Answers reports from an archive alone, as of one moment after another."""

    def __init__(
        self,
        where: tuple[str, str],
        workers: Workers,
        on_step: OnStep,
        task_events: int = TASK_EVENTS,
    ) -> None:
        """Read the manifest; `where` are the archive's place and the place of workers' rows.

        Raises `LedgerMissing`, `ArchiveUnavailable`, and `LedgerError` for a damaged file.
        """
        self._where = where
        self._workers = workers
        self._on_step = on_step
        self._task_events = task_events
        self._models = of_this_version()
        self._place = place_of(where[0])
        self._manifest = read_manifest(self._place)
        self.position, self._last_refusal = self._manifest.ends()
        self._as_of: AsOf | None = None
        self._there: Set[str] = frozenset()
        with ExitStack() as opened:
            scratch = opened.enter_context(TemporaryDirectory(prefix="call-ledger-archive-"))
            config: dict[str, Any] = {
                "memory_limit": f"{MEMORY_MEGABYTES}MB",
                "temp_directory": scratch,
            }
            self._connection = opened.enter_context(duckdb.connect(config=config))
            self._make_tables(opened)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def facts(self) -> dict[str, Any]:
        """Which archive was read, and the hash that proves what it held."""
        last = self._manifest.events[-1:]
        return {"archive": str(self._place), "entry_sha256": last[0].entry_sha256 if last else None}

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own; without a moment, of all that is archived.

        Raises `QueryRefused`, `QueryFailed`, `UnreadableEvent`, `WorkersLost`, and `NotYetKnown`
        for a position that the archive does not have.
        """
        as_of = as_of or AsOf(self.position)
        if as_of.position > self.position:
            raise NotYetKnown(
                f"The archive is at position {self.position:,}: name one up to it with --known-at,"
                " or bring it up with `call-ledger archive create`."
            )
        named = check(self._connection, sql, without_schemas(readable_by_the_ledger()))
        self._compute(as_of, with_those_behind(named))
        before = list(names_of_the_moment(as_of))
        table, _ = read(self._connection, sql, parameters, bounds, before)
        return Answer(table, as_of.position)

    def _make_tables(self, opened: ExitStack) -> None:
        """Make every table without a call, those of refusals, and what moments are looked up in."""
        connection = self._connection
        prepare(connection, self._models)
        connection.execute("update feed_positions set projected_position = ?", [self.position])
        connection.register("events", lookups(self._place, self._manifest, opened))
        for segment in self._manifest.refusals:
            content = content_of(self._place, segment.name, segment.sha256)
            self._take(
                "main.refusal_events", pq.read_table(BytesIO(content)).drop_columns(OF_OUTCOMES)
            )
        every = dict.fromkeys((model.name for model in self._models.kept), INTO)
        work = Work(every, events="main.task_events")
        Computing(connection, self._models).make_tables(work, self._last_refusal)

    def _take(self, table: str, rows: pa.Table) -> None:
        """Put rows into a table. Raises `LedgerError` where they are of another version."""
        self._connection.register("rows", rows)
        try:
            self._connection.execute(f"insert into {table} by name from rows")
        except NO_ROWS as error:
            raise LedgerError(
                f"What is archived in {self._place} cannot be read ({error}): use the version of"
                " Call Ledger that recorded it."
            ) from None
        self._connection.unregister("rows")

    def _compute(self, as_of: AsOf, names: Set[str]) -> None:
        """Have the tables of these names that are by call computed, unless they are there."""
        if as_of != self._as_of:
            for name in self._there:
                self._connection.execute(f"delete from {INTO}.{name}")
            self._as_of, self._there = as_of, frozenset()
        missing = tuple(name for name in by_call(self._models) if name in names - self._there)
        if not missing:
            return
        wanted = Wanted(fingerprint(self._models), missing, counts=as_of.counts)
        found = computed(
            *(self._where, self._workers, self._models, wanted, self._on_step, self._task_events),
            as_of.position,
        )
        for part in found.parts():
            for name, rows in part.tables.items():
                self._take(f"{INTO}.{name}", rows)
        self._there = self._there | set(missing)


def with_those_behind(names: Set[str]) -> Set[str]:
    """The names, and those of what the views among them read."""
    found = set(names)
    for model in reversed(models()):
        if model.name in found and model.kind is Kind.VIEW:
            found |= model.reads
    return found


def names_of_the_moment(as_of: AsOf) -> Iterator[str]:
    """What to run so that names mean what they do at the moment, where calls are of it already."""
    for model in models():
        if model.kind is Kind.TABLE:
            table = f"{INTO}.{model.name}"
            counts = as_of.counts_of(table) if model.is_by_refusal else "true"
            rows = f"select * from {table} where {counts}"
            yield f"create temp view {model.name} as {rows}"
        elif model.kind is Kind.VIEW:
            yield f"create temp view {model.name} as {model.sql}"


def lookups(place: Place, manifest: Manifest, opened: ExitStack) -> ds.Dataset:
    """What moments are looked up by in all events, of which only what is asked for is read."""
    parquet, fragments = ds.ParquetFileFormat(), []
    for segment in manifest.events:
        file = opened.enter_context(place.opened(segment.name))
        if file is None:
            raise damaged(place, f"{segment.name} is missing")
        fragments.append(parquet.make_fragment(pa.PythonFile(SharedFile(file))))
    if not fragments:
        return ds.dataset(pa.table({name: pa.array([], pa.null()) for name in LOOKED_UP}))
    whole = fragments[0].physical_schema
    schema = pa.schema([whole.field(name) for name in LOOKED_UP])
    return ds.FileSystemDataset(fragments, schema, parquet)
