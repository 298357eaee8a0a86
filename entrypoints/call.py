"""`call-ledger call …`: which calls there are, and one call's events and picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from domain.vocabulary import Phase
from entrypoints.options import DEFAULT_FOLDER, AsCsv, AsJson, LedgerFolder, TimeZone
from entrypoints.output import Format, Output, console, print_table, write_csv, write_json
from entrypoints.period import since, until, zone
from entrypoints.report import Queue, Since, Source, Until
from infra.folder import LedgerError
from ledger.feed import StoreFeed
from projections.reading import Reader
from projections.reports.report import Selection, where

app = typer.Typer(help="Calls: list them, read one, see one as a picture.", no_args_is_help=True)

CallId = Annotated[str, typer.Argument(help="The call's id, as its source has it.")]

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


class CallNotFoundError(LedgerError):
    """No call, or more than one, has this id."""


@app.command("list")
def list_calls(
    since_text: Since = None,
    until_text: Until = None,
    time_zone: TimeZone = "UTC",
    queue: Queue = None,
    source: Source = None,
    phase: Annotated[Phase | None, typer.Option(help="Only calls in this phase.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 50,
    json: AsJson = False,
    csv: AsCsv = False,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """List calls, the latest to enter first."""
    selection = Selection(
        since=since(since_text, time_zone),
        until=until(until_text, time_zone),
        queue=queue,
        source=source,
    )
    conditions = [*selection.conditions(), *(["phase = $phase"] if phase else [])]
    parameters = selection.parameters(with_time_zone=False) | (
        {"phase": phase.value} if phase else {}
    )
    query = (
        f"select {', '.join(COLUMNS)}, count(*) over () as calls_in_all from calls "
        f"{where(conditions)} order by entered_at desc, source, call_id limit {limit}"
    )
    with Reader(ledger) as reader:
        answer = reader.ask(query, parameters)
    total = answer.table.column("calls_in_all")[0].as_py() if len(answer.table) else 0
    rows = answer.table.drop_columns(["calls_in_all"]).to_pylist()
    match Output.chosen(json, csv).format:
        case Format.JSON:
            write_json({"position": answer.position, "calls_in_all": total, "calls": rows})
        case Format.CSV:
            write_csv(COLUMNS, [list(row.values()) for row in rows])
        case _:
            print_table(COLUMNS, [list(row.values()) for row in rows])
            console().print(f"  {len(rows):,} of {total:,} calls; at position {answer.position:,}.")


@app.command()
def show(
    call_id: CallId,
    source: Source = None,
    time_zone: TimeZone = "UTC",
    json: AsJson = False,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Show one call's events in order; with --json the very bytes that were recorded."""
    from entrypoints.timeline.history import history  # noqa: PLC0415 - only where it is drawn

    rows, position = events_of(ledger, call_id, source)
    if json:
        with StoreFeed(ledger) as feed:
            for document in feed.documents_of(rows[0]["source"], call_id):
                typer.echo(document)
        return
    place = zone(time_zone)
    shown = [
        (
            entry.version,
            f"{entry.occurred_at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            f"{entry.occurred_at.astimezone(place):%H:%M:%S}",
            entry.actor,
            entry.role,
            entry.via,
            entry.full_sentence,
            " ".join(entry.rules_broken) or None,
        )
        for entry in history(rows)
    ]
    names = ("version", "UTC", time_zone, "actor", "role", "via", "what_happened", "rules_broken")
    print_table(names, shown, f"Call {call_id} of {rows[0]['source']}")
    console().print(f"  {len(rows):,} events; at position {position:,}.")


@app.command()
def timeline(
    call_id: CallId,
    source: Source = None,
    time_zone: TimeZone = "UTC",
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture to this file.")
    ] = None,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Draw one call: a lane for the customer and one for each agent."""
    from entrypoints.timeline.lanes import lanes  # noqa: PLC0415 - only where it is drawn
    from entrypoints.timeline.picture import picture  # noqa: PLC0415
    from entrypoints.timeline.terminal import TimelineView  # noqa: PLC0415

    rows, _ = events_of(ledger, call_id, source)
    drawn = lanes(rows)
    if svg is None:
        console().print(TimelineView(drawn, zone(time_zone)))
        return
    try:
        svg.write_text(picture(drawn, zone(time_zone)), encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{svg} cannot be written: {error.strerror}.") from None
    typer.echo(f"Drawn to {svg}.")


def events_of(folder: Path, call_id: str, source: str | None) -> tuple[list[dict[str, Any]], int]:
    """The call's events in order, and the position they are true at.

    Raises `CallNotFoundError` when there is none, or when two sources use the id.
    """
    parameters = {"call_id": call_id} | ({"source": source} if source else {})
    with Reader(folder) as reader:
        found = reader.ask(
            "select call_position, source from calls where call_id = $call_id"
            f"{' and source = $source' if source else ''}",
            parameters,
        ).table.to_pylist()
        if not found:
            raise CallNotFoundError(
                f"There is no call {call_id} in {folder}; see call-ledger call list."
            )
        if len(found) > 1:
            names = " or ".join(f"--source {one['source']}" for one in found)
            raise CallNotFoundError(f"More than one source has a call {call_id}; add {names}.")
        answer = reader.ask(
            "select * from events where call_position = $call_position order by version",
            {"call_position": found[0]["call_position"]},
        )
    return answer.table.to_pylist(), answer.position
