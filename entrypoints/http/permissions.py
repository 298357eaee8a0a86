"""Which role may do what over HTTP. What does not stand here, nobody may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute

from entrypoints.http.keys import ApiKey, ApiRole
from entrypoints.http.problems import Problem
from entrypoints.http.service import service_of

PERMISSIONS: Final[dict[str, frozenset[ApiRole]]] = {
    "record commands": frozenset({ApiRole.WRITER}),
    "read a call's state": frozenset({ApiRole.WRITER, ApiRole.ANALYST, ApiRole.AUDITOR}),
    "list calls": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "read a call's events": frozenset({ApiRole.AUDITOR}),
    "read reports": frozenset({ApiRole.ANALYST, ApiRole.AUDITOR}),
    "read the rules": frozenset(ApiRole),
    "read who has read": frozenset({ApiRole.AUDITOR}),
}

SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key that `call-ledger keys create` has shown.",
}
"""How a key is sent, for the OpenAPI document."""


MARK: Final = "permission"
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


class AllowedTo:
    """What a route depends on: the key that was sent, if its role may do this."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.roles = PERMISSIONS[operation]

    async def __call__(self, request: Request) -> ApiKey:
        """The key. Raises `Problem` when there is none, or when it may not.

        A coroutine, though it waits for nothing: a function would be called on another thread.
        """
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        is_key = scheme.lower() == "bearer"
        key = service_of(request).keys.of(text.strip(), datetime.now(UTC)) if is_key else None
        if key is None:
            raise Problem(
                401,
                "no-valid-key",
                "Send a valid key as `Authorization: Bearer …`; `call-ledger keys create` makes "
                "one.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if key.role not in self.roles:
            may = " or ".join(sorted(self.roles))
            detail = f"Only {may} may {self.operation}: this key is of the role {key.role}."
            raise Problem(403, "not-allowed", detail)
        return key


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
