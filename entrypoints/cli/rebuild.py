"""`call-ledger rebuild`: every table computed anew beside the current ones, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from entrypoints.archive_workers import showing_progress, unreadable_is_a_finding, workers_of
from entrypoints.ui.difference_file import COLUMNS, difference_file
from entrypoints.ui.duration import as_clock
from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, tell_note, write_json
from entrypoints.ui.progress import progress
from infra.errors import FINDING
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    import pyarrow as pa

    from archive.parallel.computed import Computed
    from projections.anew import Source
    from projections.rebuild import Rebuilt, Told
    from projections.serving.rebuilding import TakeDifferences, Wish

SHOWN: Final = 20
"""Differences on the screen; --diff keeps all of them."""

Diff = Annotated[
    Path | None,
    typer.Option(
        "--diff",
        metavar="FILE",
        help="Keep every value that differs: model, key, column, before, after. The name ends in"
        " .csv, .jsonl or .parquet.",
    ),
]


def rebuild(
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the tables before, to go --back to.")
    ] = False,
    back: Annotated[
        bool,
        typer.Option("--back", help="Compute nothing, and show the tables that were kept again."),
    ] = False,
    diff: Diff = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be computed and how long it would take."),
    ] = False,
    from_store: Annotated[
        bool,
        typer.Option(
            "--from-store",
            help="Read everything again from the event store first, and compare that too.",
        ),
    ] = False,
    from_archive: Annotated[
        str | None,
        typer.Option(
            "--from-archive",
            metavar="PLACE",
            help="As --from-store, from an archive: a folder, or s3://bucket/prefix.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=256,
            metavar="N",
            help="Compute the tables of --from-archive in so many processes.",
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="SCHEDULER",
            help="Compute the tables of --from-archive by a Dask cluster: dask://host:8786.",
        ),
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(
            "--work",
            metavar="PLACE",
            help="Where workers leave the rows, for all of them to reach: a folder or s3://…;"
            " `rebuild-work` in the ledger's folder by default.",
        ),
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(
            "--memory",
            min=100,
            metavar="MEGABYTES",
            help="How much memory DuckDB may have in each worker; 1000 by default.",
        ),
    ] = None,
    set_aside_unreadable: Annotated[
        bool,
        typer.Option(
            "--set-aside-unreadable",
            help="Go on past what cannot be read: each is kept in `quarantine list` with the"
            " reason, and the call of an event is marked incomplete.",
        ),
    ] = False,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Compute every table again beside the current ones, compare, and swap.

    The current tables answer meanwhile, and live events go on. Where another process has the
    tables, such as `call-ledger project`, it does the work. Whoever ends this before the swap
    leaves the tables as they are. Exit code 1 when a row came out different, or an event cannot
    be read.

    The events that the tables were made of are in their file as well. --from-store and
    --from-archive read them again, keep what differs beside them, and put it in its place with the
    new tables.

    With --workers or --on the rows are computed from the archive by processes, or by other
    machines, and put beside the current tables; events must be the same in both, or nothing is
    changed. Whatever ends meanwhile: run it again, and what is finished is not computed again.

    With --keep the tables before take as much room again, until the next rebuild.

    [bold]call-ledger rebuild --keep --diff changes.parquet[/bold]

    [bold]call-ledger rebuild --from-store[/bold]

    [bold]call-ledger rebuild --from-archive archive --workers 2[/bold]
    """
    from projections.serving.rebuilding import Wish

    if keep and back:
        raise typer.BadParameter("--back keeps the tables before anyway: leave --keep out.")
    if back and (from_store or from_archive or set_aside_unreadable or dry_run):
        raise typer.BadParameter("--back reads and computes nothing: leave the other options out.")
    if from_store and from_archive:
        raise typer.BadParameter("--from-store or --from-archive: leave one of them out.")
    if set_aside_unreadable and dry_run:
        raise typer.BadParameter("--dry-run sets nothing aside: leave one of them out.")
    if (workers or on) and (from_archive is None or dry_run):
        raise typer.BadParameter("--workers and --on need --from-archive, and nothing else to do.")
    if (workers and on) or ((work or memory) and not (workers or on)):
        raise typer.BadParameter("Name --workers or --on; --work and --memory belong to them.")
    name: str | None
    if on is not None or workers is not None:
        found = computed_by(
            ledger, str(from_archive), workers, on, work, memory, set_aside_unreadable
        )
        wish = Wish(
            keep,
            back,
            SHOWN if diff is None else None,
            sets_aside=set_aside_unreadable,
            takes_computed=True,
        )
        name = "archive"
        rebuilt, shown = rebuilt_and_shown(ledger, wish, None, found, diff)
        found.forget()
    else:
        with source_of(ledger, from_store, from_archive) as source:
            if dry_run:
                tell_estimate(ledger, source, json)
                return
            name = None if source is None else source.name
            wish = Wish(keep, back, SHOWN if diff is None else None, name, set_aside_unreadable)
            rebuilt, shown = rebuilt_and_shown(ledger, wish, source, None, diff)
    if json:
        write_json(
            {
                "position": rebuilt.position,
                "read_until": rebuilt.read_until,
                "changed": [one._asdict() for one in rebuilt.changed],
                "differences": shown,
            }
        )
    else:
        tell_rebuilt(rebuilt, shown, diff, name)
    raise typer.Exit(FINDING if rebuilt.changed else 0)


