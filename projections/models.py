"""The SQL models: one file each, read in the order in which they need one another."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from projections.columns import CAUSATION, EVENT_COLUMNS, REFUSAL_COLUMNS

FOLDER = Path(__file__).parent / "models"

MACROS = """
create or replace macro seconds_between(began_at, ended_at) as
    case
        when ended_at >= began_at then (epoch_us(ended_at) - epoch_us(began_at)) / 1e6
        when ended_at < began_at then 0.0
    end;
create or replace macro lasts_over_midnight(began_at, ended_at) as
    coalesce(ended_at::date > began_at::date, false)
"""
"""Durations are never negative, whatever the clocks did, and unknown while one end is."""

SOURCE_CALLS = """
with entries as (
    select call_position, call_id, source, occurred_at as entered_at
    from source_events
    where version = 1
    union all
    -- Where the first event is withheld, those after it still say which call it is.
    select call_position, min(call_id), min(source), min(occurred_at)
    from source_events
    where call_position in (select position from withheld where state = 'waiting')
    group by call_position
),
arrivals as (
    select
        call_position,
        arg_min(channel, version) as channel,
        arg_min(queue, version) as queue,
        arg_min(entry_point, version) as entry_point
    from source_events
    where type = 'call.received.v1'
    group by call_position
),
endings as (
    select
        call_position,
        min(occurred_at) as call_ended_at,
        arg_min(ended_by::varchar, version) as ended_by
    from source_events
    where type = 'call.ended.v1'
    group by call_position
),
final as (
    from entries
    left join arrivals using (call_position)
    left join endings using (call_position)
)
select * from final
"""
"""One row per call: what every model says of a row's call, found once for all of them."""


@dataclass(frozen=True)
class Model:
    """One model: what a row of it is, its query, and the models that the query reads."""

    name: str
    grain: str
    sql: str
    reads: frozenset[str]

    @property
    def is_view(self) -> bool:
        """Whether it has no key of a call or refusal to be kept by, and is computed when read."""
        return not (self.by_call or self.by_refusal)

    @property
    def by_call(self) -> bool:
        return "call_position" in self._last_step

    @property
    def by_refusal(self) -> bool:
        return "refusal_number" in self._last_step

    @property
    def _last_step(self) -> str:
        return self.sql.rpartition("final as (")[2]


@cache
def models() -> tuple[Model, ...]:
    """All models, each after those it reads."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.sql"))}
    found = {name: model_of(name, text, texts.keys()) for name, text in texts.items()}
    order = TopologicalSorter({name: sorted(model.reads) for name, model in found.items()})
    return tuple(found[name] for name in order.static_order())


def model_of(name: str, text: str, names: object) -> Model:
    """Read one model: its grain is the first line, what it reads follows `from` and `join`."""
    first_line, _, sql = text.partition("\n")
    assert isinstance(names, type({}.keys()))
    reads = set(re.findall(r"\b(?:from|join)\s+(\w+)", sql)) & set(names) - {name}
    return Model(name, first_line.removeprefix("-- ").strip(), sql.strip(), frozenset(reads))


@cache
def kept_models() -> tuple[Model, ...]:
    """The models that are tables."""
    return tuple(model for model in models() if not model.is_view)


@cache
def models_by_call() -> tuple[Model, ...]:
    """The tables whose rows belong to a call."""
    return tuple(model for model in kept_models() if model.by_call)


@cache
def models_read() -> frozenset[str]:
    """The tables that another table is computed from."""
    return frozenset(name for model in kept_models() for name in model.reads)


@cache
def columns_read() -> tuple[str, ...]:
    """The columns of `events` that any model reads."""
    words = set(re.findall(r"\w+", " ".join([SOURCE_CALLS, *(model.sql for model in models())])))
    return tuple(name for name in EVENT_COLUMNS if name in words)


@cache
def models_hash() -> str:
    """64 hexadecimal digits over the models, the macros and the columns they are read from.

    A file made by other ones is set aside and made anew.
    """
    digest = hashlib.sha256((MACROS + SOURCE_CALLS).encode())
    for model in models():
        digest.update(f"{model.name}\0{model.sql}\0".encode())
    digest.update(repr((EVENT_COLUMNS, REFUSAL_COLUMNS, CAUSATION)).encode())
    return digest.hexdigest()
