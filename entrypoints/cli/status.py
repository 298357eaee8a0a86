"""`call-ledger status`: how far the ledger and its tables are, and what is open."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption, settings_of
from entrypoints.ui.output import print_table, shown, write_json
from entrypoints.ui.progress import progress
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from infra.settings import Settings
    from projections.serving.client import Reader

COUNTS = """
select
  (select count(*) from calls) as calls,
  (select count(*) from calls where is_open) as open_calls,
  (select count(*) from calls where not is_open and not is_closed) as calls_missing_a_wrap_up,
  (select count(*) from calls where is_incomplete) as incomplete_calls,
  (select count(*) from events where rules_broken is not null) as rule_breaking_events
"""


def status(
    context: typer.Context, json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER
) -> None:
    """Say how far the ledger and its tables are, and what is open.

    [bold]call-ledger status --json[/bold]
    """
    from entrypoints.workers.lag import withheld
    from ledger.quarantine import reading_quarantine
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
        apart, behind = (
            withheld(reader),
            lag_of_stages(settings_of(context), ledger, reader, has_store),
        )
    waiting = None
    if has_store:
        with reading_quarantine(ledger) as quarantine:
            waiting = quarantine.waiting()
    facts = {
        "ledger": str(ledger.path.absolute()),
        "store": ledger.store_shown if has_store else "none: the tables follow Kafka",
        "position": head.position,
        "refusals": head.refusal_number,
        "projected_position": before,
        "lag_events": None if before is None else max(0, head.position - before),
        "answered_at_position": answer.position,
        **answer.table.to_pylist()[0],
        "in_quarantine": waiting,
        **apart,
        **behind,
        "store_bytes": store_bytes,
        "projections_bytes": ledger.projections.stat().st_size,
        "note": answer.note or None,
    }
    if json:
        write_json(facts)
    else:
        rows = [(name.replace("_", " "), shown(value)) for name, value in facts.items()]
        print_table(("what", "value"), rows)


def lag_of_stages(
    settings: Settings, ledger: LedgerFolder, reader: Reader, has_store: bool
) -> dict[str, float]:
    """Where a Kafka is named: how far each stage is behind the one before it."""
    if settings.kafka is None:
        return {}
    from entrypoints.workers.lag import lag_before_kafka, lag_of_tables, published_to
    from infra.kafka import Kafka

    kafka = Kafka.of(settings)
    published = published_to(kafka)
    before = lag_before_kafka(ledger, kafka, published) if has_store else {}
    return {**lag_of_tables(reader, published), **before}


def projected_before(ledger: LedgerFolder) -> int | None:
    """How far the tables were before this question; unknown while another process has them."""
    from projections.serving.server import Busy, owning

    if not ledger.projections.exists():
        return 0
    try:
        with owning(ledger.path) as owner:
            return owner.projections.positions.projected_position
    except Busy:
        return None
