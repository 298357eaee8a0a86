"""What a user would do otherwise, beside the ledger's tables and reports, in the same run.

python -m bench.otherwise [--events 1000000] [--handled 20000] [--keep]

One figure is asked for three ways: the parties that left, and their calls, by reason. `polars`
reads the archive's Parquet files anew at each question. The `eventsourcing` library's projection
runner calls a handler for each event of the application that one would write first, and keeps the
figure alone, in SQLite; that library has no subscription to events in SQLite, so it reads them from
memory. The ledger builds the tables of all its reports from the archive, and reads them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import polars
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import ApplicationRecorder, Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder

from archive.creation import create
from archive.feed import ArchiveFeed
from archive.folder import FolderPlace
from bench.archive import nothing_moved
from bench.commands import commands_in_order
from bench.figures import Figure, keep, machine, table
from bench.full_store import fill_sqlite
from bench.naive import NaiveCall, NaiveCalls
from bench.projections import milliseconds
from infra.folder import LedgerFolder
from ledger.store.opening import store_to_read
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import Selection
from projections.serving.protocol import Question
from projections.serving.server import owning

WAIT_SECONDS = 600.0
LEFT = frozenset({"exit", "leave"})


class CountsOfActions(SQLiteTrackingRecorder):
    """A row per action, and how far the runner is, in one transaction for each event."""

    def __init__(self, datastore: SQLiteDatastore, **options: Any) -> None:
        super().__init__(datastore, **options)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS actions (action TEXT PRIMARY KEY, number INTEGER)"
        )

    def count(self, action: str, tracking: Tracking) -> None:
        """Count an action, once for each event."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO actions VALUES (?, 1)"
                " ON CONFLICT (action) DO UPDATE SET number = number + 1",
                (action,),
            )


class Exits(Projection[CountsOfActions]):
    """Counts what makes a party leave; other events only move the position."""

    @singledispatchmethod
    def process_event(self, _: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)

    @process_event.register
    def happened(self, domain_event: NaiveCall.Happened, tracking: Tracking) -> None:  # type: ignore[name-defined]
        if domain_event.action in LEFT:
            self.view.count(domain_event.action, tracking)
        else:
            self.view.insert_tracking(tracking)


def measure(size: int, handled: int) -> list[Figure]:
    """Every figure, of one ledger's events; the runner's are of an application of its own."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        folder = Path(name)
        by_handlers = handlers_events_per_second(folder, handled)
        ledger, place = LedgerFolder(folder / "ledger"), FolderPlace(folder / "archive")
        events = fill_sqlite(ledger.sqlite_file, size)
        with closing(store_to_read(ledger)) as store:
            create(store, place, nothing_moved)
        parquet = milliseconds(lambda: with_polars(place.path))
        analysis = folder / "analysis"
        analysis.mkdir()
        report = REPORTS["exits"]
        sql, parameters = figures_query(report, Selection(), ("reason",))
        with owning(analysis, lambda: ArchiveFeed(place)) as owner:
            began = time.perf_counter()
            owner.bring_up()
            built = events / (time.perf_counter() - began)
            asked = milliseconds(lambda: owner.answer(Question(sql, parameters)))
            rows = owner.answer(Question(sql, parameters)).table.to_pylist()
        ours = {one["reason"]: (one["exits"], one["calls"]) for one in rows if one["reason"]}
        assert ours == with_polars(place.path), "polars and the report say other figures"
    return [
        Figure("eventsourcing's projection runner, one figure", by_handlers, "events/s"),
        Figure("the ledger's tables of all reports, from the archive", built, "events/s"),
        Figure("beside the runner", built / by_handlers, "×"),
        Figure("polars over the archive, one figure, at each question", parquet, "ms"),
        Figure("the report, eight figures, of the tables", asked, "ms"),
        Figure("polars beside the report", parquet / asked, "×"),
    ]


def handlers_events_per_second(folder: Path, handled: int) -> float:
    """How fast the runner brings a figure up to an application's events, one handler a time."""
    written = NaiveCalls()
    for command in commands_in_order(handled, seed=1):
        written.handle(command)
    events = written.recorder.max_notification_id()
    assert events is not None

    class Written(NaiveCalls):
        """The application with these events, as the runner makes it."""

        name = NaiveCalls.name

        def construct_recorder(self) -> ApplicationRecorder:
            return written.recorder

    kept = {
        "EXITS_PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "EXITS_SQLITE_DBNAME": str(folder / "exits.sqlite"),
    }
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Written, projection_class=Exits, view_class=CountsOfActions, env=kept
    ) as runner:
        runner.wait(events, WAIT_SECONDS)
        return float(events / (time.perf_counter() - began))


def with_polars(archive: Path) -> dict[str, tuple[int, int]]:
    """The parties that left, and their calls, by reason, from the Parquet files themselves."""
    rows = (
        polars.scan_parquet(archive / "events-*.parquet")
        .filter(polars.col("type") == "call.exited.v1")
        .group_by("reason")
        .agg(polars.len(), polars.col("call_position").n_unique())
        .collect()
        .rows()
    )
    return {reason: (exits, calls) for reason, exits, calls in rows}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--handled", type=int, default=20_000)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    figures = measure(asked.events, asked.handled)
    text = f"Measured {where}; {asked.events:,} events.\n\n{table(figures)}"
    print(text)
    if asked.keep:
        keep(text, "otherwise")


if __name__ == "__main__":
    main()
