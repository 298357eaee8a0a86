"""A process that records lines as many callers do and tells what is durable, until it is killed."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Recorded, RefusedOutcome
from tests.ledger.stores import ledger_at

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
"""What takes long to start, importing, is done once for all of them."""

Told = tuple[str, str]
"""A command's id, and what it came to."""


def record_all(answers: Connection[Told, Any], path: Path, store: str, lines: Path) -> None:
    """Record the lines as eight callers, and tell each outcome when it is durable."""

    async def one_after_another(share: int) -> None:
        for command in commands:
            if int(command.call_id.removeprefix("call-")) % 8 == share:
                outcome = await ledger.handle(command)
                answers.send((str(command.command_id), place_of(outcome)))

    async def side_by_side() -> None:
        await asyncio.gather(*map(one_after_another, range(8)))

    with Ledger.open(ledger_at(path, store)) as ledger:
        commands = [read_request(line).command for line in lines.read_bytes().splitlines()]
        asyncio.run(side_by_side())
    answers.send(ALL)


ALL = ("all", "")


def place_of(outcome: Outcome) -> str:
    if isinstance(outcome, Recorded):
        return f"recorded {outcome.position}"
    assert isinstance(outcome, RefusedOutcome)
    return f"refused {outcome.number}"


class Recorder:
    """The process, and what it tells."""

    def __init__(self, path: Path, store: str, lines: Path) -> None:
        """Start it."""
        self._hearing, telling = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(
            target=record_all, args=(telling, path, store, lines), daemon=True
        )
        self._process.start()
        telling.close()

    def told(self) -> Iterator[Told]:
        """What it tells until it has ended; of one that is killed not what it was about to."""
        with suppress(EOFError, OSError):
            while True:
                yield self._hearing.recv()

    def kill(self) -> None:
        """End it as power failing does, for the process alone."""
        self._process.kill()

    def close(self) -> None:
        """Wait for its end."""
        self._process.join(120)
        self._hearing.close()
