"""`call-ledger rebuild`: every table computed anew beside the current ones, and compared."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from entrypoints.ui.difference_file import COLUMNS, difference_file
from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import duration, print_table, tell_note, write_json
from entrypoints.ui.progress import progress
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from infra.visible import visible

if TYPE_CHECKING:
    import pyarrow as pa

    from projections.rebuild import Rebuilt, Told
    from projections.serving.rebuilding import TakeDifferences, Wish

IN_USE: Final = "The tables in {} are in use by another process: {} when it has ended."
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
            help="Read every event again from the store first; no other process may have the"
            " tables, and there are none to answer, or to compare with, until it is done.",
        ),
    ] = False,
    set_aside_unreadable: Annotated[
        bool,
        typer.Option(
            "--set-aside-unreadable",
            help="Go on past events of the store that cannot be read: each is kept in `quarantine"
            " list` with the reason, and its call is marked incomplete.",
        ),
    ] = False,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Compute every table again beside the current ones, compare, and swap.

    The current tables answer meanwhile, and live events go on. Where another process has the
    tables, such as `call-ledger project`, it does the work. Whoever ends this before the swap
    leaves the tables as they are. Exit code 1 when a row came out different, or an event of the
    store cannot be read: the tables are then up to the event before it.

    With --keep the tables before take as much room again, until the next rebuild.

    [bold]call-ledger rebuild --keep --diff changes.parquet[/bold]
    """
    from projections.serving.rebuilding import Wish

    if keep and back:
        raise typer.BadParameter("--back keeps the tables before anyway: leave --keep out.")
    if from_store and (keep or back or diff or dry_run):
        raise typer.BadParameter("--from-store begins without tables: leave the other options out.")
    if set_aside_unreadable and (back or dry_run):
        raise typer.BadParameter(
            "--set-aside-unreadable is for reading events: leave --back and --dry-run out."
        )
    if from_store:
        forget_tables(ledger)
    if dry_run:
        tell_estimate(ledger, json)
        return
    wish = Wish(keep, back, SHOWN if diff is None else None)
    shown: list[dict[str, Any]] = []
    with nullcontext(None) if diff is None else difference_file(diff) as to_file:

        def take(table: pa.Table) -> None:
            shown.extend(table.slice(0, SHOWN - len(shown)).to_pylist())
            if to_file is not None:
                to_file(table)

        rebuilt = rebuilt_or_stopped(ledger, wish, take, set_aside_unreadable)
    if json:
        changed = [one._asdict() for one in rebuilt.changed]
        write_json({"position": rebuilt.position, "changed": changed, "differences": shown})
    elif rebuilt.changed:
        print_changes(rebuilt, shown, diff)
    else:
        typer.echo(f"Every table came out the same, at position {rebuilt.position:,}.")
    raise typer.Exit(1 if rebuilt.changed else 0)


def tell_estimate(folder: LedgerFolder, json: bool) -> None:
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
                estimate = rebuild.estimate()
    except Busy:
        estimate = have_estimated(folder.path)
    if json:
        write_json(asdict(estimate))
        return
    print_table(("table", "rows"), list(estimate.tables.items()), "Tables to be computed")
    typer.echo(
        f"From {estimate.events:,} events, in about {duration(estimate.seconds)} and the time to"
        f" compare (measured on {estimate.sample_events:,} events). Nothing was changed."
    )


def forget_tables(folder: LedgerFolder) -> None:
    """Delete the tables where the store can be read and nobody has them, so they are made anew."""
    from ledger.feed import StoreFeed
    from projections.serving.server import Busy, owning

    with StoreFeed(folder) as feed:
        feed.head()
    try:
        with owning(folder.path):
            pass
    except Busy:
        raise LedgerError(IN_USE.format(folder, "read events again")) from None
    folder.projections.unlink(missing_ok=True)


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


def rebuilt_or_stopped(
    folder: LedgerFolder, wish: Wish, take: TakeDifferences, sets_aside_unreadable: bool
) -> Rebuilt:
    """As `rebuilt_tables`; an unreadable event is a finding. Raises `typer.Exit`."""
    from projections.errors import UnreadableEvent

    try:
        return rebuilt_tables(folder, wish, take, sets_aside_unreadable)
    except UnreadableEvent as stopped:
        typer.echo(visible(str(stopped)), err=True)
        raise typer.Exit(1) from None


def rebuilt_tables(
    folder: LedgerFolder, wish: Wish, take: TakeDifferences, sets_aside_unreadable: bool
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
                return rebuilt_here(folder, wish, told, take, sets_aside_unreadable)
            except FileDamaged as damaged:
                tell_note(str(damaged))
                return rebuilt_here(folder, wish, told, take, sets_aside_unreadable)
        except Busy:
            if sets_aside_unreadable:
                raise LedgerError(IN_USE.format(folder, "set events aside")) from None
            return have_performed(folder.path, wish, told, take)


def rebuilt_here(
    folder: LedgerFolder,
    wish: Wish,
    told: Told,
    take: TakeDifferences,
    sets_aside_unreadable: bool,
) -> Rebuilt:
    """Rebuild the tables in this process. Raises `Busy`, `FileDamaged` and `ProjectionError`."""
    from projections.dead_letters import missing
    from projections.feeds import feed_of
    from projections.serving.rebuilding import perform
    from projections.serving.server import owning

    feed_of(folder).close()
    with owning(folder.path, lambda: feed_of(folder)) as owner:
        tell_note(owner.note)
        if not wish.goes_back:
            owner.bring_up(sets_aside_unreadable=sets_aside_unreadable)
        if sets_aside_unreadable:
            with owner.writing() as projections:
                unread = len(missing(projections.connection))
            tell_note(f"Events set aside: {unread:,}. `call-ledger quarantine list` shows them.")
        return perform(owner, wish, told, take)
