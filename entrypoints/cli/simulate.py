"""`call-ledger simulate`: a contact centre's days, seeded and calibrated on real calls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, LedgerOption, RuleSetName
from entrypoints.ui.progress import progress
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from domain.commands import Command
    from ledger.outcomes import OutcomeCounts

COMMANDS_IN_ONE_GROUP = 2_000
FIRST_DAY = "2026-01-05"
TICK_SECONDS = 0.1

Calls = Annotated[int, typer.Option(min=1, max=10_000_000, metavar="N", help="How many calls.")]
Seed = Annotated[
    int, typer.Option(metavar="N", help="The same seed gives the same history, to the last id.")
]


def simulate(
    calls: Calls = 1000,
    seed: Seed = 1,
    days: Annotated[
        int, typer.Option(min=1, max=3650, metavar="N", help="Over how many days they are spread.")
    ] = 1,
    day: Annotated[
        str, typer.Option(metavar="DAY", help="The first day on which calls arrive, UTC.")
    ] = FIRST_DAY,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=100_000,
            metavar="N",
            help="Record this many commands a second, spread evenly.",
        ),
    ] = None,
    rules: RuleSetName = "seed",
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Simulate calls and record them through the rules, as any other commands.

    Proportions and durations are those of real Webex calls. Running it again with the
    same seed adds nothing: every command is known by its id.

    [bold]call-ledger simulate --calls 1000 --seed 7 --days 5[/bold]
    """
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{day!r} is no day; write one like {FIRST_DAY}.") from None
    counts = record_simulated(ledger, rules, calls, seed, start, days, rate)
    typer.echo(counts.sentence())


def record_simulated(
    folder: LedgerFolder,
    rules: str,
    calls: int,
    seed: int,
    start: datetime,
    days: int = 1,
    rate: float | None = None,
) -> OutcomeCounts:
    """Record the simulated commands in groups, at most `rate` of them a second."""
    from domain.rule_sets import RULE_SETS
    from ledger.ledger import Ledger
    from ledger.outcomes import OutcomeCounts, Request
    from simulation.day import simulate as simulated

    counts = OutcomeCounts()
    rule_set = RULE_SETS[rules]
    commands = simulated(calls, seed, start, days, rule_set)
    size = COMMANDS_IN_ONE_GROUP if rate is None else max(1, int(rate * TICK_SECONDS))
    with (
        Ledger.open(folder, rule_set, doing="simulate") as ledger,
        progress("recording", unit="commands") as moved,
    ):
        for group in paced(groups_of(commands, size), size, rate):
            counts.take_all(ledger.record_many([Request(command) for command in group]))
            moved(counts.recorded + counts.refused + counts.repeated, None)
    return counts


def groups_of(commands: Iterator[Command], size: int) -> Iterator[list[Command]]:
    """The commands in groups of a size; the last may be smaller."""
    while group := list(islice(commands, size)):
        yield group


def paced(
    groups: Iterator[list[Command]], size: int, rate: float | None
) -> Iterator[list[Command]]:
    """Let each group go when it is due at this rate; without a rate at once."""
    began = time.monotonic()
    for number, group in enumerate(groups):
        if rate is not None:
            time.sleep(max(0.0, began + number * size / rate - time.monotonic()))
        yield group
