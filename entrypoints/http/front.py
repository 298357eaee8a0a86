"""What every request passes first: whether so many may be connected, and that it is measured."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.metrics import NO_ROUTE, HttpMetrics
from entrypoints.http.problems import answer, try_again

MOST_CONNECTIONS: Final = 4_000


class Front:
    """The outermost part of the application that is ours."""

    def __init__(self, app: ASGIApp, most_connections: int = MOST_CONNECTIONS) -> None:
        self._app = app
        self._most_connections = most_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request; who comes when too many are there is told when to come again."""
        began = perf_counter()
        state = scope["app"].state
        metrics: HttpMetrics = state.metrics

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", NO_ROUTE)
                metrics.on_answer(route, scope["method"], message["status"], perf_counter() - began)
            await send(message)

        if len(state.connections) > self._most_connections:
            problem = try_again("Too many are connected: come again in a moment.")
            problem.headers["Connection"] = "close"
            await answer(problem)(scope, receive, measured)
        else:
            await self._app(scope, receive, measured)
