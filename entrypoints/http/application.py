"""The HTTP interface as one application: its routes, bounds and OpenAPI document."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from fastapi.routing import APIRoute

from entrypoints.console import rooms
from entrypoints.console.arrivals import Arrivals
from entrypoints.console.live_board import Boards
from entrypoints.console.rebuild_page import Rebuilder
from entrypoints.console.sessions import Sessions
from entrypoints.http import (
    calls,
    commands,
    event_stream,
    exports,
    health,
    ledgers,
    quarantine,
    quarantine_resolving,
    refusals,
    reports,
    sql,
    webhooks,
)
from entrypoints.http.front import Front
from entrypoints.http.limits import BoundedBody
from entrypoints.http.metrics import HttpMetrics
from entrypoints.http.permissions import SCHEME, AllowedTo, permission_of
from entrypoints.http.problems import SCHEMA, answer_problems
from entrypoints.http.readiness import Readiness
from entrypoints.http.service import Service

KEY: Final = "key"
ROUTES: Final = (
    *commands.router.routes,
    *calls.router.routes,
    *event_stream.router.routes,
    *exports.router.routes,
    *quarantine.router.routes,
    *quarantine_resolving.router.routes,
    *refusals.router.routes,
    *reports.router.routes,
    *ledgers.router.routes,
    *health.router.routes,
    *sql.router.routes,
    *webhooks.router.routes,
)


def application(service: Service | None = None) -> Front:
    """The application over a service; without one it can only be described."""
    app = Front(
        title="Call Ledger",
        version=version("call-ledger"),
        summary="Who may, who did, who left, and why: commands in, outcomes and figures out.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.sessions = Sessions()
    app.state.arrivals = Arrivals()
    app.state.boards = Boards()
    app.state.rebuilder = Rebuilder()
    app.state.connections = frozenset()
    app.state.metrics = HttpMetrics(lambda: app.state.connections)
    if service is not None:
        app.state.readiness = Readiness(service)
        app.state.metrics.registry.register(app.state.readiness.looked_up)
    # As routes of its own: through `include_router` each request takes 40 µs longer.
    app.router.routes.extend((*ROUTES, *rooms.routes()))
    answer_problems(app)
    app.add_middleware(BoundedBody)

    openapi = app.openapi

    def described() -> dict[str, Any]:
        """The OpenAPI document, with problems in their one shape, and who may do what."""
        document = openapi()
        document["components"] = {"schemas": {"Problem": SCHEMA}, "securitySchemes": {KEY: SCHEME}}
        for route in ROUTES:
            if isinstance(route, APIRoute):
                for method in route.methods or ():
                    operation = document["paths"][route.path][method.lower()]
                    describe(operation, permission_of(route))
        return document

    app.openapi = described  # type: ignore[method-assign]
    return app


def describe(operation: dict[str, Any], permission: AllowedTo | None) -> None:
    """Say who may, and leave out an answer that is not given: what is malformed gets 400."""
    if permission is not None:
        operation["x-permission"] = permission.operation
        operation["x-roles"] = sorted(permission.roles)
        operation["security"] = [{KEY: []}]
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]