def computed_by(
    ledger: LedgerFolder,
    archive: str,
    count: int | None,
    scheduler: str | None,
    work: str | None,
    memory_megabytes: int | None,
    sets_aside: bool,
) -> Computed:
    """The tables of an archive, computed by workers. Raises `WorkersLost` and `typer.Exit`."""
    from archive.parallel.computed import computed
    from archive.parallel.plan import MEMORY_MEGABYTES, Wanted
    from archive.places import absolute
    from projections.models import of_this_version

    workers = workers_of(count or 1, scheduler)
    where = absolute(archive), absolute(work or str(ledger.path / "rebuild-work"))
    with showing_progress() as told, unreadable_is_a_finding():
        models = of_this_version()
        wanted = Wanted.all_of(models, memory_megabytes or MEMORY_MEGABYTES, sets_aside)
        return computed(where, workers, models, wanted, told)


def rebuilt_and_shown(
    ledger: LedgerFolder,
    wish: Wish,
    source: Source | None,
    computed: Computed | None,
    diff: Path | None,
) -> tuple[Rebuilt, list[dict[str, Any]]]:
    """Rebuild the tables; what came of it, and the first differences. Raises `typer.Exit`."""
    shown: list[dict[str, Any]] = []
    with nullcontext(None) if diff is None else difference_file(diff) as to_file:

        def take(table: pa.Table) -> None:
            shown.extend(table.slice(0, SHOWN - len(shown)).to_pylist())
            if to_file is not None:
                to_file(table)

        with unreadable_is_a_finding():
            return rebuilt_tables(ledger, wish, take, source, computed), shown


@contextmanager
def source_of(
    folder: LedgerFolder, from_store: bool, from_archive: str | None
) -> Iterator[Source | None]:
    """What everything is to be read from again. Raises `LedgerMissing`."""
    from ledger.feed import StoreFeed
    from projections.serving.sources import FeedSource

    if from_store:
        with StoreFeed(folder) as feed:
            yield FeedSource(feed, "event store")
    elif from_archive is not None:
        from archive.feed import ArchiveFeed
        from archive.places import place_of

        yield FeedSource(ArchiveFeed(place_of(from_archive)), "archive")
    else:
        yield None


