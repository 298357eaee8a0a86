"""What goes wrong, as problem details (RFC 9457): one sentence with the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import typer
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from entrypoints.http.limits import BodyTooLarge, BodyTooSlow
from infra.errors import WRONG_USAGE, LedgerError, LedgerMissing

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2

TITLES: Final = {
    400: "Not understood",
    401: "No valid key",
    403: "Not allowed",
    404: "Not there",
    405: "No such operation",
    408: "Too slow",
    409: "Refused by a rule",
    412: "The call has gone on since",
    413: "Too large",
    415: "Another media type is wanted",
    421: "Another ledger has the call",
    422: "The command's id has asked for something else before",
    429: "Too many requests",
    500: "A mistake in call-ledger",
    503: "Not available now",
}
"""What a status means here."""


class Problem(LedgerError):  # noqa: N818 - RFC 9457 calls it so
    """A request that is not done, with what its client is told."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        """`kind` names it for programs; `extensions` are further members of the document."""
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.document = {
            "type": f"urn:call-ledger:{kind}",
            "title": TITLES[status],
            "status": status,
            "detail": detail,
            **extensions,
        }


def try_again(detail: str) -> Problem:
    """What may be there in a moment."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Problem(503, "not-available-now", detail, headers)


def answer(problem: Problem) -> Response:
    """The problem as the response."""
    content = orjson.dumps(problem.document, default=str)
    return Response(content, problem.status, problem.headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """What a client is told of an error; nothing of one that is a mistake of ours."""
    match error:
        case Problem():
            return error
        case BodyTooLarge() | BodyTooSlow():
            return Problem(error.status, error.kind, str(error), {"Connection": "close"})
        case RequestValidationError():
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
            return Problem(400, "malformed", f"{place}: {first['msg']}.")
        case HTTPException():
            status = error.status_code if error.status_code in TITLES else 400
            return Problem(status, "not-served", "Nothing is served so: see /openapi.json.")
        case typer.BadParameter():
            return Problem(400, "malformed", error.message)
        case LedgerMissing():
            return Problem(404, "no-ledger", "There is no ledger yet: record a call first.")
        case LedgerError() if error.exit_code == WRONG_USAGE:
            return Problem(400, "malformed", str(error))
        case LedgerError():
            return try_again(str(error))
    return Problem(500, "mistake", "This is a mistake in call-ledger itself; please report it.")


def answer_problems(app: FastAPI) -> None:
    """Let every error be answered so."""

    def handle(_: Request, error: Exception) -> Response:
        return answer(problem_of(error))

    for kind in (
        *(Problem, BodyTooLarge, BodyTooSlow, RequestValidationError, HTTPException),
        *(typer.BadParameter, LedgerError, Exception),
    ):
        app.add_exception_handler(kind, handle)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of an operation, for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in (400, 401, 403, 429, 503, *statuses)
    }


SCHEMA: Final = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence with the next step."},
        "rule": {"type": "string", "description": "The rule that refuses a command."},
        "page": {"type": "string", "description": "The page's own words for that rule."},
        "refusal_number": {"type": "integer", "description": "Under which the refusal is kept."},
        "ledger": {"type": "string", "description": "The ledger that the call belongs to."},
        "repeated": {"type": "boolean", "description": "Whether it was refused before."},
    },
}
