"""Local servers that one process has for its own use, and that end with it however it ends.

A process beside it waits until it is gone, killed or not, and ends the server then.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.local.kafka import LocalKafka
from infra.local.postgresql import LocalPostgresql

SETTLE_SECONDS: Final = 5.0
"""For so long a server may still come up that was being started when its process was killed."""

LocalServer = LocalKafka | LocalPostgresql
KINDS: Final[dict[str, type[LocalServer]]] = {
    server.__name__: server for server in (LocalKafka, LocalPostgresql)
}


@contextmanager
def ended_with_this_process(server: LocalServer) -> Iterator[None]:
    """End the server when this ends, and also when the process is killed before."""
    words = [sys.executable, "-m", __name__, type(server).__name__, str(server.folder.absolute())]
    # In a session of its own: what is sent to our group by a terminal is not for the watcher.
    with subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True) as watcher:  # noqa: S603
        try:
            yield
        finally:
            try:
                server.stop()
            finally:
                watcher.kill()


def end_when_alone(server: LocalServer) -> None:
    """Wait until standard input is closed, which the other process's end does, and end it."""
    sys.stdin.read()
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        server.stop()
        time.sleep(0.5)


if __name__ == "__main__":
    end_when_alone(KINDS[sys.argv[1]](Path(sys.argv[2])))
