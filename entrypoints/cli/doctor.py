"""`call-ledger doctor`: this machine, the store and the tables over it, examined."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, write_json
from infra.errors import LedgerError
from infra.folder import LedgerFolder

SAFE_SQLITE = (3, 51, 3)
LITTLE_SPACE_BYTES = 1 << 30


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


def doctor(json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Examine this machine and the ledger, check by check.

    Exit code 1 when there is a finding, 3 when something could not be examined.

    [bold]call-ledger doctor --json[/bold]
    """
    findings = examine(ledger)
    if json:
        write_json([{"check": f.check, "verdict": f.verdict, "says": f.says} for f in findings])
    else:
        rows = [(one.verdict.value, one.check, one.says) for one in findings]
        print_table(("verdict", "check", "what_was_found"), rows)
    verdicts = {one.verdict for one in findings}
    if Verdict.UNKNOWN in verdicts:
        raise typer.Exit(3)
    raise typer.Exit(1 if Verdict.FINDING in verdicts else 0)


def examine(folder: LedgerFolder) -> list[Finding]:
    """Run every check; one that fails for a reason of its own says so and the others go on."""
    checks: tuple[Callable[[LedgerFolder], Finding], ...] = (
        libraries,
        space,
        store,
        positions,
        tables,
    )
    return list(attempted(checks, folder))


def attempted(
    checks: tuple[Callable[[LedgerFolder], Finding], ...], folder: LedgerFolder
) -> Iterator[Finding]:
    """Each check's finding, or why it could not be made."""
    import duckdb

    for check in checks:
        try:
            yield check(folder)
        except (LedgerError, OSError, sqlite3.Error, duckdb.Error) as error:
            name = check.__name__.replace("_", " ")
            yield Finding(name, Verdict.UNKNOWN, str(error))


def libraries(_: LedgerFolder) -> Finding:
    """The versions that decide how safe the file is."""
    import duckdb

    version = sqlite3.sqlite_version
    care = (
        ""
        if sqlite3.sqlite_version_info >= SAFE_SQLITE
        else " (before 3.51.3: only one process may write, which the ledger's lock sees to)"
    )
    says = f"SQLite {version}{care}, DuckDB {duckdb.__version__}"
    return Finding("libraries", Verdict.FINE, says)


def space(folder: LedgerFolder) -> Finding:
    """Whether the disk has room for more."""
    place = folder.path if folder.path.exists() else folder.path.absolute().parent
    free_bytes = shutil.disk_usage(place).free
    verdict = Verdict.FINE if free_bytes > LITTLE_SPACE_BYTES else Verdict.FINDING
    return Finding("space", verdict, f"{free_bytes / 1e9:,.1f} GB are free")


def store(folder: LedgerFolder) -> Finding:
    """Whether the database finds itself sound."""
    from ledger.feed import StoreFeed

    with StoreFeed(folder) as feed:
        soundness = feed.soundness()
    verdict = Verdict.FINE if soundness.is_sound else Verdict.FINDING
    return Finding("store", verdict, soundness.says)


def positions(folder: LedgerFolder) -> Finding:
    """Whether positions and versions have no gap, so that nothing is missing from the middle."""
    from ledger.feed import StoreFeed

    last = 0
    with StoreFeed(folder) as feed:
        head = feed.head()
        for batch in feed.batches(0):
            last = batch.positions[-1]
    verdict = Verdict.FINE if last >= head.position else Verdict.FINDING
    return Finding("positions", verdict, f"1 to {last:,} are there without a gap")


def tables(folder: LedgerFolder) -> Finding:
    """Whether the tables show as many events as the store has."""
    from ledger.feed import StoreFeed
    from projections.serving.client import Reader

    with StoreFeed(folder) as feed:
        expected = feed.head().position
    with Reader(folder) as reader:
        answer = reader.ask("select count(*) as events from events")
    events = answer.table.column("events")[0].as_py()
    verdict = Verdict.FINE if events >= expected else Verdict.FINDING
    return Finding("tables", verdict, f"{events:,} events of {expected:,} are in the tables")
