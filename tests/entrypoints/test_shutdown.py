"""How a process ends that was told to."""

from __future__ import annotations

import subprocess
import sys

LEAVING = """
import os, signal, sys
from entrypoints.workers.shutdown import shutdown_by_signals

with shutdown_by_signals():
    pass
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(3)
"""


def test_a_process_that_leaves_is_not_ended_before_it_gave_its_exit_code() -> None:
    left = subprocess.run([sys.executable, "-c", LEAVING], check=False)
    assert left.returncode == 3
