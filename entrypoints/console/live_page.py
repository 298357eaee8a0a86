"""Live: the board of open calls and the page of one call, moving as events become durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from domain.vocabulary import Phase
from entrypoints.console.call_page import CALL
from entrypoints.console.frame import Page, Shown, Visitor, environment, page
from entrypoints.console.live_board import MOST_CALLS, Asked, Board, Boards
from entrypoints.http.event_stream import LARGEST_POSITION, RETRY_MILLISECONDS, EventStream, Wanted
from entrypoints.http.event_tail import EventTail, Told
from entrypoints.http.service import Service, service_of
from infra.errors import LedgerError, LedgerMissing

LIVE: Final = "/console/live"
AT_MOST_EACH_SECONDS: Final = 1.0
"""How often a board or a call moves at most: nobody reads faster."""

LOOK_SECONDS: Final = 0.5
"""How often it is looked whether the tables show what is to be told."""

HAS_REFUSAL: Final = "select count(*) as count from refusals where refusal_number = $number"

OPEN_PHASES: Final = (
    *(Phase.QUEUED, Phase.CONNECTED, Phase.HELD, Phase.CONSULT_ASKED, Phase.CONSULTING),
    *(Phase.CONFERENCE, Phase.WRAP_UP_ASSIST),
)
LIST_CALLS: Final = Shown("list calls")
READ_EVENTS: Final = Shown("read a call's events")

router = APIRouter(include_in_schema=False, route_class=Page)
After = Annotated[int, Query(ge=0, le=LARGEST_POSITION)]
LastEventId = Annotated[int | None, Header(ge=0, le=LARGEST_POSITION)]


class News(NamedTuple):
    """What has happened of what a stream tells."""

    until: int
    """Up to this position there is nothing else."""
    position: int
    """Of the last event; 0 without one."""
    refusal_number: int
    """Of the last refusal; 0 without one."""


Moved = Callable[[News], Awaitable[tuple[int, bytes] | None]]
"""What is sent of news: up to which position it is, and the message; none where it is too early."""


async def asked_for(
    phase: Annotated[str, Query(max_length=500)] = "",
    queue: Annotated[str, Query(max_length=500)] = "",
    agent: Annotated[str, Query(max_length=500)] = "",
) -> Asked:
    """Which of the open calls are listed."""
    return Asked(phase, queue, agent)


AskedFor = Annotated[Asked, Depends(asked_for)]


@router.get(LIVE)
def show_board(
    request: Request, visitor: Annotated[Visitor, Depends(LIST_CALLS)], asked: AskedFor
) -> Response:
    """The open calls of now; with a script the page moves on by itself."""
    service_of(request).log_reading(request, visitor.key, LIST_CALLS.operation)
    board = board_of(request, asked, 0)
    return page(request, "live.html", **facts_of(board, asked))


@router.get(f"{LIVE}/stream")
async def stream_board(
    request: Request,
    visitor: Annotated[Visitor, Depends(LIST_CALLS)],
    asked: AskedFor,
    after: After = 0,
    last_event_id: LastEventId = None,
) -> Response:
    """The board again each time something has happened, once a second at most."""
    service = service_of(request)
    await asyncio.to_thread(service.log_reading, request, visitor.key, LIST_CALLS.operation)

    async def moved(news: News) -> tuple[int, bytes]:
        board = await asyncio.to_thread(board_of, request, asked, news.until)
        words = visitor.words
        shown = environment(words.language).get_template("live_board.html")
        content = shown.render(words=words, visitor=visitor, **facts_of(board, asked))
        return board.position, message("board", board.position, content)

    return await following(request, LIST_CALLS, visitor, moved, last_event_id or after)


@router.get(f"{CALL}/stream")
async def stream_call(
    request: Request,
    source: str,
    call_id: str,
    visitor: Annotated[Visitor, Depends(READ_EVENTS)],
    after: After = 0,
    refused: After = 0,
    last_event_id: LastEventId = None,
) -> Response:
    """A word each time something has happened in this call, so that its page asks for it.

    It comes once the tables show it, which in a company are some way behind the store. `refused` is
    the number of the last refusal that the page has.
    """
    service = service_of(request)
    await asyncio.to_thread(service.log_reading, request, visitor.key, READ_EVENTS.operation)

    async def moved(news: News) -> tuple[int, bytes] | None:
        if not await asyncio.to_thread(is_shown, service, news):
            return None
        return news.until, message("moved", news.until, str(news.until))

    wanted = Wanted(unquote(source), unquote(call_id), frozenset())
    return await following(
        request, READ_EVENTS, visitor, moved, last_event_id or after, wanted, refused
    )


async def following(
    request: Request,
    shown: Shown,
    visitor: Visitor,
    moved: Moved,
    after: int,
    wanted: Wanted | None = None,
    refused: int = 0,
) -> Response:
    """The stream of whatever `moved` makes of what comes after a position, or is refused."""
    service_of(request).check_has_store()
    tail = service_of(request).tail
    now = await tail.begin(visitor.key.id)
    begin = min(after or now, now)
    pieces = messages(tail, begin, refused, moved, wanted, partial(shown, request))
    return EventStream(tail, visitor.key.id, pieces, {"Ledger-Position": str(now)})


async def messages(
    tail: EventTail,
    position: int,
    refusal_number: int,
    moved: Moved,
    wanted: Wanted | None,
    still_allowed: Callable[[], Awaitable[object]],
) -> AsyncIterator[bytes]:
    """What is sent; it ends without a word where it cannot go on, and the page comes again."""
    clock = asyncio.get_running_loop().time
    said_at = asked_at = clock()
    yield b"retry: %d\n: at position %d\n\n" % (RETRY_MILLISECONDS, position)
    while True:
        try:
            events = await tail.after(position, tail.heartbeat_seconds, refusal_number)
            if clock() >= asked_at + tail.heartbeat_seconds:
                asked_at = clock()
                await still_allowed()
            news = news_in(events, tail, position, refusal_number, wanted)
            refusals_until = max(refusal_number, tail.refusal_number)
            if not (news.position or news.refusal_number):
                position, refusal_number = news.until, refusals_until
            elif (current := await moved(news)) is not None:
                (position, content), refusal_number, said_at = current, refusals_until, clock()
                yield content
                await asyncio.sleep(AT_MOST_EACH_SECONDS)
                continue
            else:
                await asyncio.sleep(LOOK_SECONDS)
        except LedgerError:
            return
        if clock() >= said_at + tail.heartbeat_seconds:
            said_at = clock()
            yield b": nothing else up to position %d\nid: %d\n\n" % (position, position)


def news_in(
    events: Sequence[Told], tail: EventTail, after: int, after_refusal: int, wanted: Wanted | None
) -> News:
    """What there is of what is wanted; a board, which wants all, shows no refusals."""
    positions = [event.position for event in events if wanted is None or wanted.has(event)]
    refused = [
        refusal.number
        for refusal in tail.refused_after(after_refusal)
        if wanted is not None
        and (refusal.source, refusal.call_id) == (wanted.source, wanted.call_id)
    ]
    until = events[-1].position if events else after
    return News(until, max(positions, default=0), max(refused, default=0))


def is_shown(service: Service, news: News) -> bool:
    """Whether the tables have come to it."""
    try:
        with service.reader() as reader:
            answer = reader.ask(HAS_REFUSAL, {"number": news.refusal_number})
    except LedgerMissing:
        return False
    (row,) = answer.table.to_pylist()
    return answer.position >= news.position and bool(row["count"] or not news.refusal_number)


def message(event: str, position: int, content: str) -> bytes:
    """An event of the stream, of however many lines."""
    lines = "".join(f"data: {line}\n" for line in content.splitlines() if line.strip())
    return f"id: {position}\nevent: {event}\n{lines}\n".encode()


def board_of(request: Request, asked: Asked, position: int) -> Board:
    """The board at a position or later, shared with whoever looks at the same one."""
    boards: Boards = request.app.state.boards
    return boards.at(position, asked, partial(service_of(request).reader, position))


def facts_of(board: Board, asked: Asked) -> dict[str, Any]:
    """What the page and each later board are made of."""
    given = asked.given()

    def address(**other: str) -> str:
        chosen = {name: value for name, value in {**given, **other}.items() if value}
        return f"{LIVE}?{urlencode(chosen)}" if chosen else LIVE

    follows = urlencode({**given, "after": board.position})
    return {
        "board": board,
        "asked": asked,
        "address": address,
        "phases": OPEN_PHASES,
        "now": datetime.now(UTC).replace(tzinfo=None),
        "most_calls": MOST_CALLS,
        "follows": f"{LIVE}/stream?{follows}",
    }
