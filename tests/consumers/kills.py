"""Kills processes at every step of their pages, again and again, on several ledgers at a time."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson

from infra.folder import LedgerFolder
from infra.kafka import Kafka
from tests.consumers.kill_steps import PATIENCE_SECONDS, STEPS, Step
from tests.consumers.killed_process import AT, ENDED, KILL_ME
from tests.ledger.stores import ledger_at

PAGES = 2
"""A step is met at the first page after the start or at the next."""


class Starter:
    """Starts one process after the other, at once, and hears what they say."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._said: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, **what: Any) -> Iterator[list[Any]]:
        """Start it; what it says until it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(what) + b"\n")
        self._process.stdin.flush()
        said = [""]
        while said[0] != ENDED:
            try:
                said = self._said.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                raise AssertionError(f"it does not come to the step: {what}") from None
            yield said

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(orjson.loads(line))


@contextmanager
def starter() -> Iterator[Starter]:
    """A process that starts others; it and they are gone when this ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.consumers.killed_process"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield Starter(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Victim:
    """One ledger whose process of this kind is killed, and started, and killed."""

    process: str
    folder: Path
    kafka: Kafka
    starter: Starter
    store: str = "sqlite"
    by_step: Counter[str] = field(default_factory=Counter)
    places: set[str] = field(default_factory=set)
    """Where kills met it: how far it was, or with the page under way would be."""

    @property
    def ledger(self) -> LedgerFolder:
        """Its folder, with its store."""
        return ledger_at(self.folder, self.store)

    @property
    def kills(self) -> int:
        return self.by_step.total()

    def kill_at_every_step(self, rounds: int, seed: int) -> None:
        """Go through all of the steps so often."""
        random = Random(seed)
        for number in range(rounds):
            steps = list(STEPS[self.process].items())
            random.shuffle(steps)
            for index, (name, step) in enumerate(steps):
                page = 1 if step.is_of_the_start else 1 + (number + index) % PAGES
                self.kill(name, step, page, random.uniform(0, step.within_seconds))

    def kill(self, name: str, step: Step, page: int, delay_seconds: float) -> None:
        """Start it, and let it come to the step; the kill must have found it at work."""
        last_place = None
        for kind, *words in self.starter.start(
            process=self.process,
            folder=str(self.folder),
            store=self.store,
            bootstrap=self.kafka.bootstrap,
            prefix=self.kafka.prefix,
            step=name,
            time=page,
        ):
            if kind == KILL_ME:
                time.sleep(delay_seconds)
                with suppress(ProcessLookupError):
                    os.kill(words[0], signal.SIGKILL)
            elif kind == AT:
                last_place = repr(words)
            else:
                assert words == [-signal.SIGKILL], f"{name}: it ended with {words} first"
        self.by_step[name] += 1
        if last_place is not None:
            self.places.add(last_place)


def kill_all(victims: Sequence[Victim], rounds: int) -> None:
    """Go through all of the steps so often with each of the victims, which do not meet."""
    with ThreadPoolExecutor(len(victims)) as threads:
        for one in [
            threads.submit(victim.kill_at_every_step, rounds, seed)
            for seed, victim in enumerate(victims)
        ]:
            one.result()


def counted(victims: Sequence[Victim]) -> str:
    """How often each step was met, to be printed."""
    by_step = sum((victim.by_step for victim in victims), Counter[str]())
    stores = Counter[str]()
    for victim in victims:
        stores[victim.store.partition(":")[0]] += victim.kills
    kills = ", ".join(f"{count} {store}" for store, count in stores.items())
    lines = [
        f"\n{victims[0].process}: killed {by_step.total()} times ({kills}), "
        f"at {sum(len(victim.places) for victim in victims)} different places",
        *(f"  {by_step[step]:4} {step}" for step in STEPS[victims[0].process]),
    ]
    return "\n".join(lines) + "\n"
