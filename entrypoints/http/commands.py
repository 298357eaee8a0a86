"""Commands over HTTP: one for a call, or many as JSON lines."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from entrypoints.http.keys import Caller
from entrypoints.http.metrics import HttpMetrics
from entrypoints.http.one_command import (
    JSON,
    MAY_RECORD,
    ROUTE,
    answer_command,
    expect_body,
    filled_in,
    refuse_others,
)
from entrypoints.http.permissions import permitted
from entrypoints.http.problems import Problem, described
from entrypoints.http.service import Service, service_of
from ledger.answers import answer_to, answer_to_unreadable
from ledger.intake import Unreadable, read_request
from ledger.outcomes import Request as LedgerRequest
from ledger.trace_context import HEADER, trace_parent_in, traced

JSON_LINES: Final = "application/x-ndjson"
MOST_LINES: Final = 10_000

router = APIRouter(tags=["commands"])


def parameter(name: str, place: str, type_name: str, description: str) -> dict[str, Any]:
    """A parameter in the OpenAPI document."""
    schema = (
        {"type": "string"} if type_name == "string" else {"type": "string", "format": type_name}
    )
    is_in_path = place == "path"
    return {
        "name": name,
        "in": place,
        "required": is_in_path,
        "description": description,
        "schema": schema,
    }


TRACE: Final = parameter(
    HEADER,
    "header",
    "string",
    "The trace that it belongs to (W3C Trace Context): kept with what is recorded.",
)
COMMAND_REQUEST: Final[dict[str, Any]] = {
    "parameters": [
        parameter("source", "path", "string", "The call's source."),
        parameter("call_id", "path", "string", "Its id there."),
        parameter(
            "Idempotency-Key",
            "header",
            "uuid",
            "The command's id: the same again gets the first outcome.",
        ),
        parameter(
            "If-Match", "header", "string", 'The version of the call that you have seen, as `"7"`.'
        ),
        TRACE,
    ],
    "requestBody": {
        "required": True,
        "description": "One command, as docs/reference/schemas/command.json has it; the call, its "
        "source and the command's id may be left out, because path and headers say them.",
        "content": {JSON: {"schema": {"type": "object", "required": ["type", "actor"]}}},
    },
}
LINES_BODY: Final[dict[str, Any]] = {
    "parameters": [TRACE],
    "requestBody": {
        "required": True,
        "description": f"At most {MOST_LINES:,} commands as JSON lines, in order.",
        "content": {JSON_LINES: {"schema": {"type": "string"}}},
    },
}


@router.post(
    ROUTE,
    summary="Ask something of a call",
    status_code=201,
    responses=described(408, 409, 412, 413, 415, 421, 422)
    | {200: {"description": "It was known already, and this is its first outcome."}},
    openapi_extra=COMMAND_REQUEST,
)
@permitted(MAY_RECORD)
async def record_command(request: Request) -> Response:
    """The rules decide; what is answered is on disk.

    201 with the events; 200 when the command is known already; 409 with the rule that refuses it,
    kept as evidence; 412 when the call has gone on since; 421 when it belongs to another ledger;
    422 when the id has asked for something else before.
    """
    source, call_id = request.path_params["source"], request.path_params["call_id"]
    return await answer_command(request.app.state, request.scope, request.receive, source, call_id)


@router.post(
    "/v1/commands:batch",
    summary="Ask many things, a line each",
    response_class=Response,
    responses=described(408, 413, 415)
    | {200: {"content": {JSON_LINES: {"schema": {"type": "string"}}}}},
    openapi_extra=LINES_BODY,
)
async def record_batch(request: Request, key: Annotated[Caller, Depends(MAY_RECORD)]) -> Response:
    """Record JSON lines in order, and answer each with the line that
    `docs/reference/schemas/outcome.json` describes. What cannot be read is in quarantine; what is
    refused is kept as evidence.
    """
    headers = request.headers
    expect_body(headers.get("Content-Type", ""), headers.get("Content-Encoding", ""), JSON_LINES)
    lines = [line for line in (await request.body()).split(b"\n") if line.strip()]
    if len(lines) > MOST_LINES:
        raise Problem(413, "too-large", f"At most {MOST_LINES:,} lines are taken: send less.")
    service_of(request).rates.spend(key.id, max(0, len(lines) - 1))
    trace_parent = trace_parent_in(headers.get(HEADER))
    answers = await asyncio.to_thread(
        answers_to, service_of(request), metrics_of(request), key, lines, trace_parent
    )
    return Response(b"".join(one + b"\n" for one in answers), 200, media_type=JSON_LINES)


def answers_to(
    service: Service,
    metrics: HttpMetrics,
    key: Caller,
    lines: list[bytes],
    trace_parent: str | None,
) -> list[bytes]:
    """Record what can be read, quarantine what cannot, and answer each line in order.

    A line of another source or agent than the key's refuses all of them before any is recorded.
    """
    from ledger.quarantine import Unread

    read: dict[int, LedgerRequest] = {}
    unread: dict[int, Unread] = {}
    defaults = filled_in()
    for number, line in enumerate(lines, 1):
        try:
            read[number] = traced(read_request(line, defaults), trace_parent)
        except Unreadable as error:
            unread[number] = Unread(f"http:{key.id}:{number}", line, str(error))
    for request in read.values():
        refuse_others(key, request.command)
    answers: dict[int, bytes] = {}
    metrics.on_unreadable(len(unread))
    numbers = service.ledger.quarantine.add_many([*unread.values()])
    for (number, one), kept_as in zip(unread.items(), numbers, strict=True):
        answers[number] = answer_to_unreadable(kept_as, one.reason, line=number)
    outcomes = service.ledger.record_many([*read.values()])
    for (number, request), outcome in zip(read.items(), outcomes, strict=True):
        metrics.on_outcome(outcome)
        extra = {"line": number} | ({"repeated": True} if outcome.repeated else {})
        answers[number] = answer_to(request.command, outcome, **extra)
    return [answers[number] for number in range(1, len(lines) + 1)]


def metrics_of(request: Request) -> HttpMetrics:
    """What the server measures."""
    metrics: HttpMetrics = request.app.state.metrics
    return metrics
