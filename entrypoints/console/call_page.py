"""A call: its lanes, and below them what happened in the same order, with what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from entrypoints.console.call_entries import CallEntry, entries_of
from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.console.lanes_picture import drawing, folded, legend, table_of
from entrypoints.console.search import NotUnderstood, Search, search_of
from entrypoints.console.words import Words
from entrypoints.http.problems import Problem
from entrypoints.http.service import Service, service_of
from entrypoints.one_call import CallNotFoundError, OneCall, calls_of, read_call, row_of
from entrypoints.timeline.drawn import drawn_until
from entrypoints.timeline.lanes import Timeline, lanes
from entrypoints.ui.moment import AskedMoment
from ledger.feed import StoreFeed
from projections.reports.report import where
from projections.serving.read_side import ReadSide

CALL: Final = "/console/calls/{source}/{call_id}"
PAGE_ENTRIES: Final = 200
MOST_LANE_ROWS: Final = 500

NEIGHBOURS: Final = """
(
  select source, call_id, true as is_newer from calls {newer} order by call_position limit 1
) union all (
  select source, call_id, false as is_newer from calls {older} order by call_position desc limit 1
)
"""
EVENT_COUNT: Final = """
select count(*) as count, max(position) filter (version = $version) as position
from events where call_position = $call_position and position >= $call_position
"""
REFUSED: Final = """
select * from refusals where source = $source and call_id = $call_id order by refusal_number
"""

router = APIRouter(include_in_schema=False, route_class=Page)


@dataclass(frozen=True)
class Neighbour:
    """The call before or after in the same search."""

    source: str
    call_id: str


@router.get(CALL)
def show_call(
    request: Request,
    source: str,
    call_id: str,
    visitor: Annotated[Visitor, Depends(Shown("read a call's state"))],
    q: str = "",
    known_at: str | None = None,
    event: Annotated[int | None, Query(ge=1)] = None,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """One call, as it is known now, or was known at a position or after one of its events."""
    source, call_id = unquote(source), unquote(call_id)
    service, words = service_of(request), visitor.words
    sees_events = visitor.may("read a call's events")
    operation = "read a call's events" if sees_events else "read a call's state"
    service.log_reading(request, visitor.key, operation)
    with service.reader(None if known_at else 0) as reader:
        call_position = max((place for _, place in calls_of(reader, call_id, source)), default=0)
        head = reader.ask(EVENT_COUNT, {"call_position": call_position, "version": event or 0})
        (events,) = head.table.to_pylist()
        if event is not None and event < events["count"]:
            known_at = str(events["position"])
        call = known_call(reader, service, visitor, source, call_id, known_at)
        row = row_of(reader, call)
        about = {"source": source, "call_id": call_id}
        refused = reader.ask(REFUSED, about, as_of=call.as_of) if sees_events else None
        newer, older = neighbours(reader, searched(q, words.time_zone), call.call_position)
    entries: list[CallEntry] = []
    drawn: dict[str, Any] = {"timeline": None}
    refusals = refused.table.to_pylist() if refused is not None else []
    if sees_events:
        timeline = lanes(call.events, drawn_until(call.as_told, call.moment))
        shown = slice(after, after + PAGE_ENTRIES)
        entries = entries_of(words, timeline.entries, call.events, refusals, shown)
        drawn = drawn_of(timeline, words)
    return page(
        request,
        "call.html",
        call=call,
        row=row,
        q=q,
        call_id=call_id,
        known_at=known_at,
        known_position=call.as_of.position if call.as_of else call.position,
        event_count=events["count"],
        newer=newer,
        older=older,
        sees_events=sees_events,
        rule_sets=sorted({(event["rule_set"], event["rule_set_hash"]) for event in call.events}),
        **drawn,
        entries=entries,
        last_refusal=max((refusal["refusal_number"] for refusal in refusals), default=0),
        entry_count=len(call.events) + len(refusals),
        after=after,
        page_entries=PAGE_ENTRIES,
    )


@router.get(f"{CALL}/documents/{{version}}")
def show_document(
    request: Request,
    source: str,
    call_id: str,
    version: int,
    visitor: Annotated[Visitor, Depends(Shown("read a call's events"))],
) -> Response:
    """One event as it was recorded: the very document."""
    source, call_id = unquote(source), unquote(call_id)
    service = service_of(request)
    service.check_has_store()
    service.log_reading(request, visitor.key, "read a call's events")
    with StoreFeed(service.folder) as feed:
        documents = feed.documents_of(source, call_id)
    if not 0 < version <= len(documents):
        raise Problem(404, "no-such-event", visitor.words.say("This call has no such event."))
    text = orjson.dumps(orjson.loads(documents[version - 1]), option=orjson.OPT_INDENT_2).decode()
    return page(
        request, "document.html", source=source, call_id=call_id, version=version, text=text
    )


def drawn_of(timeline: Timeline, words: Words) -> dict[str, Any]:
    """The lanes as a picture and as a table."""
    rows = list(table_of(timeline))
    return {
        "timeline": timeline,
        "drawn": drawing(timeline, words),
        "folded": folded(timeline, words),
        "legend": legend(timeline, words),
        "lane_rows": rows[:MOST_LANE_ROWS],
        "lanes_left_out": max(0, len(rows) - MOST_LANE_ROWS),
    }


def known_call(
    reader: ReadSide,
    service: Service,
    visitor: Visitor,
    source: str,
    call_id: str,
    known_at: str | None,
) -> OneCall:
    """The call as of the position or the time. Raises `Problem` where there is none."""
    asked = AskedMoment(known_at or None, time_zone=visitor.words.time_zone)
    try:
        return read_call(reader, service.folder, call_id, source, asked)
    except CallNotFoundError:
        said = visitor.words.say("No call of this source had this id then: look for it on Find.")
        raise Problem(404, "no-such-call", said) from None


def searched(line: str, time_zone: str) -> Search:
    """The search that led here; all calls where it means nothing."""
    try:
        return search_of(line, time_zone)
    except NotUnderstood:
        return Search(())


def neighbours(
    reader: ReadSide, search: Search, here: int
) -> tuple[Neighbour | None, Neighbour | None]:
    """The next newer and the next older call of the same search."""
    try:
        conditions, parameters = search.conditions()
    except NotUnderstood:
        conditions, parameters = [], {}
    sql = NEIGHBOURS.format(
        newer=where(["call_position > $here", *conditions]),
        older=where(["call_position < $here", *conditions]),
    )
    found = {
        row["is_newer"]: Neighbour(row["source"], row["call_id"])
        for row in reader.ask(sql, parameters | {"here": here}).table.to_pylist()
    }
    return found.get(True), found.get(False)
