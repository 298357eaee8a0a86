"""Entering the console by the company's sign-in: there, and back with a code."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from entrypoints.console.arrivals import LONGEST, Arrivals
from entrypoints.console.entrance import entrance, inside, keep, known_zone
from entrypoints.console.frame import SESSION, Page, page, sessions_of, words_of
from entrypoints.http.problems import Problem
from entrypoints.http.service import service_of
from entrypoints.http.sign_in import RETURN_PATH, SignIn
from entrypoints.http.signed_tokens import TokenRefused
from infra.errors import LedgerUnavailable
from infra.visible import visible

SIGN_IN: Final = "/console/sign-in"
ON_THE_WAY: Final = "__Host-call-ledger-sign-in"
Text = Annotated[str, Query(max_length=4_000)]

router = APIRouter(include_in_schema=False, route_class=Page)


def arrivals_of(request: Request) -> Arrivals:
    """Who is on the way to the server that this request came to."""
    arrivals: Arrivals = request.app.state.arrivals
    return arrivals


def sign_in_of(request: Request) -> SignIn:
    """The company's sign-in. Raises `Problem` where there is none."""
    sign_in = service_of(request).sign_in
    if sign_in is None:
        said = words_of(request).say("This console is entered with keys: no sign-in is set.")
        raise Problem(404, "no-sign-in", said)
    return sign_in


@router.get(SIGN_IN)
def begin_to_sign_in(request: Request, to: Text = "", time_zone: Text = "") -> Response:
    """To the sign-in's own page, which sends people back to us."""
    sign_in = sign_in_of(request)
    token, arrival = arrivals_of(request).begin(inside(to), known_zone(time_zone) or "UTC")
    try:
        address = sign_in.address(arrival.state, arrival.nonce, arrival.verifier)
    except LedgerUnavailable:
        return unavailable(request, arrival.to)
    response = RedirectResponse(address, 303)
    # What is strict would stay back when the sign-in sends the browser to us.
    keep(response, ON_THE_WAY, token, int(LONGEST.total_seconds()), "lax")
    return response


@router.get(RETURN_PATH)
async def end_to_sign_in(
    request: Request, code: Text = "", state: Text = "", error: Text = ""
) -> Response:
    """Begin a session for whom the sign-in vouches, and write down that it began."""
    sign_in, words = sign_in_of(request), words_of(request)
    arrival = arrivals_of(request).take(request.cookies.get(ON_THE_WAY), state)
    if arrival is None:
        said = words.say("This sign-in was not begun here, or took too long: begin again.")
        return entrance(request, 403, inside(None), said)
    if error or not code:
        said = words.say("The sign-in did not let you in (%(why)s).", why=visible(error[:100]))
        return entrance(request, 403, arrival.to, said)
    try:
        token = await asyncio.to_thread(sign_in.identity_token, code, arrival.verifier)
        tokens = sign_in.identity_tokens
        person = await tokens.person(token, arrival.nonce, datetime.now(UTC))
    except LedgerUnavailable:
        return unavailable(request, arrival.to)
    except TokenRefused as refused:
        said = words.say(
            "What the sign-in says of you is not taken (%(why)s): ask whoever runs the ledger.",
            why=str(refused),
        )
        return entrance(request, 403, arrival.to, said)
    # The address has a code in it, which belongs into no log.
    await asyncio.to_thread(
        service_of(request).log_address, person.caller, "enter the console", RETURN_PATH
    )
    session = sessions_of(request).begin(
        person.caller, person.name, person.expires_at, arrival.time_zone
    )
    # The browser keeps the session's cookie back for as long as it follows another site's lead.
    response = page(request, "arrive.html", goes_to=arrival.to)
    keep(response, SESSION, session)
    keep(response, ON_THE_WAY, "", 0, "lax")
    return response


def unavailable(request: Request, to: str) -> Response:
    """The entrance, where a key lets in meanwhile."""
    said = words_of(request).say(
        "The sign-in does not answer: try again in a moment, or enter with a key."
    )
    return entrance(request, 503, to, said)
