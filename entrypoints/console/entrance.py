"""Entering the console with a key, leaving it, and choosing a language and a time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import parse_qs
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from entrypoints.console.frame import (
    ENTRANCE,
    HOME,
    LANGUAGE,
    NAVIGATION,
    SESSION,
    Page,
    Shown,
    Visitor,
    page,
    sessions_of,
    visitor_of,
    words_of,
)
from entrypoints.console.words import Language
from entrypoints.http.keys import ApiKey, ApiRole
from entrypoints.http.service import service_of
from entrypoints.ui.period import zone

BEGIN: Final = "/console"
LONGEST_FORM_BYTES: Final = 8 * 1024
YEAR_SECONDS: Final = 365 * 24 * 3600

router = APIRouter(include_in_schema=False, route_class=Page)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form, each once."""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LONGEST_FORM_BYTES:
            return {}
    return {
        name: values[0] for name, values in parse_qs(content.decode("utf-8", "replace")).items()
    }


Form = Annotated[dict[str, str], Depends(form_of)]


def inside(address: str | None) -> str:
    """The address, if it is one of the console; otherwise its first page."""
    is_ours = address is not None and address.startswith("/console/") and address.isprintable()
    return address if address is not None and is_ours else BEGIN


@router.get("/")
@router.get("/console")
@router.get("/console/")
async def begin(request: Request) -> Response:
    """To the first page that the reader may see."""
    visitor = visitor_of(request)
    places = (page.address for page in NAVIGATION if visitor and visitor.may(page.permission))
    return RedirectResponse(next(places, HOME), 303)


@router.get(ENTRANCE)
def show_entrance(request: Request, to: str | None = None, left: bool = False) -> Response:
    """The box for a key, and the way to the company's sign-in."""
    if visitor_of(request) is not None:
        return RedirectResponse(inside(to), 303)
    return entrance(request, 200, inside(to), "", left)


def entrance(request: Request, status: int, to: str, refused: str, left: bool = False) -> Response:
    """The page on which a reader enters; `left` is whether one just left."""
    sign_in = service_of(request).sign_in
    leads_out = sign_in.address_to_leave() if sign_in is not None and left else ""
    return page(
        request,
        "enter.html",
        status,
        to=to,
        refused=refused,
        has_sign_in=sign_in is not None,
        leads_out=leads_out,
    )


@router.post(ENTRANCE)
def enter(request: Request, form: Form) -> Response:
    """Begin a session, and write down that it began."""
    service, words = service_of(request), words_of(request)
    key = service.keys.of(form.get("key", "").strip(), datetime.now(UTC))
    refused = ""
    if key is None:
        refused = words.say("This is no valid key: it may have expired or been revoked.")
    elif key.role is ApiRole.WRITER:
        refused = words.say("This key writes: the console is for analysts and auditors.")
    if key is None or refused:
        return entrance(request, 403, inside(form.get("to")), refused)
    service.log_reading(request, key, "enter the console")
    token = sessions_of(request).begin(
        key, key.note, key.expires_at, known_zone(form.get("time_zone")) or "UTC"
    )
    response = RedirectResponse(inside(form.get("to")), 303)
    keep(response, SESSION, token)
    return response


@router.post("/console/leave")
def leave(request: Request) -> Response:
    """End the session; who came by the company's sign-in is shown the way out of that, too."""
    session = sessions_of(request).end(request.cookies.get(SESSION))
    came_by_key = session is None or isinstance(session.caller, ApiKey)
    response = RedirectResponse(ENTRANCE if came_by_key else f"{ENTRANCE}?left=true", 303)
    keep(response, SESSION, "", 0)
    return response


@router.post("/console/language")
def choose_language(form: Form) -> Response:
    """Speak this language from now on."""
    response = RedirectResponse(back(form), 303)
    if form.get("language") in set(Language):
        keep(response, LANGUAGE, form["language"], YEAR_SECONDS)
    return response


@router.get("/console/time-zone")
def show_time_zones(
    request: Request,
    visitor: Annotated[Visitor, Depends(Shown("read the rules"))],  # noqa: ARG001 - who has entered may
    to: str | None = None,
) -> Response:
    """The time zones to choose from."""
    zones = sorted(available_timezones() - {"localtime"})
    return page(request, "time_zone.html", to=inside(to), zones=zones)


@router.post("/console/time-zone")
def choose_time_zone(request: Request, form: Form) -> Response:
    """Show times of this zone beside UTC for the rest of the session."""
    visitor: Visitor | None = visitor_of(request)
    chosen = zone(form.get("time_zone", "")).key
    if visitor is not None:
        visitor.session.time_zone = chosen
    return RedirectResponse(back(form), 303)


def back(form: dict[str, str]) -> str:
    """The page that the form stood on."""
    return inside(form.get("to"))


def known_zone(name: str | None) -> str | None:
    """The zone that a browser names, if there is one."""
    from typer import BadParameter

    try:
        return zone(name).key if name else None
    except BadParameter:
        return None


def keep(
    response: Response,
    name: str,
    value: str,
    seconds: int | None = None,
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    """A cookie of this host alone, for no script; and for no other site unless it is lax."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite=same_site
    )
