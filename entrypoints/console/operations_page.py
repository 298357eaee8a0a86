"""Operations: how far store, tables and Kafka are, and what could not be read."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from entrypoints.cli.status import COUNTS, TablesBefore, lag_of_stages, tables_before
from entrypoints.console.entrance import Form
from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.dead_letter_retry import retry_dead_letter
from entrypoints.http.ledgers import rows_of_all
from entrypoints.http.problems import Problem
from entrypoints.http.quarantine import dead_letters_after, unread_after
from entrypoints.http.quarantine_resolving import WAITS, who_is
from entrypoints.http.service import Service, service_of
from entrypoints.workers.lag import dead_letter_counts
from ledger.intake import Unreadable
from ledger.outcomes import Recorded
from ledger.quarantine import NothingWaits, reading_quarantine
from projections.feeds import NothingToFollow, feed_of

OPERATIONS: Final = "/console/operations"
QUARANTINE: Final = f"{OPERATIONS}/quarantine"
PAGE_ENTRIES: Final = 50
SEE: Final = Shown("see operations")
READ_QUARANTINE: Final = Shown("read the quarantine")
RESOLVE: Final = Shown("resolve the quarantine")
LONGEST_WHY: Final = 1_000

router = APIRouter(include_in_schema=False, route_class=Page)
Resolver = Annotated[Visitor, Depends(RESOLVE)]


@router.get(OPERATIONS)
def show_operations(request: Request, visitor: Annotated[Visitor, Depends(SEE)]) -> Response:
    """Positions, lag and counts; nobody is named."""
    service = service_of(request)
    service.log_reading(request, visitor.key, SEE.operation)
    feed = feed_of(service.folder) if service.has_store else NothingToFollow()
    try:
        head, store_bytes = feed.head(), feed.size_bytes()
        follows_store = not isinstance(feed, NothingToFollow)
    finally:
        feed.close()
    shards = service.tables.shards()
    before = (
        TablesBefore(service.tables.position(), "") if shards else tables_before(service.folder)
    )
    with service.reader() as reader:
        (counts,) = reader.ask(COUNTS).table.to_pylist()
        apart = dead_letter_counts(reader)
        position = reader.ask("select 1").position
    return page(
        request,
        "operations.html",
        head=head,
        store_bytes=store_bytes,
        follows_store=follows_store,
        before=before,
        lag_events=max(0, head.position - before.position),
        position=position,
        counts={**counts, **apart, "in_quarantine": waiting_in(service)},
        shards=shards,
        has_several=bool(service.several),
        tables_bytes=service.tables.size_bytes(),
        has_kafka=has_kafka(service),
        finds=visitor.may("list calls") and visitor.may("read reports"),
        sees_quarantine=visitor.may(READ_QUARANTINE.operation),
        rebuilds=visitor.may("rebuild the tables") and service.records and not shards,
    )


def waiting_in(service: Service) -> int:
    """How many entries nobody has resolved; none where there is no event store to have them."""
    if not service.has_store:
        return 0
    with reading_quarantine(service.folder) as quarantine:
        return quarantine.waiting()


@router.get(f"{OPERATIONS}/kafka")
def show_kafka(request: Request, visitor: Annotated[Visitor, Depends(SEE)]) -> Response:
    """How far each stage is behind the one before it, as Kafka says now."""
    service, words = service_of(request), visitor.words
    service.log_reading(request, visitor.key, SEE.operation)
    if not has_kafka(service) or service.settings is None:
        raise Problem(404, "no-kafka", words.say("This ledger is served without a Kafka."))
    with service.reader() as reader:
        figures = lag_of_stages(service.settings, service.folder, reader, has_store=True)
    problems = figures.pop("kafka_problems")
    return page(request, "kafka.html", figures=figures, problems=problems)


@router.get(f"{OPERATIONS}/ledgers")
def show_ledgers(request: Request, visitor: Annotated[Visitor, Depends(SEE)]) -> Response:
    """Every ledger of the company, and how far each is."""
    service = service_of(request)
    service.log_reading(request, visitor.key, SEE.operation)
    return page(request, "ledgers.html", ledgers=rows_of_all(service), own=service.folder.name)


def has_kafka(service: Service) -> bool:
    """Whether its tables can be held against Kafka; a shard's own process does so for itself."""
    names_one = service.settings is not None and service.settings.kafka is not None
    return names_one and not service.tables.shards()


