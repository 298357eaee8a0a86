"""What `publish`, `project` and `serve-commands` have in common: signals, logs and health."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import typer

from entrypoints.workers.lag import Figures
from entrypoints.workers.liveness import Liveness
from entrypoints.workers.shutdown import Shutdown, shutdown_by_signals
from infra.errors import NOT_DONE, LedgerError
from infra.health import answering_health
from infra.logs import Happening, logging_lines


@dataclass(slots=True)
class Worker:
    """One long-running process."""

    log: logging.Logger
    shutdown: Shutdown
    liveness: Liveness
    numbers: dict[str, int] = field(default_factory=dict)
    """What the last line of the log reports."""


@contextmanager
def running(
    process: str, look_up: Callable[[], Figures], port: int | None, host: str
) -> Iterator[Worker]:
    """Log, answer health checks on the port if there is one, and stop at a signal.

    An error ends the process with a line in the log. The text of an error that is not ours is left
    out, because it could name a person, unless CALL_LEDGER_TRACEBACK asks for it.
    """
    with logging_lines(process, LedgerError) as log, ExitStack() as stack:
        try:
            shutdown = stack.enter_context(shutdown_by_signals())
            worker = Worker(log, shutdown, Liveness(shutdown, look_up))
            listening = {}
            if port is not None:
                answering = answering_health(worker.liveness, worker.liveness.registry, port, host)
                listening["port"] = stack.enter_context(answering)
            log.info(Happening.BEGAN, extra=listening)
            yield worker
            log.info(Happening.ENDED, extra=worker.numbers)
        except Exception as error:
            log.error(Happening.FAILED, exc_info=error)
            if os.environ.get("CALL_LEDGER_TRACEBACK"):
                raise
            raise typer.Exit(getattr(error, "exit_code", NOT_DONE)) from None
