"""The pages of the console, each with its routes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.routing import BaseRoute

from entrypoints.console import (
    access_page,
    call_page,
    entrance,
    find,
    keys_page,
    live_page,
    operations_page,
    papers_page,
    rebuild_page,
    report_page,
    rules_page,
    sign_in_page,
    static_files,
)
from entrypoints.console.frame import Page, visitor_of, words_of
from entrypoints.http.problems import Problem

elsewhere = APIRouter(include_in_schema=False, route_class=Page)


@elsewhere.get("/console/{rest:path}")
def tell_nothing_there(request: Request, rest: str) -> Response:  # noqa: ARG001 - it is the route's
    """What is told where there is no page, with the way to those that there are."""
    request.state.visitor = visitor_of(request)
    raise Problem(404, "no-such-page", words_of(request).say("There is no such page."))


def routes() -> list[BaseRoute]:
    """All routes; what no other takes is told to be nowhere."""
    rooms = (
        access_page,
        keys_page,
        static_files,
        entrance,
        sign_in_page,
        find,
        call_page,
        live_page,
        report_page,
        rules_page,
        operations_page,
        rebuild_page,
        papers_page,
    )
    return [*(route for room in rooms for route in room.router.routes), *elsewhere.routes]
