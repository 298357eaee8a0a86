"""`call-ledger doctor`: this machine, the store and the tables over it, examined."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Final

import msgspec
import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, write_json
from infra.errors import FINDING, NOT_DONE, LedgerError
from infra.folder import LedgerFolder
from infra.visible import visible
from ledger.store.completeness import RESTORE

SAFE_SQLITE = (3, 51, 3)
LITTLE_SPACE_BYTES = 1 << 30


UNKNOWN_VERSION: Final = -1
FIGURES: Final = """
select
  (select count(*) from events) as events,
  (select count(*) from dead_letters where state = 'waiting' and position is not null)
    as dead_letters,
  (select count(*) from calls where call_position in (select call_position from events)) as calls,
  (select count(distinct call_position) from events) as calls_of_events
"""

TOLD_BY_BOTH_DOORS: Final = """
select count(distinct call_position) as calls, min_by(call_id, position) as first_call
from (
  select call_position, min(position) as position, any_value(call_id) as call_id
  from events
  where type <> 'call.activity-noted.v1'
  group by call_position, type, actor, occurred_at
  having bool_or(observed) and not bool_and(observed)
)
"""
"""Calls in which an observation has told what a command had done, at the same time by the same."""


class Versioned(msgspec.Struct):
    """Of a document only its version."""

    version: int


VERSION: Final = msgspec.json.Decoder(Versioned)


class Verdict(StrEnum):
    """What a check came to."""

    FINE = "fine"
    FINDING = "finding"
    UNKNOWN = "could not check"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check, its verdict, and what was found in one sentence."""

    check: str
    verdict: Verdict
    says: str


Check = Callable[[LedgerFolder], list[Finding]]


