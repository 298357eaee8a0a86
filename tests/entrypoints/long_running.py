"""A long-running command in a process of its own, its health and its log."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from infra.kafka import Kafka
from tests.entrypoints.calling import PROGRAM, ROOT, environment

PATIENCE_SECONDS = 180


class LongRunning:
    """A process that answers health."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self.said = ""

    @property
    def lines(self) -> list[Any]:
        """The log: every line is JSON."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def get(self, path: str) -> tuple[int, str]:
        """The status and the text of an answer."""
        url = f"http://127.0.0.1:{self.lines[0]['port']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def figures(self) -> dict[str, float]:
        """Every metric by its name, with its labels where it has some."""
        text = self.get("/metrics")[1]
        return {
            f"{one.name}{{{','.join(one.labels.values())}}}" if one.labels else one.name: one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
        }

    def wait_until(self, happens: Callable[[], bool]) -> None:
        """Look again until it happens; fail when the process ends or it takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happens():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: self._log.exists() and self._log.read_text().endswith("\n"))
        self.wait_until(lambda: self.get("/readyz")[0] == 200)

    def kill(self) -> None:
        """End it without a word to it."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE_SECONDS)

    def stop(self) -> int:
        """Ask it to end as an operator does, and give its exit code."""
        self._process.send_signal(signal.SIGTERM)
        self.said, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        return self._process.returncode


@contextmanager
def long_running(
    folder: Path, kafka: Kafka, *words: str, program: Sequence[str] = PROGRAM
) -> Iterator[LongRunning]:
    """Begin `call-ledger …` with health on a free port; it is gone when this ends."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{words[0]}-{time.monotonic_ns()}.log"
    variables = environment(
        folder, CALL_LEDGER_KAFKA=kafka.bootstrap, CALL_LEDGER_KAFKA_PREFIX=kafka.prefix
    )
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*program, *words, "--port", "0"],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield LongRunning(process, log)
        finally:
            process.kill()
