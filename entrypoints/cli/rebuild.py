"""`call-ledger rebuild`: every table computed anew beside the current ones, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, tell_note, write_json
from entrypoints.ui.progress import progress
from infra.errors import LedgerError
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from projections.batches import Difference, Positions


def rebuild(
    from_store: Annotated[
        bool,
        typer.Option(
            "--from-store",
            help="Read every event again from the store, instead of DuckDB's own copy.",
        ),
    ] = False,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Compute every table again beside the current ones, compare, and swap.

    The current tables answer meanwhile. Exit code 1 when a table came out different.

    [bold]call-ledger rebuild --from-store[/bold]
    """
    from ledger.feed import StoreFeed
    from projections.errors import FileDamaged
    from projections.serving.server import Busy, owning

    with StoreFeed(ledger) as feed:
        feed.head()
    try:
        if from_store:
            with owning(ledger.path):
                pass
            ledger.projections.unlink(missing_ok=True)
        try:
            positions, differences = rebuilt(ledger)
        except FileDamaged as damaged:
            tell_note(str(damaged))
            positions, differences = rebuilt(ledger)
    except Busy:
        raise LedgerError(
            f"The tables in {ledger} are in use by another process: rebuild when it has finished."
        ) from None
    if json:
        write_json(
            {"position": positions.position, "differences": [one._asdict() for one in differences]}
        )
    elif differences:
        names = ("table", "rows_before", "rows_after")
        print_table(names, differences, "Tables that came out different")
    else:
        typer.echo(f"Every table came out the same, at position {positions.position:,}.")
    raise typer.Exit(1 if differences else 0)


def rebuilt(ledger: LedgerFolder) -> tuple[Positions, list[Difference]]:
    """Bring the tables up to the store and compute them again; raises `Busy` and `FileDamaged`."""
    from ledger.feed import StoreFeed
    from projections.serving.server import owning

    with (
        progress("projecting", unit="events") as moved,
        owning(ledger.path, lambda: StoreFeed(ledger)) as owner,
    ):
        tell_note(owner.note)
        positions = owner.bring_up(moved)
        with owner.writing() as projections:
            return positions, projections.rebuild()
