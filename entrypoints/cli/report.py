"""`call-ledger report …`: a figure, its definition, and the calls behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrypoints.archive_read import (
    Archive,
    Processes,
    Scheduler,
    Work,
    archive_asked,
    reading_archive,
)
from entrypoints.names_not_there import tell_names_not_there
from entrypoints.papers import save
from entrypoints.read_side import Lake, reading
from entrypoints.report_answer import (
    ReportAnswer,
    ReportQuestion,
    answered,
    answered_by_all,
    ledgers_read,
    moment_of,
    period_of,
    position_of,
)
from entrypoints.ui.moment import AskedMoment, HappenedBy, KnownAt, WithoutCorrections, notes_of
from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    AsCsv,
    AsJson,
    AsRaw,
    FolderOption,
    ForExcel,
    LedgersFile,
    TimeZone,
    ToParquet,
    is_of_several,
    several_ledgers,
    with_store,
)
from entrypoints.ui.output import (
    Format,
    Output,
    heading,
    print_notes,
    print_table,
    tell_note,
    with_local_time,
    write_csv,
    write_json,
    write_parquet,
)
from entrypoints.ui.period import period, zone
from entrypoints.ui.progress import progress
from entrypoints.ui.values import rows_of
from entrypoints.ui.whole_file import whole_file
from entrypoints.workers.lag import CALLS_WITH_DEAD_LETTERS
from projections.reports import REPORTS
from projections.reports.query import calls_query
from projections.reports.report import Report, Selection
from projections.reports.united import over_ledgers

if TYPE_CHECKING:
    from infra.folder import LedgerFolder
    from infra.settings import Settings
    from projections.as_of import AsOf
    from projections.serving.protocol import Answer
    from projections.serving.read_side import Answering

app = typer.Typer(
    help="What auditors ask: each figure with its definition, its denominator and its position.",
    no_args_is_help=True,
)

AS_TABLE = Output(Format.TABLE)


def groupings(context: typer.Context, incomplete: str) -> list[str]:
    """What this report can be grouped by, for completion."""
    known = REPORTS[context.info_name or ""].all_groupings
    return [grouping for grouping in known if grouping.startswith(incomplete)]


Since = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="From this day or time on."),
]
Until = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="Up to this day, included, or before this time."),
]


def in_utf8(text: str | None) -> str | None:
    """The text. Raises `UnicodeEncodeError` for an argument's bytes that are none."""
    if text is not None:
        text.encode()
    return text


Agent = Annotated[str | None, typer.Option(help="Only this agent.", metavar="ID", callback=in_utf8)]
Queue = Annotated[
    str | None, typer.Option(help="Only calls of this queue.", metavar="ID", callback=in_utf8)
]
Source = Annotated[
    str | None, typer.Option(help="Only calls of this source.", metavar="NAME", callback=in_utf8)
]
By = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        autocompletion=groupings,
        help="Group by this; repeat it to group by more. The names are listed above.",
    ),
]
SaveAs = Annotated[
    str | None,
    typer.Option(
        "--save",
        metavar="NAME",
        help="Keep question and answer as a working paper: see call-ledger paper.",
    ),
]
ToPlot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw the figures into a .svg or .png file."),
]
Dark = Annotated[bool, typer.Option("--dark", help="Draw for a dark screen.")]
Calls = Annotated[bool, typer.Option("--calls", help="List the calls behind the figures.")]


