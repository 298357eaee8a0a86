"""How far a folder's tables are behind Kafka, and what is withheld from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from projections.serving.client import Reader

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
    from consumers.kafka.transactions import last_bookmark
    from consumers.publisher import POSITION
    from infra.kafka import Kafka
    from infra.topics import EVENTS_POSITIONS

    published = last_bookmark(Kafka.of(settings), EVENTS_POSITIONS).get(POSITION, 0)
    (behind,) = reader.ask(BEHIND, {"published": published}).table.to_pylist()
    return {"published_position": published, **behind}
