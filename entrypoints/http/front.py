"""What every request passes first: may so many be connected, is it a command; all is measured."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.metrics import NO_ROUTE, HttpMetrics
from entrypoints.http.one_command import PATH, ROUTE, answer_command
from entrypoints.http.problems import answer, problem_of, try_again

MOST_CONNECTIONS: Final = 4_000


class Front(FastAPI):
    """FastAPI with our door before its own, which opens much for each request."""

    most_connections = MOST_CONNECTIONS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request; who comes when too many are there is told when to come again.

        The path stays as it was sent, so that an encoded slash stays in its segment: ids may have
        any printable character, and whoever reads a segment decodes it.
        """
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        began = perf_counter()
        metrics: HttpMetrics = self.state.metrics
        route = NO_ROUTE
        path = scope["path"] = scope["raw_path"].decode("ascii", "replace")

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = getattr(scope.get("route"), "path", route)
                metrics.on_answer(found, scope["method"], message["status"], perf_counter() - began)
            await send(message)

        if len(self.state.connections) > self.most_connections:
            problem = try_again("Too many are connected: come again in a moment.")
            problem.headers["Connection"] = "close"
            await answer(problem)(scope, receive, measured)
        elif scope["method"] == "POST" and (named := PATH.fullmatch(path)):
            route = ROUTE
            try:
                response = await answer_command(self.state, scope, receive, named[1], named[2])
            except Exception as error:  # whatever it is, the client gets an answer
                response = answer(problem_of(error))
            await response(scope, receive, measured)
        else:
            await super().__call__(scope, receive, measured)