def doctor(json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Examine this machine and the ledger, check by check.

    Exit code 1 when there is a finding; 3 when there is none, but something could not be examined.

    [bold]call-ledger doctor --json[/bold]
    """
    findings = examine(ledger)
    if json:
        write_json([{"check": f.check, "verdict": f.verdict, "says": f.says} for f in findings])
    else:
        print_table(("verdict", "check", "what_was_found"), rows_of(findings))
    verdicts = {one.verdict for one in findings}
    if Verdict.FINDING in verdicts:
        raise typer.Exit(FINDING)
    raise typer.Exit(NOT_DONE if Verdict.UNKNOWN in verdicts else 0)


def rows_of(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """A row of each finding; checks in a row of which the same is to be said share one."""
    return [
        (verdict.value, ", ".join(finding.check for finding in alike), says)
        for (verdict, says), alike in groupby(findings, attrgetter("verdict", "says"))
    ]


def examine(folder: LedgerFolder) -> list[Finding]:
    """Run every check; one that fails for a reason of its own says so and the others go on."""
    checks: tuple[Check, ...] = (libraries, space, store, events, tables, doors)
    return [finding for check in checks for finding in attempted(check, folder)]


def attempted(check: Check, folder: LedgerFolder) -> list[Finding]:
    """The findings of a check, or why it could not be made."""
    import duckdb

    try:
        return check(folder)
    except (LedgerError, OSError, sqlite3.Error, duckdb.Error) as error:
        return [Finding(check.__name__, Verdict.UNKNOWN, str(error))]


def libraries(_: LedgerFolder) -> list[Finding]:
    """The versions that decide how safe the file is."""
    import duckdb

    version = sqlite3.sqlite_version
    care = (
        ""
        if sqlite3.sqlite_version_info >= SAFE_SQLITE
        else " (before 3.51.3: only one process may write, which the ledger's lock sees to)"
    )
    says = f"SQLite {version}{care}, DuckDB {duckdb.__version__}"
    return [Finding("libraries", Verdict.FINE, says)]


def space(folder: LedgerFolder) -> list[Finding]:
    """Whether the disk has room for more."""
    place = folder.path if folder.path.exists() else folder.path.absolute().parent
    free_bytes = shutil.disk_usage(place).free
    verdict = Verdict.FINE if free_bytes > LITTLE_SPACE_BYTES else Verdict.FINDING
    return [Finding("space", verdict, f"{free_bytes / 1e9:,.1f} GB are free")]


def store(folder: LedgerFolder) -> list[Finding]:
    """Whether the database finds itself sound, and has each table and index that is needed."""
    from ledger.feed import StoreFeed

    with StoreFeed(folder) as feed:
        soundness = feed.soundness()
    verdict = Verdict.FINE if soundness.is_sound else Verdict.FINDING
    return [Finding("store", verdict, soundness.says)]


def events(folder: LedgerFolder) -> list[Finding]:
    """Whether an event is missing, from the ledger or from its call, or cannot be read."""
    from ledger.feed import StoreFeed

    walk = Walk()
    with StoreFeed(folder) as feed:
        for batch in feed.batches(0, with_gaps=True):
            for row in zip(batch.positions, batch.call_positions, batch.documents, strict=True):
                walk.look_at(*row)
        head = feed.head()
    return walk.findings(head.position)


@dataclass(slots=True)
class Problems:
    """How many there are, and the first in words."""

    count: int = 0
    first: str = ""

    def add(self, words: str, count: int = 1) -> None:
        """Count them, and keep the words of the first."""
        self.first = self.first or words
        self.count += count

    def finding(self, check: str, fine: str) -> Finding:
        """The finding: the first of them and how many there are, or that all is fine."""
        if not self.count:
            return Finding(check, Verdict.FINE, fine)
        more = f", and {self.count - 1:,} more" if self.count > 1 else ""
        return Finding(check, Verdict.FINDING, f"{self.first}{more}: {RESTORE}")


@dataclass(slots=True)
class Walk:
    """What is wrong with the events that were looked at so far, in the order of their positions."""

    last: int = 0
    versions: dict[int, int] = field(default_factory=dict)
    """The last version of each call, by its call position."""
    missing: Problems = field(default_factory=Problems)
    skipped: Problems = field(default_factory=Problems)
    unreadable: Problems = field(default_factory=Problems)

    def look_at(self, position: int, call_position: int, document: bytes) -> None:
        """Compare an event with those before it, and read it."""
        from ledger.document_validation import why_no_event

        if position != self.last + 1:
            self.missing.add(f"Position {self.last + 1} is missing", position - self.last - 1)
        self.last = position
        if why_not := why_no_event(document):
            self.unreadable.add(f"The event at position {position} cannot be read ({why_not})")
            # Its version is unknown: the next one of its call is taken as it is.
            self.versions[call_position] = UNKNOWN_VERSION
            return
        version = VERSION.decode(document).version
        before = self.versions.get(call_position, 0)
        if before != UNKNOWN_VERSION and version != before + 1:
            self.skipped.add(
                f"The call that begins at position {call_position} goes from version {before} to"
                f" {version} at position {position}"
            )
        self.versions[call_position] = version

    def findings(self, last_position: int) -> list[Finding]:
        """What came of it, once all events were looked at."""
        if last_position > self.last:
            self.missing.add(f"Position {self.last + 1} is missing", last_position - self.last)
        return [
            self.missing.finding("positions", f"1 to {self.last:,} are there without a gap"),
            self.skipped.finding(
                "versions", f"those of {len(self.versions):,} calls are there without a gap"
            ),
            self.unreadable.finding("documents", f"{self.last:,} can be read"),
        ]


def tables(folder: LedgerFolder) -> list[Finding]:
    """Whether the tables have every event, agree with each other, and can be read to the end."""
    from ledger.feed import FeedBroken, StoreFeed
    from projections.errors import Gap, UnreadableEvent
    from projections.models import kept_models
    from projections.serving.client import Reader

    with StoreFeed(folder) as feed:
        expected = feed.head().position
    try:
        with Reader(folder) as reader:
            (found,) = reader.ask(FIGURES).table.to_pylist()
            for name in ("events", "refusal_events", *(model.name for model in kept_models())):
                answer = reader.ask(f"select sum(hash(whole)) as read from {name} as whole")
    except (FeedBroken, Gap, UnreadableEvent) as broken:
        return [Finding("tables", Verdict.FINDING, str(broken))]
    says = f"{found['events']:,} events of {expected:,} are in the tables"
    if found["dead_letters"]:
        says += f", {found['dead_letters']:,} are dead letters (`call-ledger quarantine list`)"
    if found["calls"] != found["calls_of_events"]:
        says += (
            f", but {found['calls']:,} calls where they have {found['calls_of_events']:,}: compute"
            " them again with `call-ledger rebuild`"
        )
    if answer.note:
        says += f". {answer.note}"
    is_fine = (
        found["events"] >= expected
        and found["calls"] == found["calls_of_events"]
        and not answer.note
    )
    return [Finding("tables", Verdict.FINE if is_fine else Verdict.FINDING, says)]


def doors(folder: LedgerFolder) -> list[Finding]:
    """Whether observations tell again what commands have done, so that it counts twice."""
    from projections.serving.client import Reader

    with Reader(folder) as reader:
        (found,) = reader.ask(TOLD_BY_BOTH_DOORS).table.to_pylist()
    if not found["calls"]:
        return [Finding("doors", Verdict.FINE, "no observation tells what a command has done")]
    calls = "1 call" if found["calls"] == 1 else f"{found['calls']:,} calls"
    says = (
        f"In {calls}, such as {visible(found['first_call'])}, observations tell"
        " again what commands have done, and reports count both: import no records of calls that"
        " were recorded by commands, or give the import a source of its own"
    )
    return [Finding("doors", Verdict.FINDING, says)]
