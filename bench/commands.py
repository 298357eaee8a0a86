"""How many commands a second are durable, how long each waits, and what an event costs on disk.

python -m bench.commands [--commands 40000] [--full 1000000 10000000] [--keep]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, NamedTuple

import orjson

from bench.figures import Figure, keep, machine, table, written
from bench.full_store import SOURCE, fill_sqlite
from bench.histories import CALLS_OF_HISTORIES, EVENTS_OF_HISTORIES, call_id
from bench.naive import commands_per_second
from domain.commands import Answer, Command, Hold, NoteActivity, Offer, Receive, Resume
from infra.cycles import SELDOM
from infra.folder import LedgerFolder
from ledger.intake import new_command_id, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Recorded, Request
from simulation.day import simulate

START = datetime(2026, 1, 5, tzinfo=UTC)
COMMANDS_IN_A_CALL = 7
LINES_IN_ONE_GROUP = 2_000
AIMED_CALLERS = 64
COLD_GROUPS = 9
RUNS = 5
"""Of what has an aim: a run takes some seconds, in which a shared machine may be twice as slow."""

NAIVE_COMMANDS = 2_000


def commands_in_order(commands: int, seed: int) -> list[Command]:
    """A simulated day's commands in order of time: another seed, other calls."""
    return list(simulate(commands // COMMANDS_IN_A_CALL, seed, START))


def commands_by_call(commands: int, seed: int) -> list[list[Command]]:
    calls: dict[str, list[Command]] = {}
    for command in commands_in_order(commands, seed):
        calls.setdefault(command.call_id, []).append(command)
    return list(calls.values())


class Measured(NamedTuple):
    commands_per_second: float
    processor_microseconds: float
    waits_seconds: list[float]


async def concurrent(ledger: Ledger, calls: Sequence[Sequence[Command]], callers: int) -> Measured:
    """Each caller takes one call after another, and waits for every answer."""
    waits: list[float] = []
    remaining = iter(calls)

    async def caller() -> None:
        for call in remaining:
            for command in call:
                asked = time.perf_counter()
                await ledger.handle(command)
                waits.append(time.perf_counter() - asked)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(callers)))
    seconds, used = time.perf_counter() - began, time.process_time() - used
    return Measured(len(waits) / seconds, used / len(waits) * 1e6, waits)


