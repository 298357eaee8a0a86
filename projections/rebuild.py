"""All tables, or some models' alone, computed anew beside the current ones, which answer meanwhile.

The tables are built part by part up to a position, each part in a transaction of its own, so that
live rounds go on between and beside them. Then the calls touched meanwhile are computed, in rounds
that become shorter; the last one, the comparison of its calls, and the swap are one transaction
under the writer's lock. A process that dies before it leaves the tables before, and what was built
is dropped when the file is opened next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Final

import duckdb
import pyarrow as pa

from projections import comparing, places
from projections.anew import Anew, Source
from projections.batches import Positions
from projections.comparing import Changed, Compared
from projections.computing import Computing, Work
from projections.database import Projections
from projections.errors import ProjectionError
from projections.filling import Computed, begin_filling, check_same_program, fill
from projections.transactions import transaction_on

EVENTS_BESIDE: Final = 250_000
"""Of a part beside live rounds: they wait while it is committed and put in its place."""

PARTS_AT_ONCE: Final = 2
"""Of a rebuild that no live round waits beside: one computes while the other is planned."""

PARTS_TOGETHER: Final = 4
"""So many one after the other are a transaction: of each transaction DuckDB writes what fills no
row group into its log first, and a checkpoint merges the small groups that are left."""

FEW_EVENTS: Final = 500
"""So many events are taken while nobody else may write."""

MOST_ROUNDS: Final = 20
"""Where events come faster than they are computed aside, they come to wait for the last round."""

SAMPLE_EVENTS: Final = 100_000
DIFFERENCES_AT_ONCE: Final = 10_000


class Step(StrEnum):
    """What a rebuild is at."""

    FILLING = "filling"
    READING = "reading"
    COMPUTING = "computing"
    FOLLOWING = "following"
    COMPARING = "comparing"
    SWAPPING = "swapping"
    SWAPPED = "swapped"


Told = Callable[[Step, int, int], None]
"""Told at the begin of each step, and after each part, how many events are done, of how many."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuild."""

    position: int
    changed: list[Changed] = field(default_factory=list)
    read_until: int | None = None
    """The position up to which events were read again, where that was wished."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a rebuild would compute, and how long it would take."""

    events: int
    tables: dict[str, int]
    """The rows that each table has now."""
    sample_events: int
    """So many events were computed to measure it, and forgotten again."""
    seconds: float


