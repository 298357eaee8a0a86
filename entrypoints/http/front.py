"""What every request passes first: whether so many may be connected at all."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.problems import answer, try_again

MOST_CONNECTIONS: Final = 4_000


class Front:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, most_connections: int = MOST_CONNECTIONS) -> None:
        self._app = app
        self._most_connections = most_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request; who comes when too many are there is told when to come again."""
        if len(scope["app"].state.connections) > self._most_connections:
            problem = try_again("Too many are connected: come again in a moment.")
            problem.headers["Connection"] = "close"
            await answer(problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
