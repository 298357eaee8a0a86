"""`call-ledger status`: how far the ledger and its tables are, and what is open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption, settings_of
from entrypoints.ui.output import print_table, shown, write_json
from entrypoints.ui.progress import progress
from infra.errors import LedgerError
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from infra.settings import Settings
    from projections.serving.read_side import ReadSide

LAG_OF_TABLES = ("published_position", "kafka_lag_events", "kafka_lag_seconds")
LAG = (
    *LAG_OF_TABLES,
    "publish_lag_events",
    "publish_lag_seconds",
    "lag_commands",
    "lag_commands_seconds",
)

SET_ASIDE = (
    "{name} was set aside at {at} and has {size_bytes:,} bytes: the tables were made anew, so"
    " delete it when nobody wants to look at it."
)

Found = TypeVar("Found")

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
    """Show how far the ledger and its tables have got, and what is open.

    Exit code 1 when the lag is not known: topics in Kafka were made again, or are another ledger's.

    [bold]call-ledger status --json[/bold]
    """
    from entrypoints.workers.lag import dead_letter_counts
    from ledger.quarantine import reading_quarantine
    from projections.feeds import NothingToFollow, feed_of
    from projections.serving.client import Reader
    from projections.serving.duckdb_file import files_set_aside, size_bytes

    with closing(feed_of(ledger)) as feed:
        head, store_bytes = feed.head(), feed.size_bytes()
        has_store = not isinstance(feed, NothingToFollow)
    before = tables_before(ledger)
    with (
        progress("projecting", unit="events") as moved,
        Reader(ledger, progress=moved) as reader,
    ):
        answer = reader.ask(COUNTS)
        apart, behind = (
            dead_letter_counts(reader),
            lag_of_stages(settings_of(context), ledger, reader, has_store),
        )
    waiting = None
    if has_store:
        with reading_quarantine(ledger) as quarantine:
            waiting = quarantine.waiting()
    facts = {
        "ledger": str(ledger.path.absolute()),
        **({"name": ledger.name} if ledger.name else {}),
        "store": ledger.store_shown if has_store else "none: the tables follow Kafka",
        "position": head.position,
        "refusals": head.refusal_number,
        "projected_position": before.position,
        "lag_events": max(0, head.position - before.position),
        "answered_at_position": answer.position,
        **answer.table.to_pylist()[0],
        "in_quarantine": waiting,
        **apart,
        **behind,
        "store_bytes": store_bytes,
        "projections_bytes": size_bytes(ledger.projections),
        "note": before.note or answer.note or None,
        "set_aside": [one._asdict() for one in files_set_aside(ledger.path)],
    }
    problems = behind.get("kafka_problems", [])
    if json:
        write_json(facts)
    else:
        facts.pop("kafka_problems", None)
        aside = facts.pop("set_aside")
        unknown = {name: "unknown" for name in LAG if facts.get(name, 0) is None}
        rows = [(name.replace("_", " "), shown(value)) for name, value in (facts | unknown).items()]
        print_table(("what", "value"), rows)
        for one in aside:
            typer.echo(SET_ASIDE.format_map(one))
        for problem in problems:
            typer.echo(problem)
    raise typer.Exit(1 if problems else 0)


def lag_of_stages(
    settings: Settings, ledger: LedgerFolder, reader: ReadSide, has_store: bool
) -> dict[str, Any]:
    """Where a Kafka is named: how far each stage is behind the one before it.

    What nobody knows is nothing, never 0, and `kafka_problems` say why.
    """
    if settings.kafka is None:
        return {}
    from entrypoints.workers.lag import (
        checkpoint_of_publisher,
        command_figures,
        lag_of_publisher,
        lag_of_tables,
    )
    from infra.kafka import Kafka
    from projections.feeds import feed_of

    kafka = Kafka.of(settings)
    figures: dict[str, float | None] = dict.fromkeys(LAG if has_store else LAG_OF_TABLES)
    problems: list[str] = []
    checkpoint = known(lambda: checkpoint_of_publisher(kafka), problems)
    if checkpoint is not None and has_store:
        with closing(feed_of(ledger)) as feed:
            publishing = known(lambda: lag_of_publisher(feed, checkpoint), problems)
        if publishing is not None:
            figures["publish_lag_events"] = publishing["lag_events"]
            figures["publish_lag_seconds"] = publishing["lag_seconds"]
    if checkpoint is not None and not problems:
        figures |= known(lambda: lag_of_tables(reader, kafka, not has_store), problems) or {}
    if has_store and (serving := known(lambda: command_figures(ledger, kafka), problems)):
        figures["lag_commands"] = serving["lag_commands"]
        figures["lag_commands_seconds"] = serving["lag_seconds"]
    return {**figures, "kafka_problems": problems}


def known(look_up: Callable[[], Found], problems: list[str]) -> Found | None:
    """What is looked up; nothing where nobody knows it, and the problem is noted."""
    from infra.kafka import KafkaUnavailable

    try:
        return look_up()
    except LedgerError as error:
        if type(error) is KafkaUnavailable:
            raise
        problems.append(str(error))
        return None


class TablesBefore(NamedTuple):
    """How far the tables were before this question, and a word about their file."""

    position: int
    note: str


def tables_before(ledger: LedgerFolder) -> TablesBefore:
    """How far the tables are, without bringing them up."""
    from projections.serving.client import Reader

    if not ledger.projections.exists():
        return TablesBefore(0, "")
    with Reader(ledger, as_it_is=True) as reader:
        answer = reader.ask("select 1")
        return TablesBefore(answer.position, answer.note)
