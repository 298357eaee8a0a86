"""What the servers on this machine have in common: ports, waits, and one sentence on failure."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from infra.errors import LedgerError

HOST = "127.0.0.1"
LOOK_AGAIN_SECONDS = 0.05


class ServerFailed(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A local server is missing or will not start; the sentence names its log."""


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for listener in sockets:
            listener.bind((HOST, 0))
        return [listener.getsockname()[1] for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError:
            return False
        return True


def wait_until(happens: Callable[[], bool], at_most_seconds: float) -> bool:
    """Look again and again, and say whether it happened in time."""
    deadline = time.monotonic() + at_most_seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_AGAIN_SECONDS)
    return True


def package_missing(what: str, package: str) -> ServerFailed:
    """The error for a server whose packages are not installed."""
    return ServerFailed(
        f"{what} cannot be started, because {package} is not installed: "
        "install call-ledger[local], or set the URL of a server of your own."
    )


def would_not(what: str, log: Path, why: str) -> ServerFailed:
    """The error for a server that does not start or stop, with its log's place."""
    return ServerFailed(f"{what} {why}: see {log}.")


def answers(port: int) -> bool:
    """Whether somebody listens on the loopback port."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex((HOST, port)) == 0
