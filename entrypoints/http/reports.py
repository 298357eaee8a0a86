"""Reports, rules and the access log over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from entrypoints.cli.rules import as_document
from entrypoints.http.access_log import readings_of
from entrypoints.http.asked import (
    JSON,
    LARGEST_NUMBER,
    SVG,
    Moment,
    PeriodFrom,
    PeriodTo,
    Queue,
    Source,
    document,
)
from entrypoints.http.keys import Caller
from entrypoints.http.pages import following
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import Problem, described
from entrypoints.http.service import service_of
from entrypoints.report_answer import ReportQuestion, answered, answered_by_all
from projections.reports import REPORTS

router = APIRouter(tags=["reports"])


@router.get(
    "/v1/reports",
    summary="Which reports there are",
    responses=described(),
    dependencies=[Depends(AllowedTo("read reports"))],
)
def list_reports() -> Response:
    """Each report's question, figures with their definitions, and groupings."""
    return document(
        {
            "reports": [
                {
                    "name": report.name,
                    "question": report.question,
                    "definitions": {one.name: one.definition for one in report.figures},
                    "denominator": report.denominator,
                    "groupings": report.all_groupings,
                }
                for report in REPORTS.values()
            ]
        },
        {},
    )


@router.get(
    "/v1/reports/{name}",
    summary="A report's figures",
    responses=described(404) | {200: {"content": {JSON: {}, SVG: {}}}},
)
def read_report(
    request: Request,
    name: Annotated[str, Path(json_schema_extra={"enum": [*REPORTS]})],
    key: Annotated[Caller, Depends(AllowedTo("read reports"))],
    asked: Moment,
    by: Annotated[list[str] | None, Query(description="Group by this; give several.")] = None,
    period_from: PeriodFrom = None,
    period_to: PeriodTo = None,
    agent: Annotated[str | None, Query(description="Only of this agent.")] = None,
    queue: Queue = None,
    source: Source = None,
    ledgers: Annotated[
        Literal["all"] | None,
        Query(description="Over all ledgers, where the server reads them; `by=ledger`, too."),
    ] = None,
    plot: Annotated[
        Literal["svg"] | None,
        Query(description="Draw the figures, as `call-ledger report NAME --plot` does."),
    ] = None,
) -> Response:
    """What `call-ledger report NAME --json` answers, with the same filters and groupings.

    Over all ledgers it says the position of each; `known_at` is a time then.
    With `plot=svg` it is the picture that `--plot` draws, where the extra `plot` is installed.
    """
    report = REPORTS.get(unquote(name))
    if report is None:
        raise Problem(404, "no-such-report", f"There is no such report: {', '.join(REPORTS)} are.")
    selection = asked.selection(period_from, period_to, agent, queue, source)
    service = service_of(request)
    service.log_reading(request, key, "read reports")
    question = ReportQuestion(report.name, tuple(by) if by else report.default_grouping, selection)
    headers: dict[str, str] = {}
    if ledgers == "all":
        asked.check_waits_for_none()
        with service.over_all() as over_all:
            moments = asked.moment.looked_up_in(over_all.readers)
            answer = answered_by_all(over_all, question, moments)
    else:
        with asked.reader(service) as reader:
            as_of = asked.moment.looked_up(reader)
            answer = answered(reader, replace(question, as_of=as_of))
        headers = asked.reached(answer.about["position"])
    if plot is None:
        return document(answer.document, headers)
    from entrypoints.plots.picture import svg_of

    with service.heavy_work():
        return Response(svg_of(answer), 200, headers, SVG)


@router.get(
    "/v1/rules",
    summary="The rules",
    responses=described(),
    dependencies=[Depends(AllowedTo("read the rules"))],
)
def read_rules() -> Response:
    """The rules beside the page's words, the role × phase table, and the rule sets."""
    return document(as_document(), {})


@router.get("/v1/readings", summary="Who has read what", responses=described())
def read_readings(
    request: Request,
    key: Annotated[Caller, Depends(AllowedTo("read who has read"))],
    after: Annotated[
        int, Query(ge=0, le=LARGEST_NUMBER, description="Only readings after this number.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many.")] = 100,
) -> Response:
    """The access log, in order; this reading is in it, too."""
    service = service_of(request)
    service.log_reading(request, key, "read who has read")
    found = readings_of(service.folder, after, limit + 1)
    shown = found[:limit]
    more = following(request, "after", shown[-1]["number"]) if len(found) > limit else None
    return document({"readings": shown, "next": more}, {})
