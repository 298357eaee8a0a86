"""The port on which the HTTP interface is reached."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit
from typing import Final, NamedTuple

import uvicorn
from fastapi import FastAPI

from entrypoints.http.connection import BoundedConnection
from entrypoints.http.front import MOST_CONNECTIONS
from infra.errors import LedgerError

MOST_FILES: Final = MOST_CONNECTIONS + 1_000
"""Each connection is an open file; many systems let a process open a thousand at first."""

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
    connection: type[BoundedConnection] = BoundedConnection,
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
            proxy_headers=False,
            lifespan="off",
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
            http=connection,
        )
    )
    app.state.connections = server.server_state.connections
    allow_files(MOST_FILES)
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
        if (service := getattr(app.state, "service", None)) is not None:
            service.tail.stop()
        server.should_exit = True
        thread.join()


def run(server: uvicorn.Server) -> None:
    """Serve until told to stop; uvicorn exits the thread where it cannot listen."""
    try:
        server.run()
    except SystemExit:
        server.should_exit = True


def allow_files(count: int) -> None:
    """Let this process open so many files, as far as the system lets it say so itself."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    most = count if hard == RLIM_INFINITY else min(count, hard)
    if soft != RLIM_INFINITY and soft < most:
        setrlimit(RLIMIT_NOFILE, (most, hard))
