"""From a command in Kafka to a report that shows it, through every process, at a given pace.

python -m bench.end_to_end [--commands-a-second 1000] [--minutes 1] [--keep]

Commands go to `call-commands` when they are due (open loop), through `serve-commands`, PostgreSQL,
`publish`, Kafka and `project` into DuckDB, each the real command line in a process of its own. Each
wait counts from when the command was due; a report is asked ten times a second, and shows a command
from the answer on whose position has come to the command's last event.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from subprocess import Popen

from bench.company import Meter, ProcessFailed, growth, running, servers_numbers
from bench.figures import Figure, keep, machine, table
from bench.load import Load, position_of_a_report
from bench.servers import folder_of_its_own, kafka_in, postgresql_in
from infra.kafka import Kafka
from infra.local.servers import wait_until
from infra.postgresql import Postgresql
from infra.topics import create
from ledger.store.postgresql import PostgresqlEventStore
from projections.serving.client import Reader
from projections.serving.line import ADDRESS_NAME

TARGET_SECONDS = 0.5
PROJECT_MICROSECONDS = 250
FIRST_COMMANDS = 100
READY_SECONDS = 60
MINUTE = 60.0


def measured(folder: Path, pace: float, seconds: float, warm_up: float, ask_every: float) -> str:
    """The tables of one run."""
    with ExitStack() as stack:
        broker = stack.enter_context(kafka_in(folder))
        server = stack.enter_context(postgresql_in(folder))
        kafka = Kafka(broker.bootstrap)
        create(kafka)
        PostgresqlEventStore.open(Postgresql(server.url)).close()
        read_side = folder / "read-side"
        writing = {"CALL_LEDGER_KAFKA": broker.bootstrap, "CALL_LEDGER_STORE": server.url}
        reading = {"CALL_LEDGER_KAFKA": broker.bootstrap}
        started = {
            words[0]: stack.enter_context(running(words, folder, settings))
            for words, settings in (
                (["serve-commands", "--ledger", str(folder / "ledger")], writing),
                (["publish", "--ledger", str(folder / "ledger")], writing),
                (["project", "--ledger", str(read_side)], reading),
            )
        }
        assert wait_until((read_side / ADDRESS_NAME).exists, READY_SECONDS)
        numbers = {name: process.pid for name, process in started.items()}
        asking = stack.enter_context(Reader(read_side))
        meter = Meter(
            {**numbers, **servers_numbers(broker, server)},
            {"of project's: DuckDB's copy of the file": lambda: bytes_of_the_file(asking)},
        )
        warming, counted = int(pace * warm_up), int(pace * seconds)
        ask = partial(position_of_a_report, stack.enter_context(Reader(read_side)))
        load = Load(kafka, ask, FIRST_COMMANDS + warming + counted, ask_every)
        load.check_processes = lambda: check_running(started)
        first, warm, rest = map(load.made_ready, (FIRST_COMMANDS, warming, counted))
        with load.listening():
            load.send(first, pace)
            load.wait_until_seen()
            load.send(warm, pace)
            with meter.measuring():
                load.send(rest, pace)
            load.wait_until_seen()
        check_calls(read_side, load)
        return report(load, meter, FIRST_COMMANDS + warming, pace, seconds)


def bytes_of_the_file(reader: Reader) -> int:
    """How much of the file DuckDB keeps in memory: it does, up to the limit that it is given."""
    (row,) = reader.ask(
        "select memory_usage_bytes as held from duckdb_memory() where tag = 'BASE_TABLE'"
    ).table.to_pylist()
    return int(row["held"])


def check_running(started: Mapping[str, Popen[bytes]]) -> None:
    """Nothing is measured any more once a process has ended."""
    for name, process in started.items():
        if process.poll() is not None:
            raise ProcessFailed(f"{name} ended with {process.returncode}")


def check_calls(read_side: Path, load: Load) -> None:
    """The tables have every call of which a command was recorded, and no other."""
    with Reader(read_side) as reader:
        (row,) = reader.ask("select count(*) as calls from calls").table.to_pylist()
    assert row["calls"] == len(load.calls), (row, len(load.calls))


def report(load: Load, meter: Meter, first: int, pace: float, seconds: float) -> str:
    """Waits, processor and memory, as Markdown."""
    count = load.sent - first
    figures = [Figure("commands sent, at their own pace", pace, "commands/s")]
    figures += waits_of("command → answer", load.answer_waits(first))
    figures += waits_of("command → report", load.report_waits(first, load.sent), TARGET_SECONDS)
    figures += waits_of("of it: sent late by the bench", load.sending_late(first))
    figures += waits_of("of it: the report itself", sorted(load.asked_seconds))
    for name, used in meter.processor_seconds.items():
        aim = PROJECT_MICROSECONDS if name == "project" else None
        what = f"processor: {name}"
        figures.append(Figure(what, used / count * 1e6, "µs a command", aim, at_most=True))
    parts = [table(figures), memory_table(meter, min(60.0, seconds / 4))]
    if seconds > MINUTE:
        parts.insert(1, minute_by_minute(load, first, int(pace * MINUTE)))
    return "\n\n".join(parts)


def minute_by_minute(load: Load, first: int, commands_a_minute: int) -> str:
    """The 99 % waits of each minute, which tell whether it becomes slower as history grows."""
    minutes = range(first, load.sent - commands_a_minute + 1, commands_a_minute)
    each = (load.report_waits(begin, begin + commands_a_minute) for begin in minutes)
    longest = ", ".join(f"{percentile(waits, 99) * 1000:,.0f}" for waits in each)
    return f"Command → report, p99 minute by minute: {longest} ms."


def percentile(waits: Sequence[float], share: int) -> float:
    """The wait that so many in a hundred do not exceed; the waits are sorted."""
    return waits[len(waits) * share // 100]


def waits_of(what: str, waits: Sequence[float], target: float | None = None) -> list[Figure]:
    return [
        Figure(f"{what}: p50", percentile(waits, 50) * 1000, "ms"),
        Figure(
            f"{what}: p99",
            percentile(waits, 99) * 1000,
            "ms",
            target and target * 1000,
            at_most=True,
        ),
        Figure(f"{what}: most", waits[-1] * 1000, "ms"),
    ]


def memory_table(meter: Meter, window_seconds: float) -> str:
    """Memory of each process at first, at last, and how fast it grows."""
    window = f"{window_seconds:.0f} seconds"
    lines = [
        f"| memory of | first {window}, median | last {window}, median | most | slope "
        "| slope of the second half |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, samples in meter.samples.items():
        one = growth(samples, window_seconds)
        lines.append(
            f"| {name} | {one.first_mib:,.0f} MiB | {one.last_mib:,.0f} MiB "
            f"| {one.most_mib:,.0f} MiB | {one.mib_a_minute:+,.1f} MiB a minute "
            f"| {one.mib_a_minute_at_last:+,.1f} MiB a minute |"
        )
    return "\n".join(lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands-a-second", type=float, default=1000)
    arguments.add_argument("--minutes", type=float, default=1)
    arguments.add_argument("--warm-up-seconds", type=float, default=10)
    arguments.add_argument("--ask-every-seconds", type=float, default=0.1)
    arguments.add_argument("--keep", metavar="NAME", nargs="?", const="end-to-end",
                           help="write them between these marks of bench/README.md")  # fmt: skip
    asked = arguments.parse_args()
    where = machine()
    with folder_of_its_own() as folder:
        tables = measured(
            folder,
            asked.commands_a_second,
            asked.minutes * 60,
            asked.warm_up_seconds,
            asked.ask_every_seconds,
        )
    text = f"Measured {where}; {asked.minutes:g} minutes.\n\n{tables}"
    print(text)
    if asked.keep:
        keep(text, asked.keep)


if __name__ == "__main__":
    main()
