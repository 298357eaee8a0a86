"""What all pages have: the frame around them, their headers, and who looks at them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from entrypoints.console.sessions import Session, Sessions
from entrypoints.console.static_files import address
from entrypoints.console.words import Language, Words, translations, words_for
from entrypoints.http.keys import ApiKey, Caller
from entrypoints.http.permissions import PERMISSIONS, AllowedTo
from entrypoints.http.problems import Problem, problem_of
from entrypoints.http.service import Service, service_of
from infra.logs import LOGGER, Happening
from infra.visible import visible

LOG: Final = logging.getLogger(LOGGER)
HOME: Final = "/console/find"
ENTRANCE: Final = "/console/enter"
SESSION: Final = "__Host-call-ledger"
LANGUAGE: Final = "__Host-call-ledger-language"
LONGEST_TOGETHER: Final = 24
"""Characters of a word that no line breaks."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No script, style or picture of anybody else's, no copy in a cache, no frame around it."""


class Place(NamedTuple):
    """A page that the navigation names."""

    title: str
    address: str
    permission: str


NAVIGATION: Final[list[Place]] = [
    Place("Find", HOME, "list calls"),
    Place("Reports", "/console/reports", "read reports"),
    Place("Live", "/console/live", "list calls"),
    Place("Rules", "/console/rules", "read the rules"),
    Place("Operations", "/console/operations", "see operations"),
    Place("Access log", "/console/access-log", "read who has read"),
    Place("Keys", "/console/keys", "manage keys"),
]
"""In the order in which they are shown; a title is a message."""


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page."""

    key: Caller
    """The key, or whom the company's sign-in vouches for."""
    session: Session
    words: Words

    def may(self, operation: str) -> bool:
        """Whether the role of the key has this permission."""
        return self.key.role in PERMISSIONS[operation]


class NotEntered(Problem):
    """There is no session: the way leads through the entrance."""


class Shown(AllowedTo):
    """What a page depends on: a session of a key whose role may do this."""

    async def __call__(self, request: Request) -> Visitor:  # type: ignore[override]
        """The visitor. Raises `NotEntered`, and `Problem` where the role may not."""
        found = visitor_of(request)
        if found is None:
            raise NotEntered(401, "not-entered", "Enter the console with a key.")
        request.state.visitor = found
        if found.key.role not in self.roles:
            said = found.words.say(
                "Your key is of the role %(role)s, which may not see this page.",
                role=found.words.term("role of a key", found.key.role),
            )
            raise Problem(403, "not-allowed", said)
        return found


def sessions_of(request: Request) -> Sessions:
    """The sessions of the server that this request came to."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def visitor_of(request: Request) -> Visitor | None:
    """Who has entered and still may: a session is worth no more than its key."""
    session = sessions_of(request).of(request.cookies.get(SESSION))
    if session is None:
        return None
    caller: Caller | None = session.caller
    if isinstance(caller, ApiKey):
        caller = service_of(request).keys.named(caller.id, datetime.now(UTC))
    if caller is None:
        return None
    return Visitor(caller, session, replace(words_of(request), time_zone=session.time_zone))


def words_of(request: Request) -> Words:
    """The words for whoever asks, entered or not."""
    accepted = request.headers.get("Accept-Language", "")
    return words_for(request.cookies.get(LANGUAGE), accepted)


@cache
def environment(language: Language) -> Environment:
    """The templates with the messages of a language; what is put into them is escaped."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    known = translations(language)
    templates.install_gettext_callables(  # type: ignore[attr-defined]
        known.gettext, known.ngettext, newstyle=True, pgettext=known.pgettext
    )
    templates.globals |= {"static": address, "languages": list(Language)}
    templates.filters["visible"] = visible
    templates.filters["together"] = together
    templates.filters["time"] = datetime.fromisoformat
    templates.filters["segment"] = lambda text: quote(text, safe="")
    return templates


def together(text: str) -> Markup:
    """Text whose short words no line breaks at their hyphens: an id is read as one."""
    words = (
        Markup('<span class="together">{}</span>').format(word)
        if "-" in word and len(word) <= LONGEST_TOGETHER
        else escape(word)
        for word in text.split(" ")
    )
    return Markup(" ").join(words)


def page(request: Request, template: str, status: int = 200, **facts: Any) -> Response:
    """A page in the reader's language."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    words = visitor.words if visitor else words_of(request)
    service: Service | None = request.app.state.service
    places = [page for page in NAVIGATION if visitor and visitor.may(page.permission)]
    content = (
        environment(words.language)
        .get_template(template)
        .render(
            words=words,
            visitor=visitor,
            places=places,
            path=request.url.path,
            here=address_of(request),
            has_store=service is None or service.has_store,
            **facts,
        )
    )
    return Response(content, status, media_type="text/html; charset=utf-8")


class Page(APIRoute):
    """A route of the console: what goes wrong on it is told on a page, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its headers, and with the origin of each change looked at."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                check_origin(request)
                response = await answer(request)
            except NotEntered:
                response = to_entrance(request)
            except Problem as problem:
                response = problem_page(request, problem)
            except Exception as error:
                response = problem_page(request, problem_of(error), is_ours=False)
                if response.status_code == 500:
                    LOG.error(Happening.FAILED, exc_info=error)
            response.headers.update(HEADERS)
            return response

        return handle


def check_origin(request: Request) -> None:
    """A change is asked for by our own pages alone. Raises `Problem`."""
    if request.method in {"GET", "HEAD"}:
        return
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if not origin or origin != request.headers.get("Host") or site != "same-origin":
        said = words_of(request).say("This was not asked for by a page of the console: open it.")
        raise Problem(403, "other-origin", said)


def to_entrance(request: Request) -> Response:
    """To the entrance, and from there back to what was asked for.

    Behind a link of another site the cookie stays back: what asks again is a page of ours.
    """
    if request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        return page(request, "arrive.html", goes_to=address_of(request))
    wanted = address_of(request) if request.method == "GET" else HOME
    return RedirectResponse(f"{ENTRANCE}?to={quote(wanted, safe='')}", 303)


def address_of(request: Request) -> str:
    """What was asked for, within this site."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def problem_page(request: Request, problem: Problem, is_ours: bool = True) -> Response:
    """What went wrong, with the next step; of what is not its own in English, too."""
    response = page(
        request,
        "problem.html",
        problem.status,
        detail=str(problem),
        problem=problem.status,
        is_ours=is_ours,
    )
    response.headers.update(problem.headers)
    return response