def command_of(report: Report) -> None:
    """Make the command that prints this report."""

    @app.command(report.name, help=help_of(report))
    def print_this_report(
        context: typer.Context,
        since_text: Since = None,
        until_text: Until = None,
        time_zone: TimeZone = "UTC",
        agent: Agent = None,
        queue: Queue = None,
        source: Source = None,
        by: By = None,
        calls: Calls = False,
        known_at: KnownAt = None,
        happened_by: HappenedBy = None,
        without_corrections: WithoutCorrections = False,
        json: AsJson = False,
        csv: AsCsv = False,
        raw: AsRaw = False,
        excel: ForExcel = False,
        parquet: ToParquet = None,
        plot: ToPlot = None,
        dark: Dark = False,
        save_as: SaveAs = None,
        lake: Lake = None,
        archive: Archive = None,
        workers: Processes = None,
        on: Scheduler = None,
        work: Work = None,
        ledgers: LedgersFile = None,
        folder: FolderOption = DEFAULT_FOLDER,
    ) -> None:
        zone(time_zone)
        began, ended = period(since_text, until_text, time_zone)
        selection = Selection(time_zone, began, ended, agent, queue, source)
        asked = AskedMoment(known_at, happened_by, without_corrections, time_zone)
        output = Output.chosen(json, csv, parquet, raw, excel, plot, dark)
        if plot is not None:
            check_plot(plot, calls)
        groups = tuple(by) if by else report.default_grouping
        question = ReportQuestion(report.name, groups, selection)
        archived = archive_asked(archive, workers, on, work)
        if lake and archived:
            raise typer.BadParameter("--lake or --archive: leave one of them out.")
        if (lake or archived) and save_as is not None:
            raise typer.BadParameter(
                "--save keeps figures of a folder: leave --lake and --archive out."
            )
        if not (lake or archived) and is_of_several(context, ledgers):
            if save_as is not None:
                raise typer.BadParameter(
                    "--save keeps figures in the folder of one ledger: name it with --name."
                )
            print_of_several(several_ledgers(context, ledgers), question, calls, output, asked)
            return
        ledger = folder if lake or archived else with_store(context, folder)
        with reading_archive(archived) if archived else reading(ledger, lake) as reader:
            as_of = asked.looked_up(reader)
            if calls and save_as is not None:
                raise typer.BadParameter("--save keeps figures: leave --calls out.")
            if calls:
                print_calls(reader, report, selection, output, as_of)
            else:
                if save_as is not None:
                    as_of = as_of or now(reader)
                answer = answered(reader, replace(question, as_of=as_of))
                if save_as is not None:
                    save(ledger, save_as, answer)
                print_answer(answer, output)
                if answer.is_of_nothing:
                    tell_names_not_there(reader, report, selection, as_of)


def check_plot(path: Path, calls: bool) -> None:
    """Say before the figures are computed why they cannot be drawn. Raises `NoPicture`."""
    from entrypoints.plots.picture import format_of

    format_of(path)
    if calls:
        raise typer.BadParameter("--plot draws figures: leave --calls out.")


def now(reader: Answering) -> AsOf:
    """This moment, so that what is kept can be asked again."""
    from projections.serving.moment import moment

    return moment(reader)


def help_of(report: Report) -> str:
    """The report's question, and what each of its figures means."""
    figures = "\n\n".join(
        f"{figure.name.replace('_', ' ')}: {figure.definition}." for figure in report.figures
    )
    groupings = ", ".join(report.all_groupings)
    return (
        f"{report.question}\n\n{figures}\n\nDenominator: {report.denominator}.\n\n"
        f"Hours, days, weeks and periods: {report.intervals}.\n\n"
        f"Groupings: {groupings}.\n\n"
        f"[bold]call-ledger report {report.name} --by day --from 2026-01-05[/bold]\n\n"
        f"[bold]call-ledger report {report.name} --by queue --plot {report.name}.svg[/bold]"
    )


def print_report(reader: Answering, question: ReportQuestion, output: Output = AS_TABLE) -> None:
    """Print the groups and the total, with definitions, denominator and position."""
    print_answer(answered(reader, question), output)


def print_answer(answer: ReportAnswer, output: Output) -> None:
    """Print an answer in one of the formats."""
    question = answer.question
    tell_note(answer.note)
    report, groups, about = question.report, question.groups, answer.about
    incomplete = about["calls_with_dead_letters"]
    rows = answer.rows
    names = [*groups, *(figure.name for figure in report.figures)]
    match output.format:
        case Format.JSON:
            write_json(answer.document)
        case Format.CSV:
            groups_first = [row for row in rows if not row["is_total"]] if groups else rows
            write_csv(names, [[row[name] for name in names] for row in groups_first], output)
        case Format.PARQUET:
            assert output.parquet is not None
            write_parquet(answer.table, output.parquet, as_text(about))
        case Format.PLOT:
            assert output.plot is not None
            draw(answer, output.plot, output.is_dark)
        case Format.TABLE:
            shown = [
                [
                    "all" if row["is_total"] and name == names[0] and groups else cell(name, row)
                    for name in names
                ]
                for row in rows
            ]
            from rich.markup import escape

            print_table(names, shown, f"{report.title}: {report.question}")
            print_notes(
                *(
                    f"[bold]{heading(figure.name)}[/bold]: {figure.definition}"
                    for figure in report.figures
                ),
                f"[bold]denominator[/bold]: {report.denominator}",
                f"[bold]hours, days, weeks and periods[/bold]: {report.intervals}",
                f"{escape(about['period'])}; computed at {position_of(about)}.",
                f"The calls behind it: call-ledger report {report.name} --calls",
                *notes_of(about),
                *([CALLS_WITH_DEAD_LETTERS.format(incomplete)] if incomplete else []),
            )


