"""A server that a process has for its own use is gone when that process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.kafka import LocalKafka
from infra.local.lifetime import LocalServer, ended_with_this_process
from infra.local.postgresql import LocalPostgresql
from infra.local.servers import wait_until

HAVING_A_SERVER = """
import sys, time
from pathlib import Path
from infra.local.lifetime import KINDS, ended_with_this_process
server = KINDS[sys.argv[1]](Path(sys.argv[2]))
with ended_with_this_process(server):
    server.start()
    print("up", flush=True)
    time.sleep(120)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "killed_by"),
    [
        (LocalPostgresql, signal.SIGKILL),
        (LocalPostgresql, signal.SIGTERM),
        (LocalKafka, signal.SIGKILL),
    ],
)
def test_it_ends_when_its_process_is_killed(
    own_servers: Path, kind: type[LocalServer], killed_by: signal.Signals
) -> None:
    server = kind(own_servers / "server")
    words = [sys.executable, "-c", HAVING_A_SERVER, kind.__name__, str(server.folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert server.is_running
        process.send_signal(killed_by)
    try:
        assert wait_until(lambda: not server.is_running, 60)
    finally:
        server.stop()


def test_it_ends_with_its_use(own_servers: Path) -> None:
    server = LocalPostgresql(own_servers / "server")
    with ended_with_this_process(server):
        server.start()
        assert server.is_running
    assert not server.is_running
