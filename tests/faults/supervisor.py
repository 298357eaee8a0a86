"""What systemd or Kubernetes does: start a process again when it ends with a code other than 0."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from infra.local.servers import wait_until
from tests.entrypoints.calling import PROGRAM, ROOT, environment

AGAIN_AFTER_SECONDS = 0.2
END_SECONDS = 300


class Supervised:
    """One `call-ledger …` that is kept running until it is told to end."""

    def __init__(self, folder: Path, name: str, words: list[str], variables: dict[str, str]):
        self.name = name
        self.log = folder / f"{name}.log"
        self.codes: list[int] = []
        """The exit codes, one a start."""
        self._words = [*PROGRAM, *words]
        self._variables = environment(folder, **variables)
        self._ending = threading.Event()
        self._started = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._line_count = 0
        self._thread = threading.Thread(target=self._keep_running, name=name, daemon=True)
        self._thread.start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that runs now."""
        with self._started:
            assert self._started.wait_for(lambda: self._process is not None, END_SECONDS)
            assert self._process is not None
            self._process.send_signal(number)

    def end(self) -> int:
        """Ask it to end as an operator does, once it has begun; returns the exit code."""
        assert wait_until(self._told_to_end, END_SECONDS), self.log.read_text()
        self._thread.join(END_SECONDS)
        assert not self._thread.is_alive(), f"{self.name} does not end: {self.log.read_text()}"
        return self.codes[-1]

    def kill(self) -> None:
        """See to it that nothing is left."""
        self._ending.set()
        with self._started:
            if self._process is not None:
                self._process.kill()
        self._thread.join(END_SECONDS)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line of the log that is JSON."""
        found = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in found if line.startswith("{")]

    @property
    def sentences(self) -> list[str]:
        """Why it ended, each time that it said so."""
        return [one["sentence"] for one in self.lines if "sentence" in one]

    @property
    def unexplained(self) -> list[dict[str, Any]]:
        """Errors that nobody foresaw."""
        return [one for one in self.lines if "error" in one and "sentence" not in one]

    def _told_to_end(self) -> bool:
        """Tell the one that runs now to end, if it has begun: before that it knows no signal.

        No other is started between the look and the signal.
        """
        with self._started:
            begun = any(one["happening"] == "began" for one in self.lines[self._line_count :])
            if self._process is None or not begun:
                return False
            self._ending.set()
            self._process.send_signal(signal.SIGTERM)
            return True

    def _keep_running(self) -> None:
        with self.log.open("ab") as log:
            while True:
                line_count = len(self.lines)
                with (
                    subprocess.Popen(
                        self._words,
                        cwd=ROOT,
                        env=self._variables,
                        stdout=subprocess.DEVNULL,
                        stderr=log,
                    ) as process,
                ):
                    with self._started:
                        self._process, self._line_count = process, line_count
                        self._started.notify_all()
                    code = process.wait()
                    with self._started:
                        self._process = None
                        self.codes.append(code)
                if code == 0 or self._ending.wait(AGAIN_AFTER_SECONDS):
                    return
