"""`call-ledger demo --serve`: the console on the demo's day, on this machine alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import typer

from entrypoints.ui.options import LOOPBACK
from infra.folder import LedgerFolder

LOOK_SECONDS: Final = 0.2
KEY_LIFE: Final = timedelta(days=1)


def serve_console(folder: LedgerFolder, port: int) -> None:
    """Serve until stopped, and say the address and a key once. Raises what serving raises."""
    from entrypoints.http.application import application
    from entrypoints.http.keys import ApiRole, Keys
    from entrypoints.http.server import listening
    from entrypoints.http.service import Service
    from entrypoints.workers.shutdown import shutdown_by_signals

    with (
        shutdown_by_signals() as shutdown,
        Service(folder) as service,
        listening(application(service), LOOPBACK, port) as there,
    ):
        now = datetime.now(UTC)
        _, key = Keys(folder).make(ApiRole.AUDITOR, None, None, "the demo", now, KEY_LIFE)
        typer.echo(f"\nOpen {there.url} and paste this key, which lasts a day:\n{key}")
        typer.echo("Ctrl-C ends it.")
        while there.thread.is_alive() and not shutdown.wait(LOOK_SECONDS):
            pass
