"""Whether the server lives and is ready, and what it measures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from entrypoints.http.keys import Caller
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import described
from entrypoints.http.readiness import Readiness

router = APIRouter(tags=["health"])
TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}


@router.get(
    "/livez",
    summary="Whether the process lives",
    response_class=PlainTextResponse,
)
async def livez() -> Response:
    """Answers as long as it does."""
    return PlainTextResponse("ok\n")


@router.get(
    "/readyz",
    summary="Whether commands and questions can be sent",
    response_class=PlainTextResponse,
    responses={503: {"description": "Not now, in a sentence.", **TEXT}},
)
def readyz(request: Request) -> Response:
    """Store and tables answer, the disk has room, and tables are not a million events behind."""
    readiness: Readiness = request.app.state.readiness
    if why_not := readiness.why_not():
        return PlainTextResponse(f"{why_not}\n", 503)
    return PlainTextResponse("ok\n")


@router.get(
    "/metrics",
    summary="What the server measures",
    response_class=PlainTextResponse,
    responses=described(),
)
def metrics(request: Request, _: Annotated[Caller, Depends(AllowedTo("read metrics"))]) -> Response:
    """Requests by route and status, how long they take, commands by outcome, open connections."""
    content = generate_latest(request.app.state.metrics.registry)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
