"""Tasks whose worker dies by kill -9, as many times as a file says."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from archive.parallel.computing import compute
from archive.parallel.plan import Task


def die_once_in_each(task: Task) -> bytes:
    """Die before the task the first time, and after it the second time."""
    folder = Path(task.work).parent / "deaths"
    folder.mkdir(exist_ok=True)
    before, after = folder / f"{task.name} before", folder / f"{task.name} after"
    die_unless(before)
    result = compute(task)
    die_unless(after)
    return result


def die_in_every(task: Task) -> bytes:
    """Die in the middle of the task."""
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def die_unless(there: Path) -> None:
    if not there.exists():
        there.touch()
        os.kill(os.getpid(), signal.SIGKILL)