def draw(answer: ReportAnswer, path: Path, is_dark: bool) -> None:
    """Draw an answer into a file."""
    from entrypoints.plots.picture import picture

    drawn = picture(answer, path, is_dark)
    with whole_file(path) as beside:
        beside.write_bytes(drawn)
    typer.echo(f"Drawn to {path}.")


def cell(name: str, row: dict[str, Any]) -> object:
    """A figure or key as the table shows it: an hour is whole, so its seconds say nothing."""
    value = row[name]
    return value.replace(":00:00", ":00", 1) if name == "hour" and value else value


def print_of_several(
    places: list[tuple[Settings, LedgerFolder]],
    question: ReportQuestion,
    calls: bool,
    output: Output,
    asked: AskedMoment,
) -> None:
    """Print a report, or the calls behind it, over several ledgers."""
    from projections.serving.united import UnitedReader

    named = {str(settings.name): folder for settings, folder in places}
    with (
        progress("projecting", unit="events") as moved,
        UnitedReader(named, progress=moved) as ledgers,
    ):
        moments = asked.looked_up_in(ledgers.readers)
        if not calls:
            print_answer(answered_by_all(ledgers, question, moments), output)
            return
        report, selection = question.report, question.selection
        query = calls_query(over_ledgers(report), selection)
        answer = ledgers.ask(report.facts, *query, moments=moments)
        about = ledgers_read(ledgers, answer, moments)
        print_listed(answer, report, selection, output, about, {})


def print_calls(
    reader: Answering,
    report: Report,
    selection: Selection,
    output: Output,
    as_of: AsOf | None = None,
) -> None:
    """Print the calls behind the figures, newest first."""
    answer = reader.ask(*calls_query(report, selection), as_of=as_of)
    about = {**reader.facts, "position": answer.position}
    print_listed(answer, report, selection, output, about, moment_of(reader, as_of))
    if not len(answer.table):
        tell_names_not_there(reader, report, selection, as_of)


def print_listed(
    answer: Answer,
    report: Report,
    selection: Selection,
    output: Output,
    place_of_answer: dict[str, Any],
    moment: dict[str, Any],
) -> None:
    """Print the calls of an answer, and where and when it is of."""
    tell_note(answer.note)
    total = answer.table.column("calls_in_all")[0].as_py() if len(answer.table) else 0
    table = answer.table.drop_columns(["calls_in_all"])
    place = zone(selection.time_zone)
    names, rows = rows_of(table, place)
    about: dict[str, Any] = {
        "report": report.name,
        "period": period_of(report, selection),
        **place_of_answer,
        "calls_in_all": total,
        **moment,
    }
    match output.format:
        case Format.JSON:
            calls = [dict(zip(names, row, strict=True)) for row in rows]
            write_json({**about, "calls": calls})
        case Format.CSV:
            write_csv(names, rows, output)
        case Format.PARQUET:
            assert output.parquet is not None
            write_parquet(table, output.parquet, as_text(about))
        case Format.TABLE:
            title = f"Calls behind {report.title.lower()}"
            values = [list(row.values()) for row in table.to_pylist()]
            print_table(*with_local_time(table.column_names, values, place), title)
            more = "; narrow the period or the filters for the others" if total > len(rows) else ""
            print_notes(
                f"{len(rows):,} of {total:,} calls{more}; at {position_of(about)}.",
                "One call's events: call-ledger call show CALL_ID",
                *notes_of(about),
            )


def as_text(about: dict[str, Any]) -> dict[str, str]:
    """What a file's metadata says about it: text under each name."""
    return {name: str(value) for name, value in about.items()}


for one in REPORTS.values():
    command_of(one)
