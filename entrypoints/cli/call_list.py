"""`call-ledger call list`: the calls that are as every flag says."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from domain.vocabulary import Phase
from entrypoints.cli.report import Since, Source, Until, in_utf8
from entrypoints.report_answer import moment_of
from entrypoints.ui.moment import AskedMoment, HappenedBy, KnownAt, WithoutCorrections, notes_of
from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    AsCsv,
    AsJson,
    AsRaw,
    ForExcel,
    LedgerOption,
    TimeZone,
)
from entrypoints.ui.output import (
    Format,
    Output,
    print_notes,
    print_table,
    tell_note,
    with_local_time,
    write_csv,
    write_json,
)
from entrypoints.ui.period import period, zone
from entrypoints.ui.values import rows_of
from projections.reports.call_filters import CUSTOMER, condition
from projections.reports.report import Selection, where

Agent = Annotated[
    str | None, typer.Option(help="Only calls with this agent.", metavar="ID", callback=in_utf8)
]
Customer = Annotated[
    str | None, typer.Option(help="Only calls of this customer.", metavar="ID", callback=in_utf8)
]
Queue = Annotated[
    str | None,
    typer.Option(help="Only calls that waited in this queue.", metavar="ID", callback=in_utf8),
]


class Answer(StrEnum):
    """Whether calls are so, as the console's qualifiers have it."""

    YES = "yes"
    NO = "no"


Open = Annotated[Answer | None, typer.Option("--open", help="Only calls that are open, or over.")]
Incomplete = Annotated[
    Answer | None, typer.Option(help="Only calls of which something is missing, or nothing.")
]
Transferred = Annotated[
    Answer | None, typer.Option(help="Only calls that changed hands, or did not.")
]
Conference = Annotated[
    Answer | None, typer.Option(help="Only calls with a conference, or without.")
]
Refused = Annotated[
    Answer | None, typer.Option(help="Only calls in which a rule refused something, or none did.")
]
Reason = Annotated[
    str | None,
    typer.Option(help="Only calls with this wrap-up reason.", metavar="NAME", callback=in_utf8),
]
RuleOption = Annotated[
    str | None,
    typer.Option(
        "--rule",
        help="Only calls in which this rule refused, or was broken.",
        metavar="ID",
        callback=in_utf8,
    ),
]

COLUMNS = (
    "source",
    "call_id",
    "phase",
    "entered_at",
    "queue",
    "first_agent",
    "call_seconds",
    "transfer_count",
    "conference_count",
    "ended_by",
    "last_reason",
    "is_incomplete",
)


def list_calls(
    since_text: Since = None,
    until_text: Until = None,
    time_zone: TimeZone = "UTC",
    agent: Agent = None,
    customer: Customer = None,
    queue: Queue = None,
    source: Source = None,
    phase: Annotated[Phase | None, typer.Option(help="Only calls in this phase.")] = None,
    is_open: Open = None,
    incomplete: Incomplete = None,
    transferred: Transferred = None,
    conference: Conference = None,
    refused: Refused = None,
    reason: Reason = None,
    rule: RuleOption = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="N", help="How many, newest first.")
    ] = 50,
    known_at: KnownAt = None,
    happened_by: HappenedBy = None,
    without_corrections: WithoutCorrections = False,
    json: AsJson = False,
    csv: AsCsv = False,
    raw: AsRaw = False,
    excel: ForExcel = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """List calls, newest first: all, or those that are as every flag says.

    [bold]call-ledger call list --phase ended --from 2026-01-05[/bold]
    [bold]call-ledger call list --agent agent-1 --transferred yes --refused no[/bold]
    """
    from entrypoints.names_not_there import tell_no_call_has
    from projections.serving.client import Reader

    place = zone(time_zone)
    output = Output.chosen(json, csv, raw=raw, excel=excel)
    began, ended = period(since_text, until_text, time_zone)
    entered = Selection(since=began, until=ended)
    named: dict[str, str | None] = {
        "agent": agent,
        CUSTOMER: customer,
        "queue": queue,
        "source": source,
        "phase": phase and phase.value,
        "reason": reason,
        "rule": rule,
    }
    answered: dict[str, Answer | None] = {
        "open": is_open,
        "incomplete": incomplete,
        "transferred": transferred,
        "conference": conference,
        "refused": refused,
    }
    chosen: dict[str, str | bool] = {
        **{name: value for name, value in named.items() if value is not None},
        **{name: value is Answer.YES for name, value in answered.items() if value is not None},
    }
    conditions = [*map(condition, chosen), *entered.entered()]
    query = (
        f"select {', '.join(COLUMNS)}, count(*) over () as calls_in_all from calls "
        f"{where(conditions)} order by entered_at desc, source, call_id limit {limit}"
    )
    asked = AskedMoment(known_at, happened_by, without_corrections, time_zone)
    with Reader(ledger) as reader:
        as_of = asked.looked_up(reader)
        answer = reader.ask(query, entered.parameters() | chosen, as_of=as_of)
        about = {"position": answer.position, **moment_of(reader, as_of)}
        if not len(answer.table):
            tell_no_call_has(reader, chosen, as_of)
    total = answer.table.column("calls_in_all")[0].as_py() if len(answer.table) else 0
    table = answer.table.drop_columns(["calls_in_all"])
    names, rows = rows_of(table, place)
    tell_note(answer.note)
    match output.format:
        case Format.JSON:
            calls = [dict(zip(names, row, strict=True)) for row in rows]
            write_json({**about, "calls_in_all": total, "calls": calls})
        case Format.CSV:
            write_csv(names, rows, output)
        case _:
            plain = [[value or None for value in row.values()] for row in table.to_pylist()]
            print_table(*with_local_time(COLUMNS, plain, place), without_empty=True)
            print_notes(
                f"{len(rows):,} of {total:,} calls; at position {answer.position:,}.",
                *notes_of(about),
            )
