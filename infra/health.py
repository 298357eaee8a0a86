"""The port of a long-running process: `/livez`, `/readyz`, and `/metrics` for Prometheus."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from infra.errors import LedgerError

LOOPBACK: Final = "127.0.0.1"
TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
SLOWEST_REQUEST_SECONDS: Final = 10

Respond = Callable[[str, list[tuple[str, str]]], Any]


class Liveness(Protocol):
    """Says how a process is doing; each answer is empty when all is well, or says what is wrong."""

    def why_not_alive(self) -> str: ...
    def why_not_ready(self) -> str: ...


class Threads(ThreadingMixIn, WSGIServer):
    """A slow client keeps nobody waiting, and does not keep the process from ending."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Nothing: the client has gone, and a traceback does not belong in the log."""


class Quiet(WSGIRequestHandler):
    """Requests are not logged: they come every few seconds and tell nothing."""

    timeout = SLOWEST_REQUEST_SECONDS

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""

    def get_stderr(self) -> Any:
        """Nowhere: what goes wrong is answered, and tracebacks could name a person."""
        return io.StringIO()


@contextmanager
def answering_health(
    liveness: Liveness, registry: CollectorRegistry, port: int, host: str = LOOPBACK
) -> Iterator[int]:
    """Answer on the port for as long as this lasts; yields it, which is a free one for 0.

    Raises `LedgerError` when nobody can listen there.
    """
    metrics = make_wsgi_app(registry)

    def answer(request: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        match request["PATH_INFO"]:
            case "/livez":
                return verdict(liveness.why_not_alive(), respond)
            case "/readyz":
                return verdict(liveness.why_not_ready(), respond)
            case "/metrics":
                found: Iterable[bytes] = metrics(request, respond)
                return found
        respond("404 Not Found", [TEXT])
        return [b"There are /livez, /readyz and /metrics.\n"]

    try:
        server = make_server(host, port, answer, Threads, Quiet)
    except (OSError, OverflowError) as error:
        raise LedgerError(
            f"Health cannot be answered on {host}, port {port} ({error}): name another --port."
        ) from None
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="health")
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def verdict(why_not: str, respond: Respond) -> list[bytes]:
    """200 when all is well, and 503 with the reason."""
    respond("503 Service Unavailable" if why_not else "200 OK", [TEXT])
    return [f"{why_not or 'ok'}\n".encode()]
