"""Which role may do what over HTTP. What does not stand here, nobody may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import ceil
from typing import Final, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from entrypoints.http.keys import ApiRole, Caller
from entrypoints.http.problems import Problem
from entrypoints.http.service import Service, service_of
from entrypoints.http.signed_tokens import TokenRefused

PERMISSIONS: Final[dict[str, frozenset[ApiRole]]] = {
    "record commands": frozenset({ApiRole.WRITER}),
    "read a call's state": frozenset({ApiRole.WRITER, ApiRole.ANALYST, ApiRole.AUDITOR}),
    "list calls": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "read a call's events": frozenset({ApiRole.AUDITOR}),
    "follow events": frozenset({ApiRole.AUDITOR}),
    "read refusals": frozenset({ApiRole.AUDITOR}),
    "read the quarantine": frozenset({ApiRole.AUDITOR, ApiRole.ADMIN}),
    "resolve the quarantine": frozenset({ApiRole.ADMIN}),
    "see operations": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR, ApiRole.ADMIN}),
    "rebuild the tables": frozenset({ApiRole.ADMIN}),
    "read reports": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "save reports": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "export rows": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "ask in SQL": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "read the rules": frozenset(ApiRole),
    "read who has read": frozenset({ApiRole.AUDITOR}),
    "manage keys": frozenset({ApiRole.ADMIN}),
    "read metrics": frozenset({ApiRole.ADMIN}),
}

SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key that `call-ledger keys create` has shown, or an access token (RFC 9068) "
    "of the company's sign-in, where `call-ledger serve` is told of one.",
}
"""How a key or a token is sent, for the OpenAPI document."""

NO_KEY: Final = (
    "Send a valid key as `Authorization: Bearer …`; `call-ledger keys create` makes one."
)
INVALID: Final = 'Bearer error="invalid_token"'

MARK: Final = "permission"
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


class AllowedTo:
    """What a route depends on: whoever asks, if the role may do this."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.roles = PERMISSIONS[operation]

    async def __call__(self, request: Request) -> Caller:
        """Who asks. Raises `Problem` when nobody knows, when the role may not, or what is asked.

        A coroutine, because a function would be called on another thread.
        """
        authorization = request.headers.get("Authorization", "")
        caller = await self.caller(service_of(request), authorization)
        refuse_unknown_parameters(request)
        return caller

    async def caller(self, service: Service, authorization: str) -> Caller:
        """The same, by what the header says."""
        caller = await known(service, authorization)
        refuse_too_often(service, caller)
        if caller.role not in self.roles:
            may = " or ".join(sorted(self.roles))
            detail = f"Only {may} may {self.operation}: you ask as {caller.role}."
            raise Problem(403, "not-allowed", detail)
        return caller


def refuse_unknown_parameters(request: Request) -> None:
    """Raise `Problem` for a parameter that the route does not have: passed over, a misspelt
    filter would get the figures of everything.
    """
    if not request.query_params:
        return
    known = set(parameters_of(request.scope["route"].dependant))
    unknown = sorted(request.query_params.keys() - known)
    if unknown:
        there_are = f"there are {', '.join(sorted(known))}" if known else "there are none"
        raise Problem(400, "malformed", f"{unknown[0]!r} is no parameter here: {there_are}.")


def parameters_of(dependant: Dependant) -> Iterator[str]:
    """The names of a route's parameters after the question mark, by which they are sent."""
    yield from (one.alias for one in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from parameters_of(dependency)


def refuse_too_often(service: Service, caller: Caller) -> None:
    """Raise `Problem` for whoever asks more often than a key may."""
    wait_seconds = service.rates.wait_seconds(caller.id)
    if wait_seconds > 0:
        headers = {"Retry-After": str(ceil(wait_seconds))}
        detail = "You ask more often than you may: wait, and ask again."
        raise Problem(429, "too-often", detail, headers)


async def known(service: Service, authorization: str) -> Caller:
    """Who asks, by a key or by an access token. Raises `Problem`."""
    scheme, _, text = authorization.partition(" ")
    now, text = datetime.now(UTC), text.strip()
    if scheme.lower() == "bearer":
        if (key := service.keys.of(text, now)) is not None:
            return key
        if service.tokens is not None and "." in text:
            try:
                return await service.tokens.caller(text, now)
            except TokenRefused as refused:
                raise unknown(f"The access token is not taken: {refused}.", INVALID) from None
    raise unknown(NO_KEY, "Bearer")


def unknown(detail: str, challenge: str) -> Problem:
    """What is told somebody who is not known."""
    return Problem(401, "no-valid-key", detail, {"WWW-Authenticate": challenge})


def permitted(permission: AllowedTo) -> Callable[[Endpoint], Endpoint]:
    """Marks a route that asks for its permission itself, instead of depending on it."""

    def marked(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, MARK, permission)
        return endpoint

    return marked


def permission_of(route: APIRoute) -> AllowedTo | None:
    """What a route asks for; none where everybody may."""
    asked = [
        getattr(route.endpoint, MARK, None),
        *(one.call for one in route.dependant.dependencies),
    ]
    return next((one for one in asked if isinstance(one, AllowedTo)), None)
