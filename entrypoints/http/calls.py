"""Calls over HTTP: what came of one, its events and its picture; and a list of many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from entrypoints.http.asked import (
    JSON,
    LARGEST_NUMBER,
    SVG,
    Asked,
    Moment,
    PeriodFrom,
    PeriodTo,
    document,
)
from entrypoints.http.call_filters import Filters
from entrypoints.http.keys import ApiRole, Caller
from entrypoints.http.one_command import of_another_ledger
from entrypoints.http.pages import newest_rows
from entrypoints.http.permissions import PERMISSIONS, AllowedTo
from entrypoints.http.problems import Problem, described
from entrypoints.http.service import Service, service_of
from entrypoints.one_call import CallNotFoundError, OneCall, read_call, state_at
from entrypoints.timeline.drawn import as_document, drawn_until
from entrypoints.timeline.lanes import lanes
from entrypoints.timeline.picture import picture
from entrypoints.ui.period import zone
from entrypoints.ui.values import json_text
from ledger.feed import StoreFeed
from ledger.membership import misdirected
from projections.reports.call_filters import CUSTOMER
from projections.serving.read_side import ReadSide

MOST_CALLS: Final = 500
WITH_PERSONAL: Final = "read a call's events"
"""Whoever may do this may find calls by what only events say."""

CALL: Final = "/v1/calls/{source}/{call_id}"

router = APIRouter(tags=["calls"])


@router.get(CALL, summary="A call's state", responses=described(404, 421))
def read_state(
    request: Request,
    source: str,
    call_id: str,
    key: Annotated[Caller, Depends(AllowedTo("read a call's state"))],
    asked: Moment,
) -> Response:
    """What came of a call so far; its ETag is the version that `If-Match` takes."""
    source, call_id = unquote(source), unquote(call_id)
    if key.role is ApiRole.WRITER and key.source != source:
        raise Problem(403, "not-allowed", f"This key reads calls of {key.source} only.")
    service = service_of(request)
    service.log_reading(request, key, "read a call's state")
    with asked.reader(service) as reader:
        state = state_at(reader, source, call_id, asked.moment)
        if state is None:
            raise not_there(reader, service, source, call_id, asked)
    headers = asked.reached(state.position) | {"ETag": f'"{state.version}"'}
    return document({**state.about, "call": state.row}, headers)


@router.get(f"{CALL}/events", summary="A call's events", responses=described(404, 421))
def read_events(
    request: Request,
    source: str,
    call_id: str,
    key: Annotated[Caller, Depends(AllowedTo("read a call's events"))],
    asked: Moment,
) -> Response:
    """The events of a call in order, as they were recorded: the very documents.

    Those of now are read from the store, and are all that there are, whatever tables show.
    """
    source, call_id = unquote(source), unquote(call_id)
    service = service_of(request)
    service.check_has_store()
    service.log_reading(request, key, "read a call's events")
    if asked.moment.is_now and not service.tables.shards():
        return recorded_events(service, source, call_id, asked)
    with asked.reader(service) as reader:
        call = known_call(reader, service, source, call_id, asked)
    headers = asked.reached(call.position)
    versions = {event["version"] for event in call.events}
    with StoreFeed(service.folder) as feed:
        documents = feed.documents_of(source, call_id)
    shown = (one for version, one in enumerate(documents, 1) if version in versions)
    return documents_answer(shown, {**call.tables, "position": call.position}, headers)


def recorded_events(service: Service, source: str, call_id: str, asked: Asked) -> Response:
    """All that is recorded of a call, as the store has it. Raises `Problem`."""
    with StoreFeed(service.folder) as feed:
        position = feed.head().position
        documents = feed.documents_of(source, call_id, until=position)
    headers = asked.reached(position)
    if not documents:
        raise unknown_call(service, source, call_id)
    return documents_answer(documents, {**service.folder.facts, "position": position}, headers)


def documents_answer(
    documents: Iterable[bytes], about: dict[str, Any], headers: dict[str, str]
) -> Response:
    """The documents as they are, behind what is said of them."""
    head = json_text(about).removesuffix("}").encode()
    return Response(b'%s,"events":[%s]}' % (head, b",".join(documents)), 200, headers, JSON)


@router.get(
    f"{CALL}/timeline",
    summary="A call's timeline",
    responses=described(404, 421) | {200: {"content": {JSON: {}, SVG: {}}}},
)
def draw_timeline(
    request: Request,
    source: str,
    call_id: str,
    key: Annotated[Caller, Depends(AllowedTo("read a call's events"))],
    asked: Moment,
    accept: Annotated[str, Header(description=f"{JSON}, or {SVG} for the picture.")] = JSON,
) -> Response:
    """What the customer and each agent did from when to when: a lane each."""
    source, call_id = unquote(source), unquote(call_id)
    service = service_of(request)
    service.log_reading(request, key, "read a call's events")
    with asked.reader(service) as reader:
        call = known_call(reader, service, source, call_id, asked)
    headers = asked.reached(call.position)
    drawn = lanes(call.events, until=drawn_until(call.as_told, call.moment))
    if SVG in accept:
        return Response(picture(drawn, zone(asked.time_zone)), 200, headers, SVG)
    return document({**call.about, **as_document(drawn)}, headers)


@router.get("/v1/calls", summary="Calls, newest first", responses=described())
def list_calls(
    request: Request,
    key: Annotated[Caller, Depends(AllowedTo("list calls"))],
    asked: Moment,
    chosen: Filters,
    period_from: PeriodFrom = None,
    period_to: PeriodTo = None,
    before: Annotated[
        int | None,
        Query(ge=1, le=LARGEST_NUMBER, description="Only calls that began before this position."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CALLS, description="How many.")] = 50,
) -> Response:
    """A page of calls; `next` is the address of the page after it."""
    selection = asked.selection(period_from, period_to)
    if CUSTOMER in chosen.parameters and key.role not in PERMISSIONS[WITH_PERSONAL]:
        raise Problem(403, "not-allowed", f"Only auditors find calls by customer: {key.role}.")
    parameters = selection.parameters() | chosen.parameters
    conditions = [*selection.entered(), *chosen.conditions]
    if before is not None:
        conditions.append("call_position < $before")
        parameters["before"] = before
    service = service_of(request)
    service.log_reading(request, key, "list calls")
    return newest_rows(
        request, service, asked, "calls", "call_position", conditions, parameters, limit
    )


def known_call(
    reader: ReadSide, service: Service, source: str, call_id: str, asked: Asked
) -> OneCall:
    """The call as of the moment. Raises `Problem` when there is none, or it is another ledger's."""
    try:
        return read_call(reader, service.folder, call_id, source, asked.moment)
    except CallNotFoundError:
        raise not_there(reader, service, source, call_id, asked) from None


def not_there(
    reader: ReadSide, service: Service, source: str, call_id: str, asked: Asked
) -> Problem:
    """As `unknown_call`; raises where the awaited position is not shown: it may still come."""
    asked.reached(reader.ask("select 1").position)
    return unknown_call(service, source, call_id)


def unknown_call(service: Service, source: str, call_id: str) -> Problem:
    """There is none, or it is another ledger's."""
    member = service.folder.member
    if member is not None and (elsewhere := misdirected(member, source, call_id)):
        return of_another_ledger(elsewhere)
    detail = "No call of this source has this id at that moment: see /v1/calls."
    return Problem(404, "no-such-call", detail)
