"""`call-ledger import`: other systems' records, recorded as observations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.compressed import LONGEST_MARK_BYTES, refuse_compressed
from entrypoints.ui.options import DEFAULT_FOLDER, LedgerOption
from entrypoints.ui.progress import progress
from infra.folder import LedgerFolder
from infra.visible import visible

if TYPE_CHECKING:
    from importers.observation import Observation
    from ledger.outcomes import OutcomeCounts

app = typer.Typer(
    help="Import what other systems recorded, as observations, whatever rules they broke.",
    no_args_is_help=True,
)

OBSERVATIONS_IN_ONE_GROUP = 2_000


@app.callback()
def main() -> None:
    """Keep `import` a group: each system has a command of its own."""


@app.command()
def webex(
    files: Annotated[list[Path], typer.Argument(help="Search API responses with activities.")],
    source: Annotated[
        str, typer.Option(metavar="NAME", help="The name of this Webex in the ledger.")
    ] = "webex",
    base_day: Annotated[
        str,
        typer.Option(
            "--day", metavar="DAY", help="The day of calls whose records give durations only."
        ),
    ] = "1970-01-01",
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Import Webex Contact Center task details; importing a file again adds nothing.

    Pages of one call may be in several files: import them together.

    What such a record cannot tell (who, exact times) is in docs/webex.md. Exit
    code 1 when something could not be read and went to quarantine.

    [bold]call-ledger import webex tasks.json[/bold]
    """
    from importers import webex as webex_records

    try:
        base = datetime.fromisoformat(base_day).replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{base_day!r} is no day; write one like 2026-01-05.") from None
    for path in files:
        with suppress(OSError), path.open("rb") as file:
            refuse_compressed(file.read(LONGEST_MARK_BYTES), path)
    names = visible(", ".join(path.name for path in files))
    left: dict[str, int] = {}
    try:
        observations = webex_records.read(files, source, base, hold_back=left.__setitem__)
        counts, failed = record_observations(ledger, observations, names)
    except OSError as error:
        raise typer.BadParameter(f"{error.filename} cannot be read: {error.strerror}.") from None
    in_quarantine = f" {failed:,} pieces could not be read: call-ledger quarantine list."
    typer.echo(f"{names}: {counts.sentence()}{in_quarantine if failed else ''}{sentence_of(left)}")
    raise typer.Exit(1 if failed else 0)


def sentence_of(left: dict[str, int]) -> str:
    """How much of calls that are going on is left for a later record; nothing where nothing is."""
    if not left:
        return ""
    calls = "1 call is" if len(left) == 1 else f"{len(left):,} calls are"
    return f" {calls} going on; left for a later record: {sum(left.values()):,} activities."


def record_observations(
    folder: LedgerFolder, observations: Iterator[Observation], origin: str
) -> tuple[OutcomeCounts, int]:
    """Record what could be read and quarantine what could not; returns both counts."""
    from importers.observation import Unreadable
    from ledger.ledger import Ledger
    from ledger.outcomes import OutcomeCounts, Request
    from ledger.quarantine import Unread

    counts, unreadable_count = OutcomeCounts(), 0
    with (
        Ledger.open(folder, doing="import") as ledger,
        progress("importing", unit="observations") as moved,
    ):
        done = 0
        while group := list(islice(observations, OBSERVATIONS_IN_ONE_GROUP)):
            requests, unread = [], []
            for observation in group:
                if isinstance(observation, Unreadable):
                    unread.append(Unread(origin, observation.original, observation.reason))
                else:
                    requests.append(Request(observation, observed=True))
            unreadable_count += len(ledger.quarantine.add_many(unread))
            for outcome in ledger.record_many(requests):
                counts.take(outcome)
            done += len(group)
            moved(done, None)
    return counts, unreadable_count
