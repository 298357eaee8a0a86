"""A ledger of a day, of calls that went on all day among others, and its archive."""

from __future__ import annotations

from pathlib import Path

from ledger.ledger import Ledger
from tests.entrypoints.calling import call
from tests.projections.held_calls import history


def record_and_archive(folder: Path, other_calls: int, segment_rows: int) -> None:
    """Record it in two halves, each followed by so many other calls."""
    all_day = sorted(history(0, 12), key=lambda command: command.command_id.int % 10)
    for commands in (all_day[:30], all_day[30:]):
        with Ledger.open(folder) as ledger:
            for command in commands:
                ledger.record(command)
        call(folder, "simulate", "--calls", str(other_calls), "--seed", "3")
    rows = ("--segment-rows", str(segment_rows))
    archived = call(folder, "archive", "create", str(folder / "archive"), *rows)
    assert archived.code == 0, archived.err
