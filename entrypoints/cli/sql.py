"""`call-ledger sql`: the analyst's own question, over the models of the read side."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from typer.models import CommandInfo

from entrypoints.cli.report import as_text
from entrypoints.read_side import Lake, reading
from entrypoints.report_answer import moment_of
from entrypoints.ui.failures import ListingCommand, ended_by_interrupt
from entrypoints.ui.moment import AskedMoment, HappenedBy, KnownAt, WithoutCorrections, notes_of
from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    AsCsv,
    AsJson,
    AsRaw,
    ForExcel,
    LedgerOption,
    TimeZone,
    ToParquet,
)
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
from entrypoints.ui.period import zone
from entrypoints.ui.values import rows_of


def sql(
    query: Annotated[str, typer.Argument(help="One select over the tables named below.")],
    json: AsJson = False,
    csv: AsCsv = False,
    raw: AsRaw = False,
    excel: ForExcel = False,
    time_zone: TimeZone = "UTC",
    known_at: KnownAt = None,
    happened_by: HappenedBy = None,
    without_corrections: WithoutCorrections = False,
    parquet: ToParquet = None,
    lake: Lake = None,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Answer one SQL select, read-only and without access to files or the network.

    Each type's form in each format is in docs/reference/output.md. Of two columns of one name the
    second gets a number: a, a_2.

    [bold]call-ledger sql "select kind, count(*) from transfers group by kind"[/bold]
    """
    output = Output.chosen(json, csv, parquet, raw, excel)
    query.encode()  # What is no text in UTF-8 would end the process that parses it.
    place = zone(time_zone)
    asked = AskedMoment(known_at, happened_by, without_corrections, time_zone)
    with ended_by_interrupt(), reading(ledger, lake) as reader:
        as_of = asked.looked_up(reader)
        answer = reader.query(query, as_of=as_of)
        about = {**reader.facts, **moment_of(reader, as_of)}
    table = answer.table
    tell_note(answer.note)
    if output.format is Format.PARQUET:
        assert output.parquet is not None
        facts = {"query": query, "position": answer.position, **about}
        write_parquet(table, output.parquet, as_text(facts))
        return
    names, rows = rows_of(table, place)
    match output.format:
        case Format.JSON:
            dictionaries = [dict(zip(names, row, strict=True)) for row in rows]
            write_json({"position": answer.position, **about, "rows": dictionaries})
        case Format.CSV:
            write_csv(names, rows, output)
        case Format.TABLE:
            print_table(names, rows, exactly=True)
            print_notes(
                f"{len(rows):,} rows; at position {answer.position:,}.",
                *notes_of(about),
            )


class SqlCommand(ListingCommand):
    """Its help ends with the tables."""

    def listing(self) -> str:
        """Every model with its grain."""
        from projections.models import readable_models

        rows = [f"[bold]{model.name}[/bold]: {model.grain}" for model in readable_models()]
        events = "[bold]events[/bold]: One row per event; a column for each field events have."
        columns = "Tables (all their columns: docs/reference/models.md):"
        return "\n\n".join([columns, events, *sorted(rows)])


COMMAND: Final = CommandInfo(cls=SqlCommand, callback=sql)
