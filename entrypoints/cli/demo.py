"""`call-ledger demo`: a day of calls, recorded and reported, and what to try next."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.report import print_report
from entrypoints.cli.simulate import FIRST_DAY, record_simulated
from entrypoints.report_answer import ReportQuestion
from entrypoints.ui.options import DEFAULT_FOLDER, LedgerOption
from entrypoints.ui.output import console
from entrypoints.ui.progress import progress
from projections.reports import REPORTS

if TYPE_CHECKING:
    from rich.console import Console

REPORTS_SHOWN = ("transfers", "exits", "wrap-ups", "refusals")

# The call with the most to see: a conference, then a transfer, then the most events.
EVENTFUL_CALL = """
select call_position, call_id from calls
order by conference_count > 0 desc, transfer_count desc, event_count desc, call_id
limit 1
"""


def demo(
    calls: Annotated[
        int, typer.Option(min=1, max=1_000_000, metavar="N", help="How many calls.")
    ] = 500,
    seed: Annotated[
        int, typer.Option(metavar="N", help="A different seed gives a different day.")
    ] = 1,
    company: Annotated[
        bool,
        typer.Option(
            "--company", help="Go through Kafka and PostgreSQL, which are started if necessary."
        ),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Then open the console on that day, until stopped.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Its port; 0 picks a free one.")
    ] = 8080,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Simulate a day of calls, record it, report on it, and say what to try next.

    With `--company` the same day goes through a real Kafka and a real PostgreSQL on this
    machine, and leads to the same reports.

    With `--serve` the address of the console and a key for it are said at the end.

    [bold]call-ledger demo --calls 200 --ledger demo-ledger[/bold]
    """
    from entrypoints.timeline.lanes import lanes
    from entrypoints.timeline.terminal import TimelineView
    from projections.serving.client import Reader

    if serve and company:
        raise typer.BadParameter("--serve opens a day on one folder: leave --company out.")
    screen = console()
    start = datetime.fromisoformat(FIRST_DAY).replace(tzinfo=UTC)
    if company:
        from entrypoints.cli.demo_company import record_through_servers

        counts = record_through_servers(ledger, calls, seed, start)
    else:
        counts = record_simulated(ledger, "seed", calls, seed, start)
    screen.print(f"[bold]A day of {calls:,} calls.[/bold] {counts.sentence()}\n")
    with (
        progress("projecting", unit="events") as moved,
        # A company's tables were filled from Kafka, and its store is down again.
        Reader(ledger, progress=moved, as_it_is=company) as reader,
    ):
        for name in REPORTS_SHOWN:
            report = REPORTS[name]
            print_report(reader, ReportQuestion(report.name, report.default_grouping))
            screen.print()
        eventful = reader.ask(EVENTFUL_CALL).table.to_pylist()[0]
        rows = reader.ask(
            "select * from events where call_position = $call_position order by version",
            {"call_position": eventful["call_position"]},
        ).table.to_pylist()
    screen.print(TimelineView(lanes(rows)))
    what_next(screen, str(ledger), eventful["call_id"], company)
    if serve:
        from entrypoints.cli.demo_console import serve_console

        serve_console(ledger, port)


def what_next(screen: Console, folder: str, call_id: str, company: bool) -> None:
    """Commands that go on from here, as they are to be typed."""
    where = "" if folder == str(DEFAULT_FOLDER) else f" --ledger {shlex.quote(folder)}"
    screen.print("\n[bold]Try next[/bold]")
    if company:
        screen.print(f"  export $(call-ledger local up{where})", soft_wrap=True)
    for command in (
        f"call-ledger report transfers --by kind --by hour{where}",
        f"call-ledger report exits --calls{where}",
        f"call-ledger call timeline {call_id} --svg call.svg{where}",
        f'call-ledger sql "select reason, count(*) from wrap_ups group by all"{where}',
        "call-ledger rules --table",
        f"call-ledger record hold --call {call_id} --actor agent-1{where}",
    ):
        screen.print(f"  {command}", soft_wrap=True)
