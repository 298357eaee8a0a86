"""Saved reports: working papers, shown again as they were, and compared with now."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from entrypoints.console.entrance import Form
from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.console.report_question import asked_for
from entrypoints.console.report_words import figure_text, group_text
from entrypoints.console.words import Words
from entrypoints.http.problems import Problem
from entrypoints.http.service import Service, service_of
from entrypoints.papers import (
    NAME,
    Paper,
    PaperDamaged,
    WrongName,
    differences,
    is_same_answer,
    load,
    names,
    save,
)
from entrypoints.report_answer import ReportQuestion, answered
from projections.serving.moment import moment

SAVED: Final = "/console/saved"
READ: Final = Shown("read reports")
SAVE: Final = Shown("save reports")

router = APIRouter(include_in_schema=False, route_class=Page)
Reads = Annotated[Visitor, Depends(READ)]


class Line(NamedTuple):
    """A row of a paper, in the reader's words; the total has no keys."""

    keys: list[str]
    cells: list[str]


class Other(NamedTuple):
    """A figure that is other than in the paper."""

    keys: list[str]
    figure: str
    before: str
    after: str


@router.get(SAVED)
def list_papers(request: Request, visitor: Reads) -> Response:
    """The papers with what each asks."""
    service = service_of(request)
    service.log_reading(request, visitor.key, READ.operation)
    papers, damaged = [], []
    for name in names(service.folder):
        try:
            papers.append(load(service.folder, name))
        except (PaperDamaged, WrongName):
            damaged.append(name)
    papers.sort(key=lambda paper: (paper.saved_at, paper.name), reverse=True)
    return page(request, "papers.html", papers=papers, damaged=damaged)


@router.get(f"{SAVED}/{{name}}")
def show_paper(request: Request, name: str, visitor: Reads) -> Response:
    """A paper as it was saved."""
    service, words = service_of(request), visitor.words
    service.log_reading(request, visitor.key, READ.operation)
    paper = paper_of(service, name, words)
    figures = list(paper.answer["definitions"])
    total = paper.answer["total"]
    return page(
        request,
        "paper.html",
        paper=paper,
        figures=figures,
        lines=[line_of(words, paper, row) for row in paper.answer["groups"]],
        total=[figure_text(words, figure, total.get(figure)) for figure in figures]
        if total
        else [],
    )


@router.get(f"{SAVED}/{{name}}/compare")
def compare_paper(request: Request, name: str, visitor: Reads) -> Response:
    """The same question of its moment, which has to give the same for ever, and of now."""
    service, words = service_of(request), visitor.words
    service.log_reading(request, visitor.key, READ.operation)
    paper = paper_of(service, name, words)
    as_of = paper.question.as_of
    assert as_of is not None
    with service.reader(None) as reader:
        is_same = is_same_answer(paper, answered(reader, paper.question))
        now = moment(reader, None, as_of.happened_by, as_of.with_corrections)
        today = answered(reader, replace(paper.question, as_of=now))
    found = [
        Other(
            keys_of(words, paper, difference.group) if difference.group else [],
            difference.figure,
            figure_text(words, difference.figure, difference.before),
            figure_text(words, difference.figure, difference.after),
        )
        for difference in differences(paper, today)
    ]
    return page(
        request,
        "paper_compared.html",
        paper=paper,
        is_same=is_same,
        differences=found,
        position=today.about["position"],
    )


@router.post("/console/reports/{name}/save")
def save_report(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(SAVE)], form: Form
) -> Response:
    """Keep the answer of now, or of the moment that the address names, under a name."""
    service, words = service_of(request), visitor.words
    asked = asked_for(request, unquote(name), words)
    paper_name = form.get("name", "").strip()
    if not NAME.fullmatch(paper_name):
        said = words.say("Use letters, digits, dots, _ and - for a name, 64 at most.")
        raise Problem(400, "malformed", said)
    service.log_reading(request, visitor.key, SAVE.operation, f"as {paper_name}")
    if asked.is_over_all:
        raise Problem(409, "one-ledger", words.say("Saved reports are of one ledger."))
    if service.tables.shards():
        said = words.say(
            "Reports over shards are not saved: refusals of an earlier moment may come."
        )
        raise Problem(409, "of-shards", said)
    with service.reader(None) as reader:
        as_of = asked.moment.looked_up(reader) or moment(reader, None, None, True)
        question = ReportQuestion(asked.report.name, asked.groups, asked.selection, as_of)
        answer = answered(reader, question)
    try:
        save(service.folder, paper_name, answer)
    except WrongName:
        said = words.say("There is a saved report of this name: choose another one.")
        raise Problem(409, "name-taken", said) from None
    return RedirectResponse(f"{SAVED}/{paper_name}", 303)


def paper_of(service: Service, name: str, words: Words) -> Paper:
    """The paper. Raises `Problem` where there is none."""
    try:
        return load(service.folder, name)
    except WrongName:
        said = words.say("There is no saved report of this name.")
        raise Problem(404, "no-such-paper", said) from None
    except PaperDamaged:
        said = words.say("The file of this report is damaged: restore it from a backup.")
        raise Problem(503, "damaged", said) from None


def line_of(words: Words, paper: Paper, row: dict[str, Any]) -> Line:
    """A row in the reader's words."""
    figures = paper.answer["definitions"]
    cells = [figure_text(words, figure, row.get(figure)) for figure in figures]
    return Line(keys_of(words, paper, row), cells)


def keys_of(words: Words, paper: Paper, row: dict[str, Any]) -> list[str]:
    """Of what a row is."""
    report = paper.question.report
    values = ((grouping, row.get(grouping)) for grouping in paper.question.groups)
    return [
        group_text(words, report, grouping, None if value is None else as_text(value))
        for grouping, value in values
    ]


def as_text(value: object) -> str:
    """A value of a group as reports have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