def tell_estimate(folder: LedgerFolder, source: Source | None, json: bool) -> None:
    """Say what a rebuild would compute, and how long it would take."""
    from dataclasses import asdict

    from projections.feeds import feed_of
    from projections.rebuild import tell_nobody
    from projections.serving.rebuilding import have_estimated
    from projections.serving.server import Busy, owning

    feed_of(folder).close()
    try:
        with owning(folder.path, lambda: feed_of(folder)) as owner:
            tell_note(owner.note)
            owner.bring_up()
            with owner.rebuilding(tell_nobody) as rebuild:
                estimate = rebuild.estimate(source)
    except Busy:
        estimate = have_estimated(folder.path, source)
    if json:
        write_json(asdict(estimate))
        return
    print_table(("table", "rows"), list(estimate.tables.items()), "Tables to be computed")
    typer.echo(
        f"From {estimate.events:,} events, in about {as_clock(estimate.seconds)} and the time to"
        f" compare (measured on {estimate.sample_events:,} events). Nothing was changed."
    )


def tell_rebuilt(
    rebuilt: Rebuilt, shown: list[dict[str, Any]], diff: Path | None, source: str | None
) -> None:
    """Say what came of it, to people."""
    if rebuilt.changed:
        print_changes(rebuilt, shown, diff)
    else:
        typer.echo(f"Every table came out the same, at position {rebuilt.position:,}.")
    if rebuilt.read_until is not None and rebuilt.read_until < rebuilt.position:
        typer.echo(
            f"The {source} was read up to position {rebuilt.read_until:,}: later events are those"
            " that the tables had."
        )


def print_changes(rebuilt: Rebuilt, shown: list[dict[str, Any]], diff: Path | None) -> None:
    """Which models changed, in which columns, and the first rows."""
    names = ("model", "rows_before", "rows_after", "differing_rows", "columns")
    rows = [
        (*one[:4], ", ".join(f"{name} {count:,}" for name, count in one.columns.items()) or None)
        for one in rebuilt.changed
    ]
    print_table(names, rows, f"What came out different, at position {rebuilt.position:,}")
    for one in rebuilt.changed:
        for doing, columns in (("new", one.new_columns), ("gone", one.dropped_columns)):
            if columns:
                typer.echo(f"Columns of {one.model} that are {doing}: {', '.join(columns)}.")
    if shown:
        print_table(COLUMNS, [tuple(one.values()) for one in shown], "The first differences")
    typer.echo(f"All of them are in {diff}." if diff else "--diff FILE keeps all of them.")


def rebuilt_tables(
    folder: LedgerFolder,
    wish: Wish,
    take: TakeDifferences,
    source: Source | None,
    computed: Computed | None,
) -> Rebuilt:
    """Rebuild the tables, or have it done by who has them. Raises `ProjectionError`."""
    from projections.errors import FileDamaged
    from projections.serving.rebuilding import have_performed
    from projections.serving.server import Busy

    with progress("computing", unit="events") as moved:

        def told(step: str, done: int, total: int) -> None:
            moved(done, total or None, doing=step)

        try:
            try:
                return rebuilt_here(folder, wish, told, take, source, computed)
            except FileDamaged as damaged:
                tell_note(str(damaged))
                return rebuilt_here(folder, wish, told, take, source, computed)
        except Busy:
            return have_performed(folder.path, wish, told, take, source, computed)


def rebuilt_here(
    folder: LedgerFolder,
    wish: Wish,
    told: Told,
    take: TakeDifferences,
    source: Source | None,
    computed: Computed | None,
) -> Rebuilt:
    """Rebuild the tables in this process. Raises `Busy`, `FileDamaged` and `ProjectionError`."""
    from projections.dead_letters import missing
    from projections.feeds import feed_of
    from projections.serving.rebuilding import perform
    from projections.serving.server import owning

    feed_of(folder).close()
    with owning(folder.path, lambda: feed_of(folder)) as owner:
        tell_note(owner.note)
        rebuilt = perform(owner, wish, told, take, source, computed)
        if wish.sets_aside:
            with owner.writing() as projections:
                unread = len(missing(projections.connection))
            tell_note(f"Events set aside: {unread:,}. `call-ledger quarantine list` shows them.")
        return rebuilt
