"""`call-ledger archive …`: sealed Parquet files that any tool reads, and the ledger's back-up."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Final

import typer

from entrypoints.ui.duration import seconds_of
from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, write_json
from entrypoints.ui.progress import progress
from infra.errors import FINDING, LedgerError

if TYPE_CHECKING:
    from archive.manifest import Manifest

app = typer.Typer(
    help="Sealed Parquet files of all that was recorded: make, verify, read and restore them.",
    no_args_is_help=True,
)

NOTICED_SECONDS: Final = 0.2
"""So soon a signal is noticed."""

Where = Annotated[
    str, typer.Argument(metavar="PLACE", help="The archive: a folder, or s3://bucket/prefix.")
]


@app.command()
def create(
    place: Where,
    segment_rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=5_000_000,
            metavar="N",
            help="Events of a full segment, when the archive is first made; 250,000 by default.",
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Go on, and bring it up so often: 30s, 10m, 6h, 1d. Until it is stopped.",
        ),
    ] = None,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Make an archive of the event store, or bring it up to the store.

    Recording may go on meanwhile. If it is killed, run it again: it goes on after what is sealed.

    With --every it goes on until it is stopped. What cannot be done for now, such as a place that
    does not answer, is said and tried again. The shorter last segment stays one turn longer, for
    those who read the archive meanwhile.

    [bold]call-ledger archive create archive[/bold]
    """
    from archive.creation import create as made
    from archive.places import place_of
    from ledger.store.opening import store_to_read

    def bring_up() -> None:
        with progress("archiving", unit="events") as moved, closing(store_to_read(ledger)) as store:
            manifest = made(store, place_of(place), moved, segment_rows, every is not None)
        tell(manifest, json, f"{place} has")

    if every is None:
        bring_up()
    else:
        again_and_again(bring_up, every)


def again_and_again(bring_up: Callable[[], None], every: str) -> None:
    """Do it, wait, and do it again, until a signal comes."""
    from archive.place import ArchiveUnavailable
    from entrypoints.workers.shutdown import shutdown_by_signals
    from infra.errors import LedgerInUse, LedgerUnavailable

    seconds = seconds_of(every)
    with shutdown_by_signals() as shutdown:
        while not shutdown.is_set():
            until = time.monotonic() + seconds
            try:
                bring_up()
            except (ArchiveUnavailable, LedgerInUse, LedgerUnavailable) as passing:
                typer.echo(str(passing), err=True)
            while time.monotonic() < until and not shutdown.wait(NOTICED_SECONDS):
                pass


@app.command()
def verify(
    place: Where,
    beside_store: Annotated[
        bool,
        typer.Option(
            "--beside-store", help="Compare every row with the ledger's event store, too."
        ),
    ] = False,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Read the whole archive and compare it with its manifest; exit code 1 when something differs.

    [bold]call-ledger archive verify archive --beside-store[/bold]
    """
    from archive.places import place_of
    from archive.verification import Finding
    from archive.verification import verify as findings
    from ledger.store.opening import store_to_read

    at = place_of(place)
    with progress("verifying", unit="events") as moved:
        if beside_store:
            with closing(store_to_read(ledger)) as store:
                found = list(findings(at, store, moved))
        else:
            found = list(findings(at, None, moved))
    if json:
        write_json({"findings": [one._asdict() for one in found]})
    elif found:
        print_table(Finding._fields, found, "What is not as it was archived")
    else:
        typer.echo("Every file is what the manifest says.")
    raise typer.Exit(FINDING if found else 0)


@app.command("list")
def list_segments(place: Where, json: AsJson = False) -> None:
    """List the files of an archive with their positions, sizes and hashes.

    [bold]call-ledger archive list archive[/bold]
    """
    from archive.manifest import KINDS, read_manifest
    from archive.places import place_of

    manifest = read_manifest(place_of(place))
    names = ("name", "first", "last", "size_bytes", "sha256", "entry_sha256")
    segments = [one for kind in KINDS for one in manifest.segments(kind)]
    rows = [tuple(getattr(one, name) for name in names) for one in segments]
    if json:
        write_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        print_table(names, rows)
    else:
        typer.echo("The archive is of a ledger without events.")


@app.command()
def restore(place: Where, json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Make an event store of an archive alone, where there is none, and compare both.

    It is made in the folder, or in PostgreSQL where --store or CALL_LEDGER_STORE names that.
    Nobody uses it before it is whole. If it is killed, run it again: it goes on where it was.

    [bold]call-ledger archive restore archive --ledger restored[/bold]
    """
    from archive.places import place_of
    from archive.restoring import restore as restored

    with progress("restoring", unit="events") as moved:
        manifest = restored(place_of(place), ledger, moved)
    tell(manifest, json, f"{ledger.postgresql or ledger} is restored and has")


@app.command()
def tables(place: Where, json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Make the tables of a folder from an archive, without a store; reports and sql work there.

    Run it again to bring them up to what the archive has by then.

    [bold]call-ledger archive tables archive --ledger analysis[/bold]
    """
    from archive.feed import ArchiveFeed
    from archive.places import place_of
    from infra.folder import make_folder
    from projections.serving.server import Busy, owning

    if ledger.has_store:
        raise LedgerError(
            f"{ledger} has an event store, which its tables follow: name another folder."
        )
    feed = ArchiveFeed(place_of(place))
    make_folder(ledger.path)
    try:
        with (
            progress("projecting", unit="events") as moved,
            owning(ledger.path, lambda: feed) as owner,
        ):
            positions = owner.bring_up(moved)
    except Busy:
        raise LedgerError(
            f"The tables in {ledger} are in use by another process: try when it has finished."
        ) from None
    if json:
        write_json({"position": positions.position})
    else:
        typer.echo(f"The tables in {ledger} are at position {positions.position:,}.")


@app.command()
def read(
    place: Where,
    first: Annotated[
        int, typer.Option("--from", min=1, metavar="POSITION", help="The first position.")
    ] = 1,
    last: Annotated[
        int | None, typer.Option("--to", min=1, metavar="POSITION", help="The last position.")
    ] = None,
) -> None:
    """Print the events' documents in order of position, a line each, in the bytes recorded.

    [bold]call-ledger archive read archive --from 1 --to 10[/bold]
    """
    import sys

    from archive.feed import ArchiveFeed
    from archive.places import place_of

    feed = ArchiveFeed(place_of(place))
    until = feed.head().position if last is None else last
    for batch in feed.batches(first - 1):
        count = until - batch.positions[0] + 1
        if count <= 0:
            break
        sys.stdout.buffer.writelines(one + b"\n" for one in batch.documents[:count])


def tell(manifest: Manifest, json: bool, has: str) -> None:
    """Say how much there is, and the hash that proves it."""
    position, refusal_number = manifest.ends()
    head = manifest.events[-1].entry_sha256 if manifest.events else None
    if json:
        write_json(
            {
                "position": position,
                "refusal_number": refusal_number,
                "size_bytes": manifest.size_bytes(),
                "entry_sha256": head,
            }
        )
    else:
        typer.echo(
            f"{has} {position:,} events and {refusal_number:,} refusals "
            f"({manifest.size_bytes():,} bytes as Parquet). Last entry: {head or 'none yet'}"
        )