def store_bytes(folder: Path) -> tuple[int, int]:
    connection = sqlite3.connect(folder / "ledger.sqlite")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (events,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    return (folder / "ledger.sqlite").stat().st_size, events


class Bulk(NamedTuple):
    events_per_second: float
    lines_per_second: float
    processor_microseconds: float


def bulk(folder: Path, commands: int, seed: int) -> Bulk:
    """Read, decide and record JSON lines, as `record --lines` does with a file."""
    lines = [
        orjson.dumps({name: value for name, value in one.model_dump().items() if value is not None})
        for one in commands_in_order(commands, seed)
    ]
    events = 0
    with Ledger.open(folder) as ledger:
        began, used = time.perf_counter(), time.process_time()
        for start in range(0, len(lines), LINES_IN_ONE_GROUP):
            group = [read_request(line) for line in lines[start : start + LINES_IN_ONE_GROUP]]
            for outcome in ledger.record_many(group):
                if isinstance(outcome, Recorded):
                    events += len(outcome.documents)
        seconds, used = time.perf_counter() - began, time.process_time() - used
    return Bulk(events / seconds, len(lines) / seconds, used / len(lines) * 1e6)


def cold_rebuild_milliseconds(folder: Path, events: int) -> float:
    """What the first command on a call costs that is in no cache."""
    said: dict[str, Any] = {"source": "bench", "call_id": "long", "occurred_at": START}
    story: list[Command] = [
        Receive(command_id=new_command_id(), actor="system", queue="sales", **said),
        Offer(command_id=new_command_id(), actor="system", agent="agent-1", **said),
        Answer(command_id=new_command_id(), actor="agent-1", **said),
    ]
    for number in range(events - len(story)):
        kind = Resume if number % 2 else Hold
        story.append(kind(command_id=new_command_id(), actor="agent-1", **said))
    with Ledger.open(folder) as ledger:
        ledger.record_many([*map(Request, story)])
    with Ledger.open(folder) as ledger:
        began = time.perf_counter()
        note = NoteActivity(command_id=new_command_id(), actor="agent-1", activity="seen", **said)
        ledger.record(note)
        return (time.perf_counter() - began) * 1000


def cold_group_milliseconds(folder: LedgerFolder | Path, events: int) -> float:
    """What a group of 64 commands costs whose calls are all in no cache; the median of several."""
    random = Random(7)
    calls = events * CALLS_OF_HISTORIES // EVENTS_OF_HISTORIES
    took = []
    for _ in range(COLD_GROUPS):
        group = [
            Request(
                NoteActivity(
                    command_id=new_command_id(),
                    source=SOURCE,
                    call_id=call_id(number),
                    actor="agent-1",
                    activity="seen",
                    occurred_at=START,
                ),
                observed=True,
            )
            for number in random.sample(range(calls), AIMED_CALLERS)
        ]
        with Ledger.open(folder) as ledger:
            began = time.perf_counter()
            ledger.record_many(group)
            took.append((time.perf_counter() - began) * 1000)
    return median(took)


def measure(count: int, sizes: Sequence[int]) -> list[Figure]:
    """Every figure of recording, in one run over one disk, on an empty store and on full ones."""
    folder = Path(tempfile.mkdtemp(prefix="call-ledger-bench-"))
    # As the command line does.
    gc.set_threshold(*SELDOM)
    try:
        naive = commands_per_second(folder, commands_in_order(min(count, 8_000), seed=1))
        figures = [Figure("naive application, 1 caller", naive, "commands/s")]
        for callers in (1, 16, 256):
            figures += with_callers(folder / "concurrent", callers, count, naive)
        figures += aimed_figures([folder / f"empty-{run}" for run in range(RUNS)], count)
        figures += bulk_figures([folder / f"bulk-{run}" for run in range(RUNS)], count * 3)
        for length in (10, 100, 10_000):
            took = cold_rebuild_milliseconds(folder / f"cold-{length}", length)
            figures.append(Figure(f"first command on a cold call of {length:,} events", took, "ms"))
        for size in sizes:
            figures += full_store_figures(folder / f"full-{size}", size, count)
            shutil.rmtree(folder / f"full-{size}")
    finally:
        shutil.rmtree(folder)
    return figures


def full_store_figures(folder: Path, size: int, count: int) -> list[Figure]:
    """The aimed figures again, on a store that has so many events already."""
    events = fill_sqlite(folder / "ledger.sqlite", size)
    cold = cold_group_milliseconds(folder, events)
    figures = aimed_figures([folder] * RUNS, count)
    figures += bulk_figures([folder] * RUNS, count * 3)
    figures.append(Figure(f"a group of {AIMED_CALLERS} cold calls", cold, "ms", 60, at_most=True))
    return [one._replace(what=f"{size:,} events before: {one.what}") for one in figures]


def with_callers(folder: Path, callers: int, count: int, naive: float) -> list[Figure]:
    """Rate, waits and cost with this many concurrent callers."""
    calls = commands_by_call(min(count, 5_000) if callers == 1 else count, seed=callers + 9)
    with Ledger.open(folder) as ledger:
        rate, used, waits = asyncio.run(concurrent(ledger, calls, callers))
    who = f"{callers} callers" if callers > 1 else "1 caller"
    return [
        Figure(f"{who}: durable commands", rate, "commands/s"),
        Figure(f"{who}: times the naive application", rate / naive, "×"),
        Figure(f"{who}: p50", median(waits) * 1000, "ms"),
        Figure(f"{who}: p99", quantiles(waits, n=100)[98] * 1000, "ms"),
        Figure(f"{who}: processor time", used, "µs a command"),
    ]


def aimed_figures(folders: Sequence[Path], count: int) -> list[Figure]:
    """Rate, waits and cost with 64 callers: a run in each folder, beside the naive application."""
    runs, naive = [], []
    for number, folder in enumerate(folders):
        with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
            few = commands_in_order(min(count, NAIVE_COMMANDS), seed=number)
            naive.append(commands_per_second(Path(beside), few))
        calls = commands_by_call(count, seed=100 + number)
        with Ledger.open(folder) as ledger:
            runs.append(asyncio.run(concurrent(ledger, calls, AIMED_CALLERS)))
    rates = [run.commands_per_second for run in runs]
    times = [rate / beside for rate, beside in zip(rates, naive, strict=True)]
    p99s = [quantiles(run.waits_seconds, n=100)[98] * 1000 for run in runs]
    who = f"{AIMED_CALLERS} callers"
    return [
        Figure(f"{who}: durable commands{spread(rates)}", median(rates), "commands/s", 20_000),
        Figure(f"{who}: times the naive application{spread(times)}", median(times), "×", 10),
        Figure(f"{who}: p50", median(median(run.waits_seconds) for run in runs) * 1000, "ms"),
        Figure(f"{who}: p99{spread(p99s)}", median(p99s), "ms", 10, at_most=True),
        Figure(
            f"{who}: processor time",
            median(run.processor_microseconds for run in runs),
            "µs a command",
        ),
    ]


def spread(values: Sequence[float]) -> str:
    """What is said beside the median of some runs."""
    return f", median of {len(values)} ({written(min(values))} to {written(max(values))})"


def bulk_figures(folders: Sequence[Path], count: int) -> list[Figure]:
    """Reading and recording JSON lines, and what an event takes on disk: a run in each folder."""
    runs = [bulk(folder, count, seed=200 + number) for number, folder in enumerate(folders)]
    rates = [run.events_per_second for run in runs]
    size_bytes, events = store_bytes(folders[-1])
    return [
        Figure(f"bulk, from JSON lines{spread(rates)}", median(rates), "events/s", 45_000),
        Figure(
            "bulk: processor time", median(run.processor_microseconds for run in runs), "µs a line"
        ),
        Figure("bytes on disk", size_bytes / events, "an event"),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=40_000)
    arguments.add_argument("--full", type=int, nargs="*", default=[1_000_000, 10_000_000])
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    text = f"Measured {where}.\n\n{table(measure(asked.commands, asked.full))}"
    print(text)
    if asked.keep:
        keep(text, "recording")


if __name__ == "__main__":
    main()
