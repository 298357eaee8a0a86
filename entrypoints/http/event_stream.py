"""Events as they become durable, as server-sent events that are resumed at a position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from domain.events import EVENT_CLASS_OF_TYPE
from entrypoints.http.asked import LARGEST_NUMBER
from entrypoints.http.event_tail import EventTail, Told
from entrypoints.http.keys import Caller
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import Problem, described
from entrypoints.http.service import service_of
from infra.errors import LedgerError

MEDIA_TYPE: Final = "text/event-stream"
RETRY_MILLISECONDS: Final = 2_000
"""How long a client waits before it comes again, unless it knows better."""

SENT: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The event's position."},
        "event": {"type": "string", "description": "Its type."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "The document as it was recorded: docs/reference/schemas/ has one for "
            "each type.",
        },
    },
}
"""What one event of the stream is."""

LARGEST_POSITION: Final = LARGEST_NUMBER
FOLLOW: Final = AllowedTo("follow events")

router = APIRouter(tags=["events"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a stream has."""

    source: str | None
    call_id: str | None
    types: frozenset[str]

    def has(self, told: Told) -> bool:
        """Whether it has this one."""
        return (
            (self.source is None or told.source == self.source)
            and (self.call_id is None or told.call_id == self.call_id)
            and (not self.types or told.type in self.types)
        )


@router.get(
    "/v1/events/stream",
    summary="Events as they become durable",
    response_class=StreamingResponse,
    responses=described() | {200: {"content": {MEDIA_TYPE: {"schema": SENT}}}},
)
async def stream_events(
    request: Request,
    key: Annotated[Caller, Depends(FOLLOW)],
    after: Annotated[
        int | None,
        Query(ge=0, le=LARGEST_POSITION, description="Events after this position; else from now."),
    ] = None,
    source: Annotated[str | None, Query(description="Only events of this source.")] = None,
    call_id: Annotated[str | None, Query(description="Only events of the call of this id.")] = None,
    types: Annotated[
        list[str] | None,
        Query(alias="type", description="Only events of this type; give several."),
    ] = None,
    until_end: Annotated[
        bool, Query(description="End when there is nothing new, instead of waiting.")
    ] = False,
    last_event_id: Annotated[
        int | None,
        Header(
            ge=0,
            le=LARGEST_POSITION,
            description="The last `id` that has come: resume after it, whatever `after` says.",
        ),
    ] = None,
) -> StreamingResponse:
    """Each event as it is recorded: `id` is its position, `event` its type, `data` the document.

    A comment comes every 15 seconds, with the position up to which there was nothing to tell. A
    stream ends when its key does, when its client reads too slowly, or when the process ends:
    resume it with `Last-Event-ID`, and no event is missing or told twice.
    """
    wanted = Wanted(source, call_id, frozenset(types or ()))
    if unknown := sorted(wanted.types - EVENT_CLASS_OF_TYPE.keys()):
        sentence = f"{unknown[0]!r} is no type of event: see docs/reference/events.md."
        raise Problem(400, "malformed", sentence)
    service = service_of(request)
    service.check_has_store()
    begin = after if last_event_id is None else last_event_id
    question = "" if last_event_id is None else f"Last-Event-ID: {last_event_id}"
    await asyncio.to_thread(service.log_reading, request, key, FOLLOW.operation, question)
    now = await service.tail.begin(key.id)
    if begin is not None and begin > now:
        service.tail.end(key.id)
        raise Problem(
            400, "malformed", f"The ledger is at position {now:,}, and {begin:,} is still to come."
        )
    pieces = messages(
        service.tail,
        wanted,
        now if begin is None else begin,
        now if until_end else LARGEST_POSITION,
        partial(FOLLOW, request),
    )
    return EventStream(service.tail, key.id, pieces, {"Ledger-Position": str(now)})


class EventStream(StreamingResponse):
    """The response, which gives its place back however it ends."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        tail: EventTail,
        caller_id: str,
        pieces: AsyncIterator[bytes],
        headers: dict[str, str],
    ) -> None:
        # Proxies are asked to hand each event on at once, and nobody to keep it.
        super().__init__(
            pieces, headers={**headers, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        self._tail, self._caller_id = tail, caller_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._tail.end(self._caller_id)


async def messages(
    tail: EventTail,
    wanted: Wanted,
    position: int,
    last: int,
    still_allowed: Callable[[], Awaitable[object]],
) -> AsyncIterator[bytes]:
    """What is sent, from after a position up to the last.

    It ends without a word where it cannot go on: the client comes again, and is told why then.
    """
    clock = asyncio.get_running_loop().time
    said_at = asked_at = clock()
    yield b"retry: %d\n\n" % RETRY_MILLISECONDS
    while position < last:
        try:
            events = await tail.after(position, tail.heartbeat_seconds)
            if clock() >= asked_at + tail.heartbeat_seconds:
                asked_at = clock()
                await still_allowed()
        except LedgerError:
            return
        position = events[-1].position if events else position
        if told := b"".join(one.message for one in events if wanted.has(one)):
            said_at = clock()
            yield told
        elif position >= last or clock() >= said_at + tail.heartbeat_seconds:
            said_at = clock()
            # The id alone is no event, but what a client resumes at.
            yield b": nothing else up to position %d\nid: %d\n\n" % (position, position)
