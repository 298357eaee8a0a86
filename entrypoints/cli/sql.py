"""`call-ledger sql`: the analyst's own question, over the models of the read side."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.ui.failures import ListingCommand, ended_by_interrupt
from entrypoints.ui.options import DEFAULT_FOLDER, AsCsv, AsJson, LedgerOption, ToParquet
from entrypoints.ui.output import (
    Format,
    Output,
    print_notes,
    print_table,
    tell_note,
    write_csv,
    write_json,
    write_parquet,
)
from entrypoints.ui.progress import progress


def sql(
    query: Annotated[str, typer.Argument(help="One select over the tables named below.")],
    json: AsJson = False,
    csv: AsCsv = False,
    parquet: ToParquet = None,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Answer one SQL select, read-only and without access to files or the network.

    [bold]call-ledger sql "select kind, count(*) from transfers group by kind"[/bold]
    """
    from projections.serving.client import ask

    output = Output.chosen(json, csv, parquet)
    with ended_by_interrupt(), progress("projecting", unit="events") as moved:
        answer = ask(ledger, query, progress=moved)
    table = answer.table
    tell_note(answer.note)
    match output.format:
        case Format.JSON:
            write_json({"position": answer.position, "rows": table.to_pylist()})
        case Format.CSV:
            write_csv(table.column_names, [list(row.values()) for row in table.to_pylist()])
        case Format.PARQUET:
            assert output.parquet is not None
            write_parquet(table, output.parquet, {"query": query, "position": str(answer.position)})
        case Format.TABLE:
            rows = [list(row.values()) for row in table.to_pylist()]
            print_table(table.column_names, rows)
            print_notes(f"{len(rows):,} rows; at position {answer.position:,}.")


class SqlCommand(ListingCommand):
    """Its help ends with the tables."""

    def listing(self) -> str:
        """Every model with its grain."""
        from projections.models import readable_models

        rows = [f"[bold]{model.name}[/bold]: {model.grain}" for model in readable_models()]
        events = "[bold]events[/bold]: One row per event; a column for each field events have."
        return "\n\n".join(["Tables (all their columns: docs/models.md):", events, *sorted(rows)])
