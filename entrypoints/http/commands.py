"""Commands over HTTP: one for a call, or many as JSON lines."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, Request, Response

from domain.commands import Command
from domain.rules import RULE_OF_ID
from entrypoints.http.keys import Caller
from entrypoints.http.metrics import HttpMetrics
from entrypoints.http.permissions import AllowedTo, permitted
from entrypoints.http.problems import Problem, described
from entrypoints.http.service import Service, service_of
from ledger.answers import answer_to, answer_to_unreadable
from ledger.intake import Defaults, Unreadable, fields_of, read_request
from ledger.outcomes import RefusedOutcome
from ledger.outcomes import Request as LedgerRequest
from ledger.trace_context import HEADER, trace_parent_in, traced

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"
MOST_LINES: Final = 10_000
STALE: Final = "L2"
"""The rule that refuses a command that was asked for at another version of the call."""

REUSED_ID: Final = "L5"

router = APIRouter(tags=["commands"])
MAY_RECORD: Final = AllowedTo("record commands")


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
        "description": "One command, as docs/schemas/command.json has it; the call, its source "
        "and the command's id may be left out, because path and headers say them.",
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
    "/v1/calls/{source}/{call_id}/commands",
    summary="Ask something of a call",
    status_code=201,
    responses=described(408, 409, 412, 413, 415, 422)
    | {200: {"description": "It was known already, and this is its first outcome."}},
    openapi_extra=COMMAND_REQUEST,
)
@permitted(MAY_RECORD)
async def record_command(request: Request) -> Response:
    """The rules decide; what is answered is on disk.

    201 with the events; 200 when the command is known already; 409 with the rule that refuses it,
    kept as evidence; 412 when the call has gone on since; 422 when the id has asked for something
    else before.
    """
    # Found here: declared as parameters they would take FastAPI a fifth of the request's time.
    key = await MAY_RECORD(request)
    expect_media_type(request, JSON)
    said = {name: unquote(value) for name, value in request.path_params.items()}
    command_id = request.headers.get("Idempotency-Key")
    if command_id is not None:
        said["command_id"] = command_id
    asked = asked_of(await request.body(), said, version_in(request.headers.get("If-Match")))
    asked = traced(asked, trace_parent_in(request.headers.get(HEADER)))
    refuse_others(key, asked.command)
    outcome = await service_of(request).ledger.handle(asked.command, asked.observed)
    metrics_of(request).on_outcome(outcome)
    if isinstance(outcome, RefusedOutcome):
        raise refused(outcome)
    repeated = {"repeated": True} if outcome.repeated else {}
    return Response(
        answer_to(asked.command, outcome, **repeated),
        200 if outcome.repeated else 201,
        {"ETag": f'"{outcome.version}"', "Ledger-Position": str(outcome.position)},
        JSON,
    )


@router.post(
    "/v1/commands:batch",
    summary="Ask many things, a line each",
    response_class=Response,
    responses=described(408, 413, 415)
    | {200: {"content": {JSON_LINES: {"schema": {"type": "string"}}}}},
    openapi_extra=LINES_BODY,
)
async def record_batch(request: Request, key: Annotated[Caller, Depends(MAY_RECORD)]) -> Response:
    """Record JSON lines in order, and answer each with the line that `docs/schemas/outcome.json`
    describes. What cannot be read is in quarantine; what is refused is kept as evidence.
    """
    expect_media_type(request, JSON_LINES)
    lines = [line for line in (await request.body()).split(b"\n") if line.strip()]
    if len(lines) > MOST_LINES:
        raise Problem(413, "too-large", f"At most {MOST_LINES:,} lines are taken: send less.")
    service_of(request).rates.spend(key.id, max(0, len(lines) - 1))
    trace_parent = trace_parent_in(request.headers.get(HEADER))
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


def asked_of(body: bytes, said: dict[str, str], version: int | None) -> LedgerRequest:
    """The command of a body, with what path and headers say of it. Raises `Problem`."""
    try:
        fields = fields_of(body)
        for name, value in said.items():
            if fields.setdefault(name, value) != value:
                raise Unreadable(f"{name} is another one in the body than in path or header.")
        if version is not None and fields.setdefault("expected_version", version) != version:
            raise Unreadable("expected_version is another one in the body than in If-Match.")
        return read_request(orjson.dumps(fields), filled_in())
    except Unreadable as error:
        raise Problem(400, "malformed", str(error)) from None


def filled_in() -> Defaults:
    """What a command may leave out."""
    return Defaults(occurred_at=datetime.now(UTC).isoformat())


def refuse_others(key: Caller, command: Command) -> None:
    """A source writes only as itself, and a desktop acts only as its agent. Raises `Problem`."""
    if command.source != key.source:
        detail = f"This key writes as {key.source}: use a key of the command's own source."
        raise Problem(403, "not-allowed", detail)
    if key.agent is not None and command.actor != key.agent:
        detail = f"This key acts as {key.agent}: use a key that may act for others."
        raise Problem(403, "not-allowed", detail)


def version_in(if_match: str | None) -> int | None:
    """The version that `If-Match` names. Raises `Problem`."""
    if if_match is None:
        return None
    text = if_match.strip().removeprefix('"').removesuffix('"')
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(10**9))):
        raise Problem(400, "malformed", 'If-Match is the ETag of the call, as "7".')
    return int(text)


def refused(outcome: RefusedOutcome) -> Problem:
    """What is told of a refusal."""
    status, kind = {STALE: (412, "stale"), REUSED_ID: (422, "reused-id")}.get(
        outcome.rule, (409, "refused")
    )
    return Problem(
        status,
        kind,
        outcome.sentence,
        rule=outcome.rule,
        page=RULE_OF_ID[outcome.rule].page,
        refusal_number=outcome.number,
        repeated=outcome.repeated,
    )


def expect_media_type(request: Request, expected: str) -> None:
    """Raise `Problem` where the body says that it is something else."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != expected:
        raise Problem(415, "media-type", f"Send the body as {expected}.")
