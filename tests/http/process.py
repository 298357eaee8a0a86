"""`call-ledger serve` in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from entrypoints.http.keys import ApiRole, Keys
from infra.folder import LedgerFolder
from tests.entrypoints.calling import PROGRAM, ROOT, environment


@contextmanager
def serving(
    folder: Path, *options: str, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the address that it says."""
    command = [*PROGRAM, "serve", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(folder, **variables), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            yield process, said.partition(" on ")[2].partition(";")[0]
        finally:
            process.kill()


def key_in(folder: Path, role: str, source: str | None = None) -> str:
    now = datetime.now(UTC)
    keys = Keys(LedgerFolder(folder))
    return keys.make(ApiRole(role), source, None, "a test", now, timedelta(days=1))[1]
