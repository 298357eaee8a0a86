"""One command of one call over HTTP, from the request's bytes to the answer's.

`front.py` hands requests here before FastAPI sees them: a command is what most requests ask, and
routing, dependencies and what FastAPI opens for each request take longer than to decide it.
`commands.py` describes the operation, and answers the same where it is asked otherwise.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

import orjson
from starlette.datastructures import State
from starlette.responses import Response
from starlette.types import Receive, Scope

from domain.commands import Command
from domain.rules import RULE_OF_ID
from entrypoints.http.keys import Caller
from entrypoints.http.limits import body_of
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import Problem, answer
from ledger.answers import WRONG_LEDGER, answer_to
from ledger.intake import Defaults, Unreadable, complete_command, fields_of, read_request
from ledger.outcomes import Misdirected, RefusedOutcome, Request
from ledger.trace_context import HEADER, trace_parent_in, traced

JSON: Final = "application/json"
ROUTE: Final = "/v1/calls/{source}/{call_id}/commands"
PATH: Final = re.compile(r"/v1/calls/([^/]+)/([^/]+)/commands")
STALE: Final = "L2"
"""The rule that refuses a command that was asked for at another version of the call."""

REUSED_ID: Final = "L5"
MAY_RECORD: Final = AllowedTo("record commands")


async def answer_command(
    state: State, scope: Scope, receive: Receive, source: str, call_id: str
) -> Response:
    """What the rules decide of the command, on disk. Raises `Problem` and other `LedgerError`s."""
    # Of a header that is there twice the first counts, as everywhere.
    headers = {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}
    key = await MAY_RECORD.caller(state.service, headers.get(b"authorization", ""))
    expect_body(headers.get(b"content-type", ""), headers.get(b"content-encoding", ""), JSON)
    said = {"source": unquote(source), "call_id": unquote(call_id)}
    command_id = headers.get(b"idempotency-key")
    if command_id is not None:
        said["command_id"] = command_id
    body = await body_of(scope, receive)
    asked = asked_of(body, said, version_in(headers.get(b"if-match")))
    asked = traced(asked, trace_parent_in(headers.get(HEADER.encode())))
    refuse_others(key, asked.command)
    outcome = await state.service.ledger.handle(asked.command, asked.observed)
    state.metrics.on_outcome(outcome)
    if isinstance(outcome, RefusedOutcome):
        return answer(refused(outcome))
    if isinstance(outcome, Misdirected):
        return answer(of_another_ledger(outcome))
    repeated = {"repeated": True} if outcome.repeated else {}
    return Response(
        answer_to(asked.command, outcome, **repeated),
        200 if outcome.repeated else 201,
        {"ETag": f'"{outcome.version}"', "Ledger-Position": str(outcome.position)},
        JSON,
    )


def asked_of(body: bytes, said: dict[str, str], version: int | None) -> Request:
    """The command of a body, with what path and headers say of it. Raises `Problem`."""
    if version is None and body.endswith(b"}"):
        # An object goes on where it ended; what is no object before is none afterwards.
        command = complete_command(body[:-1] + b"," + orjson.dumps(said)[1:])
        if command is not None:
            return Request(command)
    try:
        fields = fields_of(body)
        for name, value in said.items():
            given = fields.setdefault(name, value)
            if given != value and not (name == "command_id" and is_one_id(given, value)):
                raise Unreadable(f"{name} is another one in the body than in path or header.")
        if version is not None and fields.setdefault("expected_version", version) != version:
            raise Unreadable("expected_version is another one in the body than in If-Match.")
        return read_request(orjson.dumps(fields), filled_in())
    except Unreadable as error:
        raise Problem(400, "malformed", str(error)) from None


def is_one_id(one: object, other: str) -> bool:
    """Whether the two are one id, however each is written."""
    try:
        return UUID(str(one)) == UUID(other)
    except ValueError:
        return False


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


def of_another_ledger(outcome: Misdirected) -> Problem:
    """What is told of another ledger's call: nothing here can answer for it."""
    home: dict[str, Any] = {} if outcome.ledger is None else {"ledger": outcome.ledger}
    return Problem(421, WRONG_LEDGER, outcome.sentence, **home)


def expect_body(content_type: str, content_encoding: str, expected: str) -> None:
    """Raise `Problem` where the body says that it is something else, or that it is compressed."""
    given = content_type.partition(";")[0].strip().lower()
    if given != expected:
        raise Problem(415, "media-type", f"Send the body as {expected}.")
    if content_encoding.strip().lower() not in ("", "identity"):
        raise Problem(415, "media-type", "Send the body as it is, without a Content-Encoding.")
