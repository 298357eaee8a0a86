"""What the rules refused, over HTTP: the evidence that is kept of each attempt."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from entrypoints.http.asked import LARGEST_NUMBER, Moment, PeriodFrom, PeriodTo, Source
from entrypoints.http.keys import Caller
from entrypoints.http.pages import newest_rows
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import described
from entrypoints.http.service import service_of
from entrypoints.ui.period import period

MOST_REFUSALS: Final = 500
READ: Final = AllowedTo("read refusals")
CONDITIONS: Final = {
    "since": "refused_at >= $since",
    "until": "refused_at < $until",
    "source": "source = $source",
    "call_id": "call_id = $call_id",
    "actor": "actor = $actor",
    "rule": "rule = $rule",
    "before": "refusal_number < $before",
}

router = APIRouter(tags=["calls"])


@router.get("/v1/refusals", summary="What was refused, newest first", responses=described())
def list_refusals(
    request: Request,
    key: Annotated[Caller, Depends(READ)],
    asked: Moment,
    period_from: PeriodFrom = None,
    period_to: PeriodTo = None,
    source: Source = None,
    call_id: Annotated[str | None, Query(description="Only of the call of this id.")] = None,
    actor: Annotated[str | None, Query(description="Only what this party asked for.")] = None,
    rule: Annotated[str | None, Query(description="Only what this rule refused.")] = None,
    before: Annotated[
        int | None,
        Query(ge=1, le=LARGEST_NUMBER, description="Only those with a lower number."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_REFUSALS, description="How many.")] = 50,
) -> Response:
    """A page of the table `refusals` of `docs/reference/models.md`, with what was asked for."""
    began, ended = period(period_from, period_to, asked.time_zone)
    given = {
        "since": began,
        "until": ended,
        "source": source,
        "call_id": call_id,
        "actor": actor,
        "rule": rule,
        "before": before,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    service = service_of(request)
    service.log_reading(request, key, READ.operation)
    conditions = (CONDITIONS[name] for name in parameters)
    return newest_rows(
        request, service, asked, "refusals", "refusal_number", conditions, parameters, limit
    )
