"""`call-ledger reconcile`: whether the event store, Kafka and the tables have the same."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption, settings_of
from entrypoints.ui.output import print_table, shown, write_json

TablesFolder = Annotated[
    Path | None,
    typer.Option(
        "--tables", metavar="FOLDER", help="Where the tables are, if not in the ledger's folder."
    ),
]
AtMost = Annotated[
    int,
    typer.Option(
        "--at-most",
        min=1,
        metavar="N",
        help="Name at most this many differences; all are counted.",
    ),
]


def reconcile(
    context: typer.Context,
    tables: TablesFolder = None,
    at_most: AtMost = 1_000,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Compare the event store, Kafka and the tables, and name every difference.

    Each record is compared by its number and its bytes; Kafka is left out where none is named.
    Exit code 1 when there is a difference. Each difference says which of the three has the record
    missing, edited or repeated, or has one that nobody recorded.

    [bold]call-ledger reconcile --json[/bold]
    """
    from consumers.reconcile.compare import reconcile as compare
    from infra.folder import LedgerFolder
    from infra.kafka import Kafka
    from ledger.feed import StoreFeed
    from projections.serving.client import Reader

    settings = settings_of(context)
    of_tables = ledger if tables is None else LedgerFolder(tables)
    with ExitStack() as opened:
        store = opened.enter_context(StoreFeed(ledger))
        reader = None
        if tables is not None or of_tables.projections.exists():
            reader = opened.enter_context(Reader(of_tables, as_it_is=True))
        kafka = Kafka.of(settings) if settings.kafka is not None else None
        came = compare(store, kafka, reader, at_most)
    if json:
        write_json(
            {
                "compared": [one._asdict() for one in came.extents],
                "difference_count": came.difference_count,
                "differences": [one._asdict() for one in came.differences],
            }
        )
    else:
        print_table(("record", "in", "count", "up_to_number"), came.extents)
        if came.differences:
            names = ("record", "number", "call", "in", "is", "partition", "offset")
            rows = [[shown(value) for value in one] for one in came.differences]
            print_table(names, rows, f"{came.difference_count:,} differences")
        else:
            typer.echo("No difference.")
    raise typer.Exit(1 if came.difference_count else 0)
