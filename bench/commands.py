"""How many commands a second are durable, how long each waits, and what an event costs on disk.

python -m bench.commands [--commands 40000]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bench.naive import commands_per_second
from domain.commands import Command
from ledger.intake import new_command_id, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Recorded, Request

Step = tuple[str, str, dict[str, Any]]

SPOKEN: tuple[Step, ...] = (("hold", "owner", {}), ("resume", "owner", {}))
CONFERRED: tuple[Step, ...] = (
    ("start-consult", "owner", {"target_kind": "agent", "target": "agent-2"}),
    ("answer-consult", "agent-2", {}),
    ("start-conference", "owner", {}),
    ("exit", "agent-2", {}),
)
REFUSED: tuple[Step, ...] = (("resume", "owner", {}),)


def one_call(random: Random) -> Iterator[Step]:
    """Received, offered, answered; sometimes held, conferred, or asked what is refused."""
    yield "receive", "system", {"queue": "sales", "customer": "+39 02 1234567"}
    yield "offer", "system", {"agent": "owner", "queue": "sales"}
    yield "answer", "owner", {}
    if random.random() < 0.4:
        yield from SPOKEN
    if random.random() < 0.1:
        yield from REFUSED
    if random.random() < 0.25:
        yield from CONFERRED
    yield "leave", "customer", {}
    yield "apply-wrap-up", "owner", {"reason": "sale"}


def lines_of_calls(commands: int, prefix: str) -> list[list[bytes]]:
    """JSON lines, call by call; seeded, so that every run records the same."""
    calls: list[list[bytes]] = []
    random, count = Random(7), 0
    moment = datetime(2026, 1, 1, 8, tzinfo=UTC)
    while count < commands:
        lines = []
        for action, who, own in one_call(random):
            moment += timedelta(milliseconds=137)
            command = {
                "type": f"call.{action}.v1",
                "command_id": str(new_command_id()),
                "source": "bench",
                "call_id": f"{prefix}-{len(calls):08}",
                "actor": f"agent-{len(calls) % 200 + 10}" if who == "owner" else who,
                "occurred_at": moment.isoformat(),
                **own,
            }
            if own.get("agent"):
                command["agent"] = f"agent-{len(calls) % 200 + 10}"
            lines.append(orjson.dumps(command))
        calls.append(lines)
        count += len(lines)
    return calls


def commands_of_calls(commands: int, prefix: str) -> list[list[Command]]:
    return [
        [read_request(line).command for line in call] for call in lines_of_calls(commands, prefix)
    ]


async def concurrent(
    ledger: Ledger, calls: Sequence[Sequence[Command]], callers: int
) -> tuple[float, list[float]]:
    """Each caller takes one call after another, and waits for every answer."""
    waits: list[float] = []
    remaining = iter(calls)

    async def caller() -> None:
        for call in remaining:
            for command in call:
                asked = time.perf_counter()
                await ledger.handle(command)
                waits.append(time.perf_counter() - asked)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return len(waits) / (time.perf_counter() - began), waits


def store_bytes(folder: Path) -> tuple[int, int]:
    connection = sqlite3.connect(folder / "ledger.sqlite")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (events,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    return (folder / "ledger.sqlite").stat().st_size, events


def bulk_events_per_second(folder: Path, commands: int) -> tuple[float, float]:
    lines = [line for call in lines_of_calls(commands, "bulk") for line in call]
    events = 0
    with Ledger.open(folder) as ledger:
        began = time.perf_counter()
        for start in range(0, len(lines), 5_000):
            group = [read_request(line) for line in lines[start : start + 5_000]]
            for outcome in ledger.record_many(group):
                if isinstance(outcome, Recorded):
                    events += len(outcome.documents)
        seconds = time.perf_counter() - began
    return events / seconds, len(lines) / seconds


def cold_rebuild_milliseconds(folder: Path, events: int) -> float:
    first, *_ = commands_of_calls(1, f"long-{events}")
    answered, alternating = first[:3], []
    for number in range(events - 3):
        line = orjson.dumps(
            {
                "type": "call.resume.v1" if number % 2 else "call.hold.v1",
                "command_id": str(new_command_id()),
                "source": "bench",
                "call_id": answered[0].call_id,
                "actor": answered[2].actor,
                "occurred_at": answered[2].occurred_at.isoformat(),
            }
        )
        alternating.append(read_request(line))
    with Ledger.open(folder) as ledger:
        ledger.record_many([*map(Request, answered), *alternating])
    with Ledger.open(folder) as ledger:
        began = time.perf_counter()
        note = answered[2].model_copy(update={"command_id": new_command_id()})
        ledger.record(note, observed=True)
        return (time.perf_counter() - began) * 1000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=40_000)
    count: int = arguments.parse_args().commands
    folder = Path(tempfile.mkdtemp(prefix="call-ledger-bench-"))
    # As the command line does: what was imported is never garbage, so it is not looked through.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    table = Table(title="Durable commands", show_edge=False)
    for column in ("callers", "commands/s", "p50 ms", "p99 ms", "× naive"):
        table.add_column(column, justify="right")
    try:
        naive_commands = commands_of_calls(min(count, 8_000), "naive")
        naive = commands_per_second(folder, [one for call in naive_commands for one in call])
        table.add_row("naive, 1", f"{naive:,.0f}", "", "", "1")
        for callers in (1, 16, 64, 256):
            some = commands_of_calls(min(count, 5_000) if callers == 1 else count, f"of-{callers}")
            with Ledger.open(folder / "concurrent") as ledger:
                rate, waits = asyncio.run(concurrent(ledger, some, callers))
            p50, p99 = median(waits) * 1000, quantiles(waits, n=100)[98] * 1000
            table.add_row(
                str(callers), f"{rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{rate / naive:.1f}"
            )
        events_rate, lines_rate = bulk_events_per_second(folder / "bulk", count * 3)
        size_bytes, events = store_bytes(folder / "bulk")
        console = Console()
        console.print(table)
        console.print(
            f"bulk, JSON lines in groups of 5,000: {events_rate:,.0f} events/s"
            f" ({lines_rate:,.0f} lines/s)"
        )
        console.print(f"on disk: {size_bytes / events:,.0f} bytes per event ({events:,} events)")
        for length in (10, 100, 10_000):
            took = cold_rebuild_milliseconds(folder / f"cold-{length}", length)
            console.print(f"first command on a cold call of {length:,} events: {took:,.1f} ms")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
