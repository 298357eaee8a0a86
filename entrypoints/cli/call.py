"""`call-ledger call …`: which calls there are, and one call's events and picture."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.call_list import list_calls
from entrypoints.cli.report import Source
from entrypoints.ui.moment import AskedMoment, HappenedBy, KnownAt, WithoutCorrections, notes_of
from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    AsJson,
    LedgerOption,
    TimeZone,
)
from entrypoints.ui.output import (
    console,
    print_notes,
    print_table,
    write_json,
)
from entrypoints.ui.period import zone
from entrypoints.ui.whole_file import whole_file
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from entrypoints.one_call import OneCall
    from entrypoints.timeline.history import Entry
    from projections.serving.client import Reader

app = typer.Typer(
    help="List calls, read the events of one, or see it as a picture.", no_args_is_help=True
)

CallId = Annotated[str, typer.Argument(help="The call's id, as its source has it.")]

app.command("list")(list_calls)


@app.command()
def show(
    call_id: CallId,
    source: Source = None,
    time_zone: TimeZone = "UTC",
    known_at: KnownAt = None,
    happened_by: HappenedBy = None,
    without_corrections: WithoutCorrections = False,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Show one call's events in order; --json prints the very bytes that were recorded, one a line.

    [bold]call-ledger call show 4711 --time-zone Europe/Rome[/bold]
    """
    from entrypoints.one_call import one_call
    from entrypoints.timeline.history import history

    zone(time_zone)
    asked = AskedMoment(known_at, happened_by, without_corrections, time_zone)
    call = one_call(ledger, call_id, source, asked)
    if json:
        from ledger.feed import StoreFeed

        shown_versions = {event["version"] for event in call.events}
        with StoreFeed(ledger) as feed:
            documents = feed.documents_of(call.source, call_id)
            for version, document in enumerate(documents, 1):
                if version in shown_versions:
                    typer.echo(document)
        return
    entries = history(call.events)
    print_history(entries, time_zone, f"Call {call_id} of {call.source}")
    if call.missing:
        from rich.markup import escape

        print_notes(f"The source's record is incomplete: {escape(call.missing)}.")
    if call.is_time_derived:
        print_notes("Times are computed from durations: the time of day is not known.")
    print_notes(
        f"{len(entries):,} events; at position {call.position:,}.",
        *notes_of(call.moment),
    )


@app.command()
def diff(
    call_id: CallId,
    since_position: Annotated[
        int, typer.Option("--from", min=0, metavar="POSITION", help="What was known up to here.")
    ],
    until_position: Annotated[
        int | None,
        typer.Option("--to", min=0, metavar="POSITION", help="And up to here; by default, now."),
    ] = None,
    source: Source = None,
    time_zone: TimeZone = "UTC",
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Show what became known of a call between two positions: new events, and what they changed.

    [bold]call-ledger call diff 4711 --from 7[/bold]
    """
    from entrypoints.cli.call_diff import changes, events_after
    from entrypoints.one_call import read_call, row_of
    from entrypoints.timeline.history import history

    zone(time_zone)
    if until_position is not None and until_position < since_position:
        raise typer.BadParameter("--to is before --from: what became known is what came later.")
    until = None if until_position is None else str(until_position)
    from projections.serving.client import Reader

    with Reader(ledger) as reader:
        after = read_call(reader, ledger, call_id, source, AskedMoment(until))
        before = known_before(reader, ledger, call_id, source, since_position)
        row_before = {} if before is None else row_of(reader, before)
        changed = changes(row_before, row_of(reader, after))
    new = events_after(history(after.events), 0 if before is None else len(before.events))
    if json:
        facts = {"call_id": call_id, "source": after.source, "from": since_position}
        versions = [entry.version for entry in new]
        write_json({**facts, "to": after.position, "new_versions": versions, "changed": changed})
        return
    between = f"after position {since_position:,}, up to {after.position:,}."
    if not (new or changed):
        from rich.markup import escape

        whose = escape(f"{call_id} of {after.source}")
        print_notes(f"Nothing became known of call {whose} {between}")
        return
    print_history(new, time_zone, f"What became known of call {call_id} of {after.source}")
    print_table(
        ["of the call", "before", "after"],
        [(name, one["before"], one["after"]) for name, one in changed.items()],
    )
    print_notes(f"{len(new):,} events {between}")


def known_before(
    reader: Reader, ledger: LedgerFolder, call_id: str, source: str | None, position: int
) -> OneCall | None:
    """The call as it was known; nothing where it was not."""
    from entrypoints.one_call import CallNotFoundError, read_call

    with suppress(CallNotFoundError):
        return read_call(reader, ledger, call_id, source, AskedMoment(str(position)))
    return None


@app.command()
def timeline(
    call_id: CallId,
    source: Source = None,
    time_zone: TimeZone = "UTC",
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture to this file.")
    ] = None,
    known_at: KnownAt = None,
    happened_by: HappenedBy = None,
    without_corrections: WithoutCorrections = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Draw one call, with a lane for the customer and one for each agent.

    [bold]call-ledger call timeline 4711 --svg 4711.svg[/bold]
    """
    from entrypoints.one_call import one_call
    from entrypoints.timeline.drawn import drawn_until
    from entrypoints.timeline.lanes import lanes
    from entrypoints.timeline.picture import picture
    from entrypoints.timeline.terminal import TimelineView

    place = zone(time_zone)
    asked = AskedMoment(known_at, happened_by, without_corrections, time_zone)
    call = one_call(ledger, call_id, source, asked)
    drawn = lanes(call.events, until=drawn_until(call.as_told, call.moment))
    if svg is None:
        console().print(TimelineView(drawn, place))
        print_notes(*notes_of(call.moment))
        return
    picture_text = picture(drawn, place)
    with whole_file(svg) as beside:
        beside.write_text(picture_text, encoding="utf-8")
    typer.echo(f"Drawn to {svg}.")


def print_history(entries: Sequence[Entry], time_zone: str, title: str) -> None:
    """Print events as a table: when, who, what happened, and which rules it broke."""
    place, is_local = zone(time_zone), time_zone != "UTC"
    shown = [
        (
            entry.version,
            f"{entry.occurred_at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            *([f"{entry.occurred_at.astimezone(place):%H:%M:%S}"] if is_local else []),
            who(entry.actor, entry.role),
            entry.via,
            entry.full_sentence,
            " ".join(entry.rules_broken) or None,
        )
        for entry in entries
    ]
    names = ["#", "UTC", *([time_zone] if is_local else []), "who", "via", "what_happened", "broke"]
    print_table(names, shown, title, without_empty=True)


def who(actor: str, role: str) -> str:
    """The actor and its role, where they are two words."""
    return actor if actor == role else f"{actor} ({role.replace('_', ' ')})"
