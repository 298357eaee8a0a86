"""From a command that is due to a report over shards that shows it, and what the table grows by.

python -m bench.shards [--shards 2] [--commands-a-second 1000] [--minutes 1] [--keep]

Commands go to `call-commands` when they are due (open loop), through `serve-commands`, PostgreSQL,
`publish`, Kafka and as many `project --shard` as asked into one Delta table, each the real command
line in a process of its own. A report over all shards is asked twice a second, as `serve --lake`
answers it, and shows a command once the lowest position has come to the command's last event.
Files, bytes, and the time of a report that opens the table anew, are told minute by minute.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.company import Meter, running, servers_numbers
from bench.end_to_end import FIRST_COMMANDS, MINUTE, READY_SECONDS, check_running, waits_of
from bench.figures import Figure, keep, machine, table
from bench.load import Load, position_of_a_report
from bench.servers import folder_of_its_own, kafka_in, postgresql_in
from infra.kafka import Kafka
from infra.local.servers import wait_until
from infra.postgresql import Postgresql
from infra.topics import create
from lake.latest import Latest
from lake.place import LakePlace
from lake.reading import LakeReader
from lake.rows import records
from lake.table import Lake
from ledger.store.postgresql import PostgresqlEventStore

TARGET_SECONDS = 3.0
ASK_EVERY_SECONDS = 0.5
SAMPLE_EVERY_SECONDS = 10.0
WARM_UP_SECONDS = 20.0
MIB = 1024**2


class Asked:
    """Asks the report of all shards, and keeps what the table comes to meanwhile."""

    def __init__(self, place: LakePlace) -> None:
        self._latest = Latest(place)
        self._lake = Lake(place)
        self.samples: list[tuple[float, float, int, int, int]] = []
        """When, and how long it took to open and ask anew; files, fresh ones, bytes."""

    def position(self) -> int:
        """The position that a report is true at, as the server of all shards answers it."""
        if not self.samples or time.monotonic() > self.samples[-1][0] + SAMPLE_EVERY_SECONDS:
            self._sample()
        return position_of_a_report(self._latest.reader())

    def _sample(self) -> None:
        began = time.monotonic()
        self._lake.look()
        with LakeReader(self._lake) as reader:
            position_of_a_report(reader)
        seconds = time.monotonic() - began
        files = self._lake.files()
        fresh = sum(one.is_fresh for one in files)
        size_bytes = sum(one.size_bytes for one in files)
        self.samples.append((began, seconds, len(files), fresh, size_bytes))

    def by_minute(self) -> str:
        """What each minute's samples had, in the middle of them."""
        began = self.samples[0][0]
        minutes: dict[int, list[tuple[float, ...]]] = {}
        for sample in self.samples:
            minutes.setdefault(int((sample[0] - began) // MINUTE), []).append(sample[1:])
        lines = [
            "| minute | report, opened anew | files | of them fresh | MiB |",
            "|---:|---:|---:|---:|---:|",
        ]
        for minute, some in minutes.items():
            seconds, files, fresh, size = (median(column) for column in zip(*some, strict=True))
            lines.append(
                f"| {minute + 1} | {seconds * 1000:,.0f} ms | {files:,.0f} | {fresh:,.0f} "
                f"| {size / MIB:,.1f} |"
            )
        return "\n".join(lines)


def measured(folder: Path, shards: int, pace: float, seconds: float) -> str:
    """The tables of one run."""
    place = LakePlace.of(str(folder / "tables"))
    with ExitStack() as stack:
        broker = stack.enter_context(kafka_in(folder))
        server = stack.enter_context(postgresql_in(folder))
        create(Kafka(broker.bootstrap))
        PostgresqlEventStore.open(Postgresql(server.url)).close()
        there = {"CALL_LEDGER_KAFKA": broker.bootstrap}
        writing = {**there, "CALL_LEDGER_STORE": server.url}
        ledger = ["--ledger", str(folder / "ledger")]
        started = {
            words[0]: stack.enter_context(running([*words, *ledger], folder, writing))
            for words in (["serve-commands"], ["publish"])
        }
        for number in range(1, shards + 1):
            own = folder / f"shard-{number}"
            own.mkdir()
            words = ["project", "--shard", f"{number}/{shards}", "--into", place.uri]
            words += ["--ledger", str(own)]
            started[f"shard {number}"] = stack.enter_context(running(words, own, there))
        assert wait_until(lambda: have_begun(place, shards), READY_SECONDS)
        asked = Asked(place)
        numbers = {name: process.pid for name, process in started.items()}
        meter = Meter({**numbers, **servers_numbers(broker, server)})
        warming, counted = int(pace * WARM_UP_SECONDS), int(pace * seconds)
        load = Load(
            Kafka(broker.bootstrap),
            asked.position,
            FIRST_COMMANDS + warming + counted,
            ASK_EVERY_SECONDS,
        )
        load.check_processes = lambda: check_running(started)
        first, warm, rest = map(load.made_ready, (FIRST_COMMANDS, warming, counted))
        with load.listening():
            for some in (first, warm):
                load.send(some, pace)
                load.wait_until_seen()
            with meter.measuring():
                load.send(rest, pace)
            load.wait_until_seen()
        return report(load, asked, meter, FIRST_COMMANDS + warming, pace)


def have_begun(place: LakePlace, shards: int) -> bool:
    """Whether each shard has made its first commit."""
    lake = Lake.made(place)
    return len(records(lake, lake.files())) == shards


def report(load: Load, asked: Asked, meter: Meter, first: int, pace: float) -> str:
    """Waits, processor and growth, as Markdown."""
    count = load.sent - first
    figures = [
        Figure("commands sent, at their own pace", pace, "commands/s"),
        *waits_of(
            "command → report over all shards", load.report_waits(first, load.sent), TARGET_SECONDS
        ),
        *waits_of("of it: sent late by the bench", load.sending_late(first)),
        *waits_of("of it: the report itself", sorted(load.asked_seconds)),
        *(
            Figure(f"processor: {name}", used / count * 1e6, "µs a command")
            for name, used in meter.processor_seconds.items()
        ),
    ]
    return f"{table(figures)}\n\n{asked.by_minute()}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shards", type=int, default=2)
    arguments.add_argument("--commands-a-second", type=float, default=1000)
    arguments.add_argument("--minutes", type=float, default=1)
    arguments.add_argument("--keep", action="store_true", help="write the tables into README.md")
    said = arguments.parse_args()
    where = machine()
    with folder_of_its_own() as folder:
        tables = measured(folder, said.shards, said.commands_a_second, said.minutes * MINUTE)
    text = f"{said.shards} shards, {said.minutes:g} minutes. Measured {where}.\n\n{tables}"
    print(text)
    if said.keep:
        keep(text, "shards")


if __name__ == "__main__":
    main()
