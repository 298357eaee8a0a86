"""Past commands decided anew, beside the bare decoding of the same documents.

python -m bench.replay [--calls 100000] [--keep]

The floors are of the same ledger in the same run, by one process: every document read from SQLite
by call, and each of them decoded once besides, as a replay does. A replay with several processes
begins them in its time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from archive.creation import create
from archive.folder import FolderPlace
from archive.history import open_archive
from bench.figures import Figure, keep, machine, table
from domain.rule_sets import MULTI_PARTY, ChangedRuleSet
from domain.vocabulary import Phase, Role
from entrypoints.cli.simulate import record_simulated
from infra.folder import LedgerFolder
from ledger.replay.history import OpenHistory, store_history
from ledger.replay.kept import recorded_event
from ledger.replay.parts import replayed
from ledger.replay.question import Answer, Question
from ledger.store.opening import store_to_read

COMMANDS_A_SECOND = 100_000
START = datetime(2026, 1, 5, tzinfo=UTC)
NO_HOLD = ChangedRuleSet(
    "no-hold", 3, False, False, cells=((Role.OWNER, Phase.CONNECTED, "hold", "H1"),)
)
NO_CONSULT = ChangedRuleSet(
    "no-consult", 3, False, False, cells=((Role.OWNER, Phase.CONNECTED, "start-consult", "C1"),)
)


class Took(NamedTuple):
    """Seconds by the clock, and of the processor in this process and in those that it began."""

    seconds: float
    processor_seconds: float


def took(work: Callable[[], object]) -> Took:
    began, before = time.perf_counter(), os.times()
    work()
    seconds, after = time.perf_counter() - began, os.times()
    return Took(seconds, sum(after[:4]) - sum(before[:4]))


def measure(calls: int) -> list[Figure]:
    """Every figure of replays."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-bench-") as name:
        ledger, place = LedgerFolder(Path(name) / "ledger"), FolderPlace(Path(name) / "archive")
        record_simulated(ledger, "seed", calls, 7, START)
        history = partial(store_history, ledger)
        commands = judged(history, Question(MULTI_PARTY), 1).judged
        figures = [
            *figures_of("floor: read by call", commands, took(lambda: read(history))),
            *figures_of("floor: read and decoded", commands, took(lambda: read(history, True))),
        ]
        for rules in (MULTI_PARTY, NO_HOLD, NO_CONSULT):
            question = Question(rules)
            differing = judged(history, question, 1).differing
            what = f"{rules.name}, {differing:,} of {commands:,} differ"
            for processes in (1, 2):
                time_taken = took(partial(judged, history, question, processes))
                aim = COMMANDS_A_SECOND if processes == 2 else None
                figures += figures_of(f"{what}: processes: {processes}", commands, time_taken, aim)
        with closing(store_to_read(ledger)) as store:
            create(store, place, lambda _done, _total: None)
        time_taken = took(lambda: from_archive(place, Path(name)))
        figures += figures_of("multi-party, an archive: processes: 2", commands, time_taken)
        call = judged(history, Question(NO_HOLD), 1).differences[0]
        of_call = Question(NO_HOLD, call=(call.source, call.call_id))
        seconds = took(partial(judged, history, of_call, 2)).seconds
        return [*figures, Figure("one call", seconds * 1e3, "ms")]


def figures_of(
    what: str, commands: int, time_taken: Took, aim: float | None = None
) -> list[Figure]:
    return [
        Figure(what, commands / time_taken.seconds, "commands/s", aim),
        Figure(f"{what}: processor", time_taken.processor_seconds / commands * 1e6, "µs a command"),
    ]


def judged(history: OpenHistory, question: Question, processes: int) -> Answer:
    """The whole answer."""
    answer = Answer()
    for _, _, answer in replayed(history, question, processes):  # noqa: B007 - the last is whole
        pass
    return answer


def read(open_history: OpenHistory, decoding: bool = False) -> None:
    """Every event, in the parts in which a replay reads them."""
    with open_history() as history:
        head, size = history.head().position, history.part_events
        for first in range(1, head + 1, size):
            rows = history.events_between(first, first + size - 1, head).rows
            if decoding:
                for _, position, document in rows:
                    recorded_event(position, document)


def from_archive(place: FolderPlace, scratch: Path) -> None:
    judged(open_archive(place, scratch), Question(MULTI_PARTY), 2)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=100_000)
    arguments.add_argument("--keep", action="store_true")
    asked = arguments.parse_args()
    where = machine()
    text = f"Measured {where}; {asked.calls:,} simulated calls.\n\n{table(measure(asked.calls))}"
    print(text)
    if asked.keep:
        keep(text, "replay")


if __name__ == "__main__":
    main()
