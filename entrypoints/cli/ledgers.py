"""`call-ledger ledgers`: how far each of several is, and whether calls are where they belong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from entrypoints.ui.options import AsJson, LedgersFile, several_ledgers
from entrypoints.ui.output import print_table, shown, write_json
from entrypoints.ui.progress import Moved, progress
from infra.errors import FINDING, NOT_DONE, LedgerError, LedgerMissing
from infra.folder import LedgerFolder
from infra.visible import visible

if TYPE_CHECKING:
    from infra.settings import Settings
    from ledger.feed import StoreFeed
    from projections.feeds import NothingToFollow

Found = TypeVar("Found")

AT_ONCE = 8
"""Ledgers that are asked at the same time: one that cannot be reached is waited for."""

app = typer.Typer(
    help="Several ledgers: where each is, how far it is, and which calls belong to it.",
    invoke_without_command=True,
)


@app.callback()
def ledgers(context: typer.Context, file: LedgersFile = None, json: AsJson = False) -> None:
    """List the ledgers of a company that has several: where each is, and how far.

    One that cannot be reached is a line that says so. Exit code 1 then.

    [bold]call-ledger ledgers --ledgers ledgers.toml[/bold]
    """
    if context.invoked_subcommand is not None:
        return
    rows = of_each(several_ledgers(context, file), row_of)
    if json:
        write_json({"ledgers": rows})
    else:
        names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        print_table(names, [[shown(row[name]) for name in names] for row in rows])
    raise typer.Exit(FINDING if any(row["problem"] for row in rows) else 0)


def of_each(
    places: Sequence[tuple[Settings, LedgerFolder]],
    look: Callable[[Settings, LedgerFolder], Found],
) -> list[Found]:
    """What is found of each, in the order of the file."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(lambda one: look(*one), places)]


def row_of(settings: Settings, folder: LedgerFolder) -> dict[str, Any]:
    """One ledger; what could not be looked up is nothing, and `problem` says why."""
    assert folder.member is not None
    row: dict[str, Any] = {
        "ledger": folder.member.name,
        "calls": folder.member.ledgers.rule.calls_of(folder.member.name),
        "store": folder.store_shown,
        "folder": str(folder),
        "position": None,
        "refusals": None,
        "projected_position": None,
        "lag_events": None,
        "published_position": None,
        "publish_lag_events": None,
        "problem": None,
    }
    try:
        row |= of_store(folder)
        row |= of_tables(folder, row["position"])
        row |= of_kafka(settings, folder)
    except LedgerError as error:
        row["problem"] = str(error)
    return row


def of_store(folder: LedgerFolder) -> dict[str, Any]:
    """How far the event store is."""
    with closing(feed_of_any(folder)) as feed:
        head = feed.head()
    return {"position": head.position, "refusals": head.refusal_number}


def feed_of_any(folder: LedgerFolder) -> StoreFeed | NothingToFollow:
    """The event store of a ledger; one that has none yet is at 0."""
    from ledger.feed import StoreFeed
    from projections.feeds import NothingToFollow

    try:
        return StoreFeed(folder)
    except LedgerMissing:
        return NothingToFollow()


def of_tables(folder: LedgerFolder, position: int) -> dict[str, Any]:
    """How far the tables of its folder are behind it."""
    from entrypoints.cli.status import tables_before

    projected = tables_before(folder).position
    return {
        "projected_position": projected,
        "lag_events": max(0, position - projected),
    }


def of_kafka(settings: Settings, folder: LedgerFolder) -> dict[str, Any]:
    """How far the publisher is behind it, where a Kafka is named."""
    if settings.kafka is None:
        return {}
    from consumers.kafka.checkpoints import POSITION
    from entrypoints.workers.lag import checkpoint_of_publisher, lag_of_publisher
    from infra.kafka import Kafka

    checkpoint = checkpoint_of_publisher(Kafka.of(settings))
    with closing(feed_of_any(folder)) as feed:
        lag = lag_of_publisher(feed, checkpoint)
    return {
        "published_position": checkpoint.get(POSITION, 0),
        "publish_lag_events": lag["lag_events"],
    }


@app.command()
def check(context: typer.Context, file: LedgersFile = None, json: AsJson = False) -> None:
    """Look whether every recorded call is in the ledger that it belongs to.

    Run it with the new file before processes are started with it. Exit code 1 when a call belongs
    elsewhere by now, or two ledgers are one; 3 when nothing was found and not all could be looked
    at.

    [bold]call-ledger ledgers check --ledgers ledgers.toml[/bold]
    """
    with progress("checking", unit="calls") as moved:
        found = of_each(several_ledgers(context, file), looking(moved))
    tell_copies(found)
    if json:
        write_json({"ledgers": [one.document for one in found]})
    else:
        for one in found:
            typer.echo(f"{one.ledger}: {' '.join(one.sentences) or 'every call belongs here.'}")
    if any(one.findings for one in found):
        raise typer.Exit(FINDING)
    raise typer.Exit(NOT_DONE if any(one.problem for one in found) else 0)


@dataclass(slots=True)
class Checked:
    """What was found of one ledger."""

    ledger: str
    findings: list[str] = field(default_factory=list)
    problem: str | None = None
    """Why it could not be looked at."""
    identity: int | None = None
    """The fingerprint of its first event."""

    @property
    def sentences(self) -> list[str]:
        """All that is to be said of it."""
        return [*self.findings, *([self.problem] if self.problem else [])]

    @property
    def document(self) -> dict[str, Any]:
        """The same for programs."""
        return {"ledger": self.ledger, "findings": self.findings, "problem": self.problem}


def looking(moved: Moved) -> Callable[[Settings, LedgerFolder], Checked]:
    """How one ledger is looked at, while all together say how many calls they have read."""
    read, counting = 0, Lock()

    def on_read(calls: int) -> None:
        nonlocal read
        with counting:
            read += calls
            moved(read, None)

    return lambda _, folder: looked_at(folder, on_read)


def looked_at(folder: LedgerFolder, on_read: Callable[[int], None]) -> Checked:
    """Read the calls of one ledger."""
    from ledger.feed import StoreFeed
    from ledger.identity import fingerprint_at
    from ledger.membership import calls_elsewhere, name_in_last

    member = folder.member
    assert member is not None
    checked = Checked(member.name)
    try:
        with closing(StoreFeed(folder)) as feed:
            checked.identity = fingerprint_at(feed, 1)
            checked.findings += [
                f"{one.calls:,} of its calls belong to {one.home or 'no ledger'} by this file, such"
                f" as {visible(one.call_id)} of {one.source}: leave them where they are, by a rule"
                " that says so."
                for one in calls_elsewhere(feed, member, on_read)
            ]
            name = name_in_last(feed)
    except LedgerMissing:
        return checked
    except LedgerError as error:
        checked.problem = str(error)
        return checked
    if name not in (None, member.name):
        checked.findings.append(f"Its last event was recorded by {name}: is this its store?")
    return checked


def tell_copies(found: list[Checked]) -> None:
    """Two stores with the same first event are one ledger, or copies of it."""
    first: dict[int, str] = {}
    for one in found:
        if one.identity is None:
            continue
        other = first.setdefault(one.identity, one.ledger)
        if other != one.ledger:
            one.findings.append(f"It is the same ledger as {other}, or a copy: name its own store.")
