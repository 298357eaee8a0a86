"""The company's processes as they are run, `call-ledger …` each, and what they take meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import linear_regression, median
from typing import NamedTuple

import psutil

from infra.local.kafka import LocalKafka
from infra.local.postgresql import LocalPostgresql

SAMPLE_EVERY_SECONDS = 2.0
END_SECONDS = 90
MIB = 1024**2


class ProcessFailed(Exception):  # noqa: N818 - it reads as the state it reports
    """One of the processes ended by itself, or did not end well; its log is in the sentence."""


class Sample(NamedTuple):
    at_seconds: float
    bytes_resident: int


@contextmanager
def running(
    words: list[str], folder: Path, settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """One process of the command line; it is ended as a supervisor does, and must end well."""
    program = str(Path(sys.executable).with_name("call-ledger"))
    log = folder / f"{words[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings},
        )
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            if process.wait(END_SECONDS) != 0:
                said = log.read_text("utf-8")[-2_000:]
                raise ProcessFailed(f"{words[0]} ended with {process.returncode}: {said}")
        finally:
            process.kill()
            process.wait()


class Meter:
    """Looks at memory and processor of every process, again and again."""

    def __init__(
        self, numbers: Mapping[str, int], parts: Mapping[str, Callable[[], int]] | None = None
    ) -> None:
        """Follow these processes, by name; children count with their parents.

        `parts` are bytes of one of them that can be asked for.
        """
        self._numbers = numbers
        self._sizes: dict[str, Callable[[], int]] = {
            **{name: partial(bytes_of, number) for name, number in numbers.items()},
            **(parts or {}),
        }
        self.samples: dict[str, list[Sample]] = {name: [] for name in self._sizes}
        self._began_at = 0.0
        self.processor_seconds: dict[str, float] = {}

    @contextmanager
    def measuring(self) -> Iterator[None]:
        ending = threading.Event()
        before = {name: seconds_of(one) for name, one in self._numbers.items()}
        self._began_at = time.monotonic()
        self._look()

        def look() -> None:
            while not ending.wait(SAMPLE_EVERY_SECONDS):
                self._look()

        thread = threading.Thread(target=look, name="meter", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()
        self._look()
        for name, number in self._numbers.items():
            self.processor_seconds[name] = seconds_of(number) - before[name]

    def _look(self) -> None:
        for name, size in self._sizes.items():
            at = time.monotonic() - self._began_at
            self.samples[name].append(Sample(at, size()))


def family_of(number: int) -> list[psutil.Process]:
    first = psutil.Process(number)
    return [first, *first.children(recursive=True)]


def bytes_of(number: int) -> int:
    """Resident memory; of several processes each has its share of what they have in common."""
    family = family_of(number)
    if len(family) == 1:
        return int(family[0].memory_info().rss)
    total = 0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


def seconds_of(number: int) -> float:
    """Processor time until now."""
    total = 0.0
    for one in family_of(number):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


class Growth(NamedTuple):
    """How memory went: at first, at last, and by how much a minute between."""

    first_mib: float
    last_mib: float
    most_mib: float
    mib_a_minute: float
    mib_a_minute_at_last: float
    """In the second half, when caches are full."""


def growth(samples: list[Sample], window_seconds: float) -> Growth:
    """The medians of the first and the last window, the most, and the slope over all samples."""
    end = samples[-1].at_seconds
    sizes = [one.bytes_resident / MIB for one in samples]
    return Growth(
        median(one.bytes_resident for one in samples if one.at_seconds <= window_seconds) / MIB,
        median(one.bytes_resident for one in samples if one.at_seconds >= end - window_seconds)
        / MIB,
        max(sizes),
        slope(samples),
        slope([one for one in samples if one.at_seconds >= end / 2]),
    )


def slope(samples: list[Sample]) -> float:
    """MiB a minute."""
    minutes = [one.at_seconds / 60 for one in samples]
    sizes = [one.bytes_resident / MIB for one in samples]
    return linear_regression(minutes, sizes).slope if len(samples) > 1 else 0.0


def servers_numbers(kafka: LocalKafka, postgresql: LocalPostgresql) -> dict[str, int]:
    """The processes of the servers."""
    (broker,) = kafka.brokers
    return {
        "Kafka": int((broker.folder / "pid").read_text()),
        "PostgreSQL": int((postgresql.data / "postmaster.pid").read_text().split()[0]),
    }
