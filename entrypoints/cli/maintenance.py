"""Keeping a ledger: `status`, `doctor`, `rebuild` and `config`."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerFolder
from entrypoints.ui.output import print_table, shown, write_json
from entrypoints.ui.progress import progress
from infra.errors import LedgerError
from infra.folder import LedgerFolder as Folder

COUNTS = """
select
  (select count(*) from calls) as calls,
  (select count(*) from calls where is_open) as open_calls,
  (select count(*) from calls where not is_open and not is_closed) as calls_missing_a_wrap_up,
  (select count(*) from calls where is_incomplete) as incomplete_calls,
  (select count(*) from events where rules_broken is not null) as rule_breaking_events
"""


def status(json: AsJson = False, ledger: LedgerFolder = DEFAULT_FOLDER) -> None:
    """Say how far the ledger and its tables are, and what is open.

    [bold]call-ledger status --json[/bold]
    """
    from entrypoints.workers.lag import lag, withheld
    from ledger.quarantine import reading_quarantine
    from ledger.store.by_setting import store_shown
    from projections.feeds import NothingToFollow, feed_of
    from projections.serving.client import Reader

    with closing(feed_of(ledger)) as feed:
        head, store_bytes = feed.head(), feed.size_bytes()
        has_store = not isinstance(feed, NothingToFollow)
    before = projected_before(ledger)
    with (
        progress("projecting", unit="events") as moved,
        Reader(ledger, progress=moved) as reader,
    ):
        answer = reader.ask(COUNTS)
        behind, apart = lag(reader), withheld(reader)
    folder = Folder(ledger)
    waiting = None
    if has_store:
        with reading_quarantine(ledger) as quarantine:
            waiting = quarantine.waiting()
    facts = {
        "ledger": str(ledger.absolute()),
        "store": store_shown(ledger) if has_store else "none: the tables follow Kafka",
        "position": head.position,
        "refusals": head.refusal_number,
        "projected_position": before,
        "lag_events": None if before is None else max(0, head.position - before),
        "answered_at_position": answer.position,
        **answer.table.to_pylist()[0],
        "in_quarantine": waiting,
        **apart,
        **behind,
        **(stages_before(ledger) if has_store else {}),
        "store_bytes": store_bytes,
        "projections_bytes": folder.projections.stat().st_size,
        "note": answer.note or None,
    }
    if json:
        write_json(facts)
    else:
        rows = [(name.replace("_", " "), shown(value)) for name, value in facts.items()]
        print_table(("what", "value"), rows)


def stages_before(ledger: LedgerFolder) -> dict[str, float]:
    """Where a Kafka is named: how far what comes before the tables is behind."""
    from infra.settings import Settings

    settings = Settings()
    if settings.kafka is None:
        return {}
    from entrypoints.workers.progress import lag_of_stages
    from infra.kafka import Kafka

    return lag_of_stages(ledger, Kafka.of(settings))


def projected_before(ledger: LedgerFolder) -> int | None:
    """How far the tables were before this question; unknown while another process has them."""
    from projections.serving.server import Busy, owning

    if not Folder(ledger).projections.exists():
        return 0
    try:
        with owning(ledger) as owner:
            return owner.projections.positions.projected_position
    except Busy:
        return None


def doctor(json: AsJson = False, ledger: LedgerFolder = DEFAULT_FOLDER) -> None:
    """Examine this machine and the ledger, check by check.

    Exit code 1 for a finding, 3 when something could not be examined.

    [bold]call-ledger doctor --json[/bold]
    """
    from entrypoints.cli.doctor import Verdict, examine

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


def rebuild(
    from_store: Annotated[
        bool,
        typer.Option("--from-store", help="Read every event again from the store, not DuckDB's."),
    ] = False,
    json: AsJson = False,
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Compute every table anew beside the current ones, compare, and swap.

    The current tables answer meanwhile. Exit code 1 when a table came out other
    than it was.

    [bold]call-ledger rebuild --from-store[/bold]
    """
    from ledger.feed import StoreFeed
    from projections.serving.server import Busy, owning

    with StoreFeed(ledger) as feed:
        feed.head()
    try:
        if from_store:
            with owning(ledger):
                pass
            Folder(ledger).projections.unlink(missing_ok=True)
        with (
            progress("projecting", unit="events") as moved,
            owning(ledger, lambda: StoreFeed(ledger)) as owner,
        ):
            positions = owner.bring_up(moved)
            with owner.writing() as projections:
                differences = projections.rebuild()
    except Busy:
        raise LedgerError(
            f"The tables in {ledger} are in use by another process: rebuild when it has finished."
        ) from None
    if json:
        write_json(
            {"position": positions.position, "differences": [one._asdict() for one in differences]}
        )
    elif differences:
        names = ("table", "rows_before", "rows_after")
        print_table(names, differences, "Tables that came out other than they were")
    else:
        typer.echo(f"Every table came out the same, at position {positions.position:,}.")
    raise typer.Exit(1 if differences else 0)


def config(json: AsJson = False) -> None:
    """Print every setting: its variable, its value, and what it means.

    [bold]CALL_LEDGER_TIME_ZONE=Europe/Rome call-ledger config[/bold]
    """
    from infra.settings import Settings

    settings = Settings()
    rows = [
        {
            "variable": f"CALL_LEDGER_{name.upper()}",
            "value": value_shown(str(getattr(settings, name))),
            "set": name in settings.model_fields_set,
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    if json:
        write_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])


def value_shown(value: str) -> str:
    """A setting's value; of a URL what is not secret."""
    if "://" not in value:
        return value
    from infra.postgresql import without_password

    return without_password(value)
