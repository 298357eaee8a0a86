"""How far a folder's tables are behind Kafka, and what is withheld from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from projections.reading import Reader

WITHHELD: Final = """
select
    count(*) as withheld_messages,
    count(distinct coalesce(call_position::varchar, call_id)) as withheld_calls
from withheld where state = 'waiting'
"""

WITHHELD_CALLS: Final = (
    "[bold]{:,} calls are incomplete[/bold], events of theirs are in quarantine: "
    "call-ledger quarantine list"
)

BEHIND: Final = """
select
    greatest($published - projected_position, 0) as kafka_lag_events,
    case when $published > projected_position then epoch(timezone('UTC', now()) - (
        select max(recorded_at) from events
    )) else 0.0 end as kafka_lag_seconds
from feed_positions
"""


def withheld(reader: Reader) -> dict[str, int]:
    """How many messages wait in the read side's quarantine, and how many calls they are of."""
    (counts,) = reader.ask(WITHHELD).table.to_pylist()
    return {name: int(count) for name, count in counts.items()}


def lag(reader: Reader) -> dict[str, float | int]:
    """Where a Kafka is named: what the publisher brought there, and how far behind it we are."""
    from infra.settings import Settings

    settings = Settings()
    if settings.kafka is None:
        return {}
    from consumers.publisher import POSITION
    from consumers.transactions import last_bookmark
    from infra.kafka import Kafka
    from infra.topics import EVENTS_POSITIONS

    published = last_bookmark(Kafka.of(settings), EVENTS_POSITIONS).get(POSITION, 0)
    (behind,) = reader.ask(BEHIND, {"published": published}).table.to_pylist()
    return {"published_position": published, **behind}


def lag_of_stages(folder: Path) -> dict[str, float]:
    """Where a Kafka is named: what waits to be recorded, and what to be published."""
    from infra.settings import Settings

    settings = Settings()
    if settings.kafka is None:
        return {}
    from consumers.publisher import POSITION, REFUSAL_NUMBER, Published
    from consumers.transactions import last_bookmark
    from entrypoints.looking import command_figures, publisher_figures
    from infra.kafka import Kafka
    from infra.topics import EVENTS_POSITIONS

    kafka = Kafka.of(settings)
    bookmark = last_bookmark(kafka, EVENTS_POSITIONS)
    done = Published(bookmark.get(POSITION, 0), bookmark.get(REFUSAL_NUMBER, 0))
    publishing, serving = publisher_figures(folder, kafka, done), command_figures(folder, kafka)
    return {
        "publish_lag_events": publishing["lag_events"],
        "publish_lag_seconds": publishing["lag_seconds"],
        "lag_commands": serving["lag_commands"],
        "lag_commands_seconds": serving["lag_seconds"],
    }
