"""What auditors and analysts read over HTTP: calls, their events, and reports."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from domain.vocabulary import Phase
from entrypoints.cli.rules import as_document
from entrypoints.http.access_log import readings_of
from entrypoints.http.keys import ApiKey, ApiRole
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import Problem, described, try_again
from entrypoints.http.service import Service, service_of
from entrypoints.report_answer import ReportQuestion, answered, moment_of
from entrypoints.ui.moment import AskedMoment
from entrypoints.ui.period import since, until, zone
from entrypoints.ui.values import json_text, rows_of
from ledger.feed import StoreFeed
from projections.reports import REPORTS
from projections.reports.report import Selection, where

MOST_CALLS: Final = 500
JSON: Final = "application/json"
CALL: Final = "/v1/calls/{source}/{call_id}"

router = APIRouter(tags=["reading"])


class Asked:
    """The moment that an answer is of, and the position that it has to have reached."""

    def __init__(
        self,
        known_at: Annotated[
            str | None, Query(description="As the ledger knew it: a position or a time.")
        ] = None,
        happened_by: Annotated[
            str | None, Query(description="Only what had happened by this time.")
        ] = None,
        without_corrections: Annotated[bool, Query(description="As it was first told.")] = False,
        time_zone: Annotated[
            str, Query(description="Of times without a zone, and of hours, days and weeks.")
        ] = "UTC",
        wait_for: Annotated[
            int, Query(ge=0, description="Answer once this position is shown.")
        ] = 0,
    ) -> None:
        zone(time_zone)
        self.time_zone = time_zone
        self.moment = AskedMoment(known_at, happened_by, without_corrections, time_zone)
        self._wait_for = wait_for

    def reached(self, position: int) -> dict[str, str]:
        """The headers of an answer; raises `Problem` where it is of before the awaited position."""
        if position < self._wait_for:
            raise try_again(f"Position {self._wait_for} is not shown yet, only {position}.")
        return {"Ledger-Position": str(position)}


Moment = Annotated[Asked, Depends()]
PeriodFrom = Annotated[str | None, Query(alias="from", description="From this day or time on.")]
PeriodTo = Annotated[
    str | None, Query(alias="to", description="Up to this day, included, or before this time.")
]
Queue = Annotated[str | None, Query(description="Only calls of this queue.")]
Source = Annotated[str | None, Query(description="Only calls of this source.")]


def document(content: dict[str, Any], headers: dict[str, str]) -> Response:
    """The answer as JSON, in the same form as the command line's."""
    return Response(json_text(content), 200, headers, JSON)


@router.get(CALL, summary="A call's state", responses=described(404))
def read_call(
    request: Request,
    source: str,
    call_id: str,
    key: Annotated[ApiKey, Depends(AllowedTo("read a call's state"))],
    asked: Moment,
) -> Response:
    """What came of a call so far; its ETag is the version that `If-Match` takes."""
    source, call_id = unquote(source), unquote(call_id)
    if key.role is ApiRole.WRITER and key.source != source:
        raise Problem(403, "not-allowed", f"This key reads calls of {key.source} only.")
    service = service_of(request)
    service.log_reading(request, key, "read a call's state")
    call, about = one_call(service, source, call_id, asked)
    headers = asked.reached(about["position"]) | {"ETag": f'"{call["event_count"]}"'}
    return document({**about, "call": call}, headers)


@router.get(f"{CALL}/events", summary="A call's events", responses=described(404))
def read_events(
    request: Request,
    source: str,
    call_id: str,
    key: Annotated[ApiKey, Depends(AllowedTo("read a call's events"))],
    asked: Moment,
) -> Response:
    """The events of a call in order, as they were recorded: the very documents."""
    source, call_id = unquote(source), unquote(call_id)
    service = service_of(request)
    service.log_reading(request, key, "read a call's events")
    call, about = one_call(service, source, call_id, asked)
    headers = asked.reached(about["position"])
    with service.reader() as reader:
        found = reader.ask(
            "select version from events where call_position = $call_position order by version",
            {"call_position": call["call_position"]},
            as_of=asked.moment.looked_up(reader),
        )
    versions = set(found.table.column("version").to_pylist())
    with StoreFeed(service.folder) as feed:
        documents = feed.documents_of(source, call_id)
    shown = (one for version, one in enumerate(documents, 1) if version in versions)
    content = b'{"position":%d,"events":[%s]}' % (about["position"], b",".join(shown))
    return Response(content, 200, headers, JSON)


