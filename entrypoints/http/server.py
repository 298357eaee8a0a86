"""The port on which the HTTP interface is reached."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import uvicorn
from fastapi import FastAPI

from entrypoints.http.connection import BoundedHead
from infra.errors import LedgerError

MOST_CONNECTIONS: Final = 4_000
"""Of which 2,500 may be streams that wait for events."""
IDLE_SECONDS: Final = 15
LAST_ANSWERS_SECONDS: Final = 30
"""How long answers that are under way may take once the process is to end."""


class Tls(NamedTuple):
    """Our certificate and its key."""

    certificate: Path
    key: Path


class Listening(NamedTuple):
    """Where it is reached, and the thread that answers."""

    url: str
    thread: threading.Thread


@contextmanager
def listening(
    app: FastAPI,
    host: str,
    port: int,
    tls: Tls | None = None,
    connection: type[BoundedHead] = BoundedHead,
) -> Iterator[Listening]:
    """Answer on the port for as long as this lasts; 0 takes a free one.

    Raises `LedgerError` when nobody can listen there.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ssl_certfile=tls and tls.certificate,
            ssl_keyfile=tls and tls.key,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
            http=connection,
        )
    )
    thread = threading.Thread(target=run, args=(server,), name="http")
    thread.start()
    while thread.is_alive() and not server.started:
        thread.join(0.01)
    if not server.started:
        raise LedgerError(f"Nobody can listen on {host}, port {port}: name another --port.")
    taken: int = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Listening(f"{'https' if tls else 'http'}://{host}:{taken}", thread)
    finally:
        if (service := app.state.service) is not None:
            service.tail.stop()
        server.should_exit = True
        thread.join()


def run(server: uvicorn.Server) -> None:
    """Serve until told to stop; uvicorn exits the thread where it cannot listen."""
    try:
        server.run()
    except SystemExit:
        server.should_exit = True
