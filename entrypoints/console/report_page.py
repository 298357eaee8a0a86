"""Reports: each as a chart and a table, what it means, and the calls behind each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response

from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.console.report_question import ReportPage, asked_for, group_of
from entrypoints.console.report_words import figure_text, group_text
from entrypoints.http.problems import Problem
from entrypoints.http.service import service_of
from entrypoints.report_answer import ReportAnswer, ReportQuestion, answered, answered_by_all
from entrypoints.ui.csv_cells import csv_line
from projections.reports import REPORTS
from projections.reports.behind import calls_behind
from projections.reports.query import figures_query

MOST_BARS: Final = 30
MOST_CALLS: Final = 500

router = APIRouter(include_in_schema=False, route_class=Page)


class Cell(NamedTuple):
    """A figure: as it is read, and the way to its calls."""

    text: str
    address: str


class Line(NamedTuple):
    """A group, or the total, with its figures."""

    keys: list[str]
    cells: list[Cell]
    is_total: bool
    share: float
    """How long the bar of the drawn figure is, from 0 to 100."""
    drawn: Cell


@router.get("/console/reports")
def list_reports(
    request: Request,
    visitor: Annotated[Visitor, Depends(Shown("read reports"))],  # noqa: ARG001 - asked for its right
) -> Response:
    """Which reports there are."""
    return page(request, "reports.html", reports=list(REPORTS.values()))


@router.get("/console/reports/{name}.csv")
def download(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(Shown("read reports"))]
) -> Response:
    """The groups and their figures as comma-separated values."""
    asked = asked_for(request, unquote(name), visitor.words)
    answer = read(request, visitor, asked)
    names = [*asked.groups, *(figure.name for figure in asked.report.figures)]
    rows = [row for row in answer.rows if not (row["is_total"] and asked.groups)]
    lines = [names, *([row[name] for name in names] for row in rows)]
    headers = {
        "Content-Disposition": f'attachment; filename="{asked.report.name}.csv"',
    }
    if not asked.is_over_all:
        headers["Ledger-Position"] = str(answer.about["position"])
    content = "".join(csv_line(line, raw=False) for line in lines)
    return Response(content, 200, headers, "text/csv; charset=utf-8")


@router.get("/console/reports/{name}")
def show_report(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(Shown("read reports"))]
) -> Response:
    """A report's figures by its groups."""
    asked = asked_for(request, unquote(name), visitor.words)
    answer = read(request, visitor, asked)
    lines = lines_of(answer, asked, visitor)
    groups = [line for line in lines if not line.is_total]
    sql, parameters = figures_query(asked.report, asked.selection, asked.groups)
    own = {name: parameters[name] for name in asked.selection.parameters() if name in parameters}
    return page(
        request,
        "report.html",
        reports=list(REPORTS.values()),
        asked=asked,
        about=answer.about,
        is_of_nothing=answer.is_of_nothing,
        shards=answer.about.get("shards", {}),
        ledgers=answer.about.get("ledgers", []),
        has_several=bool(service_of(request).several),
        saves=visitor.may("save reports") and not {"shards", "ledgers"} & answer.about.keys(),
        lines=lines,
        bars=groups[:MOST_BARS],
        left_out=max(0, len(groups) - MOST_BARS),
        sql=sql.strip(),
        parameters=own,
    )


@router.get("/console/reports/{name}/calls")
def show_calls(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(Shown("read reports"))]
) -> Response:
    """The calls behind one figure, each with what it adds to it."""
    words = visitor.words
    asked = asked_for(request, unquote(name), words)
    if asked.is_over_all:
        raise Problem(404, "one-ledger", words.say("The calls behind a figure are of one ledger."))
    group = group_of(request, asked)
    try:
        sql, parameters = calls_behind(
            asked.report, asked.figure, asked.selection, group, MOST_CALLS
        )
    except ValueError:
        said = words.say("This group is not one of the report.")
        raise Problem(400, "malformed", said) from None
    service = service_of(request)
    service.log_reading(request, visitor.key, "read reports")
    with service.reader(asked.needed_position) as reader:
        answer = reader.ask(sql, parameters, as_of=asked.moment.looked_up(reader))
    calls = answer.table.to_pylist()
    return page(
        request,
        "report_calls.html",
        asked=asked,
        group=[
            (grouping, group_text(words, asked.report, grouping, value))
            for grouping, value in group.items()
        ],
        calls=[
            {**call, "text": figure_text(words, asked.figure.name, call["value"])} for call in calls
        ],
        calls_in_all=calls[0]["calls_in_all"] if calls else 0,
        position=answer.position,
    )


def read(request: Request, visitor: Visitor, asked: ReportPage) -> ReportAnswer:
    """The answer; the reading is written down before."""
    service, selection = service_of(request), asked.selection
    service.log_reading(request, visitor.key, "read reports")
    question = ReportQuestion(asked.report.name, asked.groups, selection)
    if asked.is_over_all:
        with service.over_all() as ledgers:
            return answered_by_all(ledgers, question, asked.moment.looked_up_in(ledgers.readers))
    with service.reader(asked.needed_position) as reader:
        return answered(reader, replace(question, as_of=asked.moment.looked_up(reader)))


def lines_of(answer: ReportAnswer, asked: ReportPage, visitor: Visitor) -> list[Line]:
    """The groups in order, and the total."""
    drawn = asked.figure.name
    rows: Sequence[dict[str, Any]] = answer.rows
    largest = max((row[drawn] or 0 for row in rows if not row["is_total"]), default=0)
    return [line_of(row, asked, visitor, largest) for row in rows]


def line_of(row: dict[str, Any], asked: ReportPage, visitor: Visitor, largest: float) -> Line:
    """One of them."""
    words, report, is_total = visitor.words, asked.report, bool(row["is_total"])
    group = {} if is_total else {grouping: as_value(row[grouping]) for grouping in asked.groups}
    cells = {
        figure.name: Cell(
            figure_text(words, figure.name, row[figure.name]),
            asked.calls_address(figure.name, group)
            if row[figure.name] and not asked.is_over_all
            else "",
        )
        for figure in report.figures
    }
    size = row[asked.figure.name] or 0
    return Line(
        [group_text(words, report, grouping, value) for grouping, value in group.items()],
        list(cells.values()),
        is_total,
        round(100 * size / largest, 2) if largest and not is_total else 0.0,
        cells[asked.figure.name],
    )


def as_value(value: object) -> str | None:
    """A group's value as an address has it, and as DuckDB writes it as text."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