@router.get("/v1/calls", summary="Calls, newest first", responses=described())
def list_calls(
    request: Request,
    key: Annotated[ApiKey, Depends(AllowedTo("list calls"))],
    asked: Moment,
    period_from: PeriodFrom = None,
    period_to: PeriodTo = None,
    agent: Annotated[str | None, Query(description="Somebody who was in the call.")] = None,
    queue: Queue = None,
    source: Source = None,
    phase: Annotated[Phase | None, Query(description="Where it stands.")] = None,
    transferred: Annotated[bool | None, Query(description="Whether it was handed over.")] = None,
    before: Annotated[
        int | None, Query(ge=1, description="Only calls that began before this position.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CALLS, description="How many.")] = 50,
) -> Response:
    """A page of calls; `next` is the address of the page after it."""
    selection = Selection(
        since=since(period_from, asked.time_zone),
        until=until(period_to, asked.time_zone),
        queue=queue,
        source=source,
    )
    filters: dict[str, tuple[str, Any]] = {
        "agent": (
            "call_position in (select call_position from participants where party = $agent)",
            agent,
        ),
        "phase": ("phase = $phase", phase and phase.value),
        "transferred": ("(transfer_count > 0) = $transferred", transferred),
        "before": ("call_position < $before", before),
    }
    chosen = {name: one for name, one in filters.items() if one[1] is not None}
    conditions = [*selection.filters(), *selection.entered(), *(sql for sql, _ in chosen.values())]
    parameters = selection.parameters() | {name: value for name, (_, value) in chosen.items()}
    service = service_of(request)
    service.log_reading(request, key, "list calls")
    with service.reader() as reader:
        as_of = asked.moment.looked_up(reader)
        answer = reader.ask(
            f"select * from calls {where(conditions)} order by call_position desc limit {limit}",
            parameters,
            as_of=as_of,
        )
        about = {"position": answer.position, **moment_of(reader, as_of)}
    names, rows = rows_of(answer.table)
    calls = [dict(zip(names, row, strict=True)) for row in rows]
    following = None
    if len(calls) == limit:
        query = dict(request.query_params) | {"before": str(calls[-1]["call_position"])}
        following = f"/v1/calls?{urlencode(query)}"
    headers = asked.reached(answer.position)
    return document({**about, "calls": calls, "next": following}, headers)


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


@router.get("/v1/reports/{name}", summary="A report's figures", responses=described(404))
def read_report(
    request: Request,
    name: str,
    key: Annotated[ApiKey, Depends(AllowedTo("read reports"))],
    asked: Moment,
    by: Annotated[list[str] | None, Query(description="Group by this; give several.")] = None,
    period_from: PeriodFrom = None,
    period_to: PeriodTo = None,
    agent: Annotated[str | None, Query(description="Only of this agent.")] = None,
    queue: Queue = None,
    source: Source = None,
) -> Response:
    """What `call-ledger report NAME --json` answers, with the same filters and groupings."""
    report = REPORTS.get(unquote(name))
    if report is None:
        raise Problem(404, "no-such-report", f"There is no such report: {', '.join(REPORTS)} are.")
    selection = Selection(
        asked.time_zone,
        since(period_from, asked.time_zone),
        until(period_to, asked.time_zone),
        agent,
        queue,
        source,
    )
    service = service_of(request)
    service.log_reading(request, key, "read reports")
    with service.reader() as reader:
        as_of = asked.moment.looked_up(reader)
        groups = tuple(by) if by else report.default_grouping
        answer = answered(reader, ReportQuestion(report.name, groups, selection, as_of))
    return document(answer.document, asked.reached(answer.about["position"]))


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
    key: Annotated[ApiKey, Depends(AllowedTo("read who has read"))],
    after: Annotated[int, Query(ge=0, description="Only readings after this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many.")] = 100,
) -> Response:
    """The access log, in order; this reading is in it, too."""
    service = service_of(request)
    service.log_reading(request, key, "read who has read")
    return document({"readings": readings_of(service.folder, after, limit)}, {})


def one_call(
    service: Service, source: str, call_id: str, asked: Asked
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `calls` says of a call, and at which position. Raises `Problem` when there is none."""
    with service.reader() as reader:
        as_of = asked.moment.looked_up(reader)
        answer = reader.ask(
            "select * from calls where source = $source and call_id = $call_id",
            {"source": source, "call_id": call_id},
            as_of=as_of,
        )
        about = {"position": answer.position, **moment_of(reader, as_of)}
    asked.reached(answer.position)
    names, rows = rows_of(answer.table)
    if not rows:
        raise Problem(404, "no-such-call", "No call of this source has this id: see /v1/calls.")
    return dict(zip(names, rows[0], strict=True)), about