@router.get(QUARANTINE)
def show_quarantine(
    request: Request,
    visitor: Annotated[Visitor, Depends(READ_QUARANTINE)],
    after: Annotated[int, Query(ge=0)] = 0,
    after_letter: Annotated[int, Query(ge=0)] = 0,
    resolved: bool = False,
    said: str = "",
) -> Response:
    """What could not be recorded, and events that the tables cannot take."""
    service = service_of(request)
    service.log_reading(request, visitor.key, READ_QUARANTINE.operation)
    unread: list[dict[str, Any]] = []
    if service.has_store:
        unread = unread_after(service.folder, after, PAGE_ENTRIES + 1, resolved)
    with service.reader() as reader:
        letters, position = dead_letters_after(reader, after_letter, resolved)
    pages: dict[str, Any] = {"resolved": "true"} if resolved else {}
    if len(unread) > PAGE_ENTRIES:
        pages["after"] = unread[PAGE_ENTRIES - 1]["number"]
    if len(letters) > PAGE_ENTRIES:
        pages["after_letter"] = letters[PAGE_ENTRIES - 1]["number"].rpartition("-")[2]
    has_more = pages.keys() & {"after", "after_letter"}
    return page(
        request,
        "quarantine.html",
        unread=unread[:PAGE_ENTRIES],
        letters=letters[:PAGE_ENTRIES],
        position=position,
        resolved=resolved,
        resolves=visitor.may(RESOLVE.operation) and service.records,
        said=said,
        more=urlencode(pages) if has_more else "",
    )


@router.post(f"{QUARANTINE}/{{number}}/retry")
def retry_entry(request: Request, number: int, visitor: Resolver) -> Response:
    """Try to read an entry again, and record it; who did so is kept with it, and in the log."""
    service = service_of(request)
    service.log_reading(request, visitor.key, RESOLVE.operation, "retry")
    try:
        outcome = service.ledger.quarantine.retry(number, visitor_named(visitor))
    except Unreadable:
        return resolved_as("unreadable")
    except NothingWaits:
        raise nothing_waits(visitor) from None
    return resolved_as("recorded" if isinstance(outcome, Recorded) else "refused")


@router.post(f"{QUARANTINE}/dead-letters/{{number}}/retry")
def retry_letter(request: Request, number: int, visitor: Resolver) -> Response:
    """Try to read an event into the tables again; whoever has them does it."""
    service = service_of(request)
    service.log_reading(request, visitor.key, RESOLVE.operation, "retry")
    service.check_records()
    refuse_of_shards(service, visitor)
    with service.reader() as reader:
        known = reader.ask(WAITS, {"number": number}).table.num_rows
    if not known:
        raise nothing_waits(visitor)
    reason = retry_dead_letter(service.folder, number)
    return resolved_as("missing" if reason else "read")


def refuse_of_shards(service: Service, visitor: Visitor) -> None:
    """Raise `Problem` where the tables are those of shards, which nobody changes from here."""
    if service.tables.shards():
        said = visitor.words.say(
            "These tables are those of several shards: each process does this at its start."
        )
        raise Problem(409, "of-shards", said)


@router.post(f"{QUARANTINE}/{{number}}/discard")
def discard_entry(request: Request, number: int, visitor: Resolver, form: Form) -> Response:
    """Give an entry up; who did so and why is kept with it, and its bytes are, too."""
    service, words = service_of(request), visitor.words
    why = form.get("why", "").strip()
    if not why or len(why) > LONGEST_WHY:
        said = words.say("Say why in at most %(number)s characters.", number=LONGEST_WHY)
        raise Problem(400, "malformed", said)
    service.log_reading(request, visitor.key, RESOLVE.operation, f"discard: {why}")
    try:
        service.ledger.quarantine.discard(number, visitor_named(visitor), why)
    except NothingWaits:
        raise nothing_waits(visitor) from None
    return resolved_as("discarded")


def resolved_as(said: str) -> Response:
    """Back to the list, which says what came of it."""
    return RedirectResponse(f"{QUARANTINE}?resolved=true&said={said}", 303)


def nothing_waits(visitor: Visitor) -> Problem:
    """Somebody else was there first, or nobody ever."""
    return Problem(404, "no-such-entry", visitor.words.say("Nothing of this number waits."))


def visitor_named(visitor: Visitor) -> str:
    """As whom a visitor is kept beside what they did."""
    return f"{visitor.session.name} ({who_is(visitor.key)})"