class NothingKept(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """There are no tables from before to go back to."""


def tell_nobody(step: Step, done: int, total: int) -> None:
    """Nobody watches."""


class Rebuild:
    """One rebuild, on a cursor of its own; `differences` can be asked for until it is closed."""

    def __init__(
        self,
        projections: Projections,
        writing: Callable[[], AbstractContextManager[object]],
        told: Told = tell_nobody,
    ) -> None:
        """`writing` lets nobody else write for as long as it lasts."""
        self._projections = projections
        self._writing = writing
        self._told = told
        self._models = projections.models
        self._cursor = projections.connection.cursor()
        self._part_events = projections.part_events
        self._at_once, self._together = PARTS_AT_ONCE, PARTS_TOGETHER
        self._computing = Computing(self._cursor, self._models, self._part_events)
        self._compares = False
        self._is_swapped = False
        self._anew: Anew | None = None
        self._read_until: int | None = None
        self._other_columns: set[str] = set()

    def __enter__(self) -> Rebuild:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def run(
        self,
        keeps: bool = False,
        source: Source | None = None,
        sets_aside: bool = False,
        computed: Computed | None = None,
    ) -> Rebuilt:
        """Build every table anew, compare, and swap; the tables before are kept if told so.

        With a source all that was recorded is read again first, as far as it goes. Raises
        `UnreadableEvent` where that has what cannot be read, unless such is set aside. What
        somebody else computed is taken as it is, if it is of the same events and models; only calls
        touched since are computed here. Raises `ProjectionError` if it is not.
        """
        self._part_events = min(self._part_events, EVENTS_BESIDE)
        self._at_once = self._together = 1
        self._computing = Computing(self._cursor, self._models, self._part_events)
        with self._dropped_unless_swapped():
            self._begin([model.name for model in self._models.kept])
            if source is not None:
                self._anew = Anew(self._cursor, sets_aside)
                self._anew.read(
                    source, self._now(), lambda done, all_: self._told(Step.READING, done, all_)
                )
                self._read_until = self._anew.until.position
            if computed is None:
                self._build()
            else:
                self._fill(computed)
            return self._compare_and_swap(keeps)

    def estimate(self, source: Source | None = None) -> Estimate:
        """Compute the tables of the oldest calls, measure that, and forget them again.

        Raises `UnreadableEvent` where the source begins with what cannot be read.
        """
        now, schemas = self._now(), places.current(self._cursor).schemas
        sample = max(1, min(now.position, SAMPLE_EVENTS))
        computing = Computing(self._cursor, self._models, sample)
        self._told(Step.COMPUTING, 0, sample)
        self._cursor.begin()
        try:
            places.begin_aside(self._cursor, self._models, schemas.keys(), now.position, 0)
            computing.make_tables(self._work(), 0)
            began = time.monotonic()
            computing.part(self._work(), 0)
            seconds = (time.monotonic() - began) * max(1, now.position / sample)
            if source is not None:
                seconds += Anew(self._cursor).seconds_to_read(source, now)
        finally:
            self._cursor.rollback()
        rows = {
            name: int(self._cursor.execute(f"select count(*) from {name}").fetchall()[0][0])
            for name in sorted(schemas)
        }
        return Estimate(now.position, rows, sample, seconds)

    def back(self) -> Rebuilt:
        """Swap to the tables that were kept, brought up to now; those of now are kept for them.

        Raises `NothingKept`.
        """
        kept = places.aside(self._cursor)
        if kept is None or not kept.is_kept:
            raise NothingKept(
                "No tables are kept to go back to: `call-ledger rebuild --keep` keeps those before."
            )
        made_by = kept.tables.made_by
        if any(self._models.hashes.get(name) != made for name, made in made_by.items()):
            raise NothingKept(
                "The kept tables were made by another version: go back with that one."
            )
        return self._compare_and_swap(keeps=True)

    def only(self, names: Collection[str]) -> None:
        """Build these tables anew and swap, under the lock all the time, and without comparing."""
        with self._writing(), self._dropped_unless_swapped():
            self._begin(names)
            self._build()
            self._swap(keeps=False)

    def differences(self, limit: int | None = None) -> Iterator[pa.Table]:
        """What differs, or the first of it, by model and key, some thousand rows at a time."""
        some = "" if limit is None else f" limit {limit}"
        found = self._cursor.sql(f"{comparing.FOUND}{some}")
        for batch in found.to_arrow_reader(DIFFERENCES_AT_ONCE):
            yield pa.Table.from_batches([batch])

    def _begin(self, names: Collection[str]) -> None:
        with self._writing(), self._projections.transaction():
            now = self._projections.positions
            places.begin_aside(
                self._projections.connection,
                self._models,
                names,
                now.position,
                now.projected_refusal_number,
            )

    def _build(self) -> None:
        aside = self._aside()
        if not aside.tables.schemas:
            return
        self._told(Step.COMPUTING, 0, aside.position)
        work = self._work()
        with self._transaction():
            self._computing.make_tables(work, aside.refusal_number)
        parts = self._computing.parts(aside.position)
        starts = iter(parts)
        with ExitStack() as stack:
            further = [self._projections.connection.cursor() for _ in range(1, self._at_once)]
            for cursor in further:
                stack.enter_context(closing(cursor))
            cursors = (self._cursor, *further)
            threads = stack.enter_context(ThreadPoolExecutor(self._at_once))
            stack.callback(list, starts)  # Where one fails the other begins no further part.
            committed = self._at_once * self._together
            for first in range(0, len(parts), committed):
                list(threads.map(partial(self._parts, work, starts), cursors))
                self._projections.checkpoint_when_long(self._cursor)
                done = min((first + committed) * self._part_events, aside.position)
                self._told(Step.COMPUTING, done, aside.position)

    def _parts(self, work: Work, starts: Iterator[int], cursor: duckdb.DuckDBPyConnection) -> None:
        """Compute the next parts, in a transaction of a cursor that nobody else uses meanwhile."""
        computing = Computing(cursor, self._models, self._part_events)
        with transaction_on(cursor):
            for start in islice(starts, self._together):
                computing.part(work, start)

    def _fill(self, computed: Computed) -> None:
        """Put the tables that somebody else computed beside the current ones."""
        check_same_program(computed, self._models, self._now().projected_position)
        aside, last = self._aside(), computed.position
        self._read_until = last
        self._told(Step.FILLING, 0, last)
        with self._transaction():
            begin_filling(self._cursor, self._computing, self._work(), aside.refusal_number, last)
        for part in computed.parts():
            fill(self._cursor, part, aside.tables.schemas, last)
            self._projections.checkpoint_when_long(self._cursor)
            self._told(Step.FILLING, min(part.last, last), last)

    def _compare_and_swap(self, keeps: bool) -> Rebuilt:
        self._cursor.execute(comparing.DIFFERENCES)
        self._follow()
        self._told(Step.COMPARING, 0, 0)
        with self._transaction():
            for compared in self._compared():
                comparing.compare(self._cursor, compared, self._compared_rows(compared))
            read = [] if self._anew is None else self._anew.compare()
            # Looked up here, and not while others wait for the swap.
            self._other_columns = {
                one.model.name
                for one in self._compared()
                if comparing.has_other_columns(self._cursor, one)
            }
        self._compares = True
        self._follow()
        self._told(Step.SWAPPING, 0, 0)
        with self._writing():
            self._projections.refresh_current()
            changed = self._swap(keeps)
        # By its own cursor: live rounds have the file's connection again by now.
        position = self._now().projected_position
        return Rebuilt(position, read + changed, self._read_until)

    def _compared_rows(self, compared: Compared) -> str:
        """Of refusals only those that are aside already: they are not computed again."""
        if compared.model.is_by_call:
            return "true"
        return f"refusal_number <= {self._aside().refusal_number}"

    def _follow(self) -> None:
        """Compute the calls touched since, until few events are left."""
        for _ in range(MOST_ROUNDS):
            self._told(Step.FOLLOWING, self._aside().position, self._now().position)
            if self._now().projected_position - self._aside().position <= FEW_EVENTS:
                return
            with self._transaction():
                self._round(self._now().projected_refusal_number)

    def _round(self, refusal_number: int) -> None:
        """Compute the calls touched since the last round, and compare them, in a transaction."""
        now, aside = self._now(), self._aside()
        since = Positions(now.position, refusal_number, aside.position, aside.refusal_number)
        self._computing.touched(self._work(), since)
        if self._compares:
            self._compare_again(aside.refusal_number)
        places.note_aside(self._cursor, now.projected_position, refusal_number)

    def _compare_again(self, refusal_number: int) -> None:
        execute = self._cursor.execute
        execute(
            "delete from differences where call_position in (select call_position from touched)"
        )
        oldest = execute("select min(call_position) from touched").fetchall()[0][0]
        touched = f"call_position >= {oldest} and call_position in (from touched)"
        for compared in self._compared():
            if not compared.model.is_by_call:
                comparing.compare(self._cursor, compared, f"refusal_number > {refusal_number}")
            elif oldest is not None:
                comparing.compare(self._cursor, compared, touched)

    def _swap(self, keeps: bool) -> list[Changed]:
        """The last round and the swap, while nobody else writes."""
        with self._transaction():
            if self._anew is not None:
                self._anew.put_in_place()
            now, aside = self._now(), self._aside()
            is_all = {model.name for model in self._models.kept} <= aside.tables.schemas.keys()
            self._round(now.refusal_number if is_all else now.projected_refusal_number)
            changed = self._changed() if self._compares else []
            far = (now.projected_position, now.projected_refusal_number)
            places.show(self._cursor, self._models, aside.tables, keeps, far)
            if is_all:
                self._projections.note_projected(self._cursor)
            self._told(Step.SWAPPING, 1, 1)
        self._is_swapped = True
        self._told(Step.SWAPPED, 0, 0)
        return changed

    def _changed(self) -> list[Changed]:
        names = comparing.with_differing_rows(self._cursor) | self._other_columns
        found = [one for one in self._compared() if one.model.name in names]
        return [one for two in found if (one := comparing.summary(self._cursor, two))]

    def _compared(self) -> Iterator[Compared]:
        """The models that are in both places."""
        before, after = places.current(self._cursor).schemas, self._aside().tables.schemas
        for model in self._models.kept:
            if model.name in before and model.name in after:
                name = model.name
                yield Compared(model, f"{before[name]}.{name}", f"{after[name]}.{name}")

    def _work(self) -> Work:
        read = self._anew
        return Work(
            self._aside().tables.schemas,
            places.current(self._cursor).schemas,
            events="main.events" if read is None else read.events,
            refusals="main.refusal_events" if read is None else read.refusals,
            calls_again="main.calls_to_recompute_aside",
        )

    def _aside(self) -> places.Aside:
        aside = places.aside(self._cursor)
        assert aside is not None, "nobody else drops what is being built"
        return aside

    def _now(self) -> Positions:
        return self._projections.positions_for(self._cursor)

    def _transaction(self) -> AbstractContextManager[None]:
        return transaction_on(self._cursor)

    @contextmanager
    def _dropped_unless_swapped(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if not self._is_swapped:
                with suppress(duckdb.Error), self._writing(), self._projections.transaction():
                    places.drop_aside(self._projections.connection)
            raise
