"""Numbers that a ledger was given as the id of somebody: personal, wherever an id is shown.

Whoever answers at a dial number is often told by that number. A snapshot without personal data says
`external` in its place, in every column of that call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NUMBERS_AS_IDS: Final = """
create temp table numbers_as_ids as
with given as (
  select call_position, source, call_id, unnest([
    customer,
    dial_number,
    case when party_kind = 'external' and regexp_full_match(party, '[0-9+#*:]{{3,18}}')
      then party end
  ]) as number
  from {tables}.main.events
  where customer is not null or dial_number is not null or party_kind = 'external'
),
ids as (
  select call_position, unnest([actor, party, agent, target, receiver, initiated_by]) as number
  from {tables}.main.events
  where call_position in (select call_position from given)
),
refused as (
  select source, call_id, actor as number from {tables}.main.refusals
),
shown as (
  from given semi join ids using (call_position, number)
  union
  from given semi join refused using (source, call_id, number)
)
select call_position, any_value(source) as source, any_value(call_id) as call_id,
  list(distinct number) as numbers
from shown
group by call_position
"""
"""One row for each call that has such ids."""

STAYS: Final = {"source", "call_id"}
"""What a call is known by, in every table."""


def with_pseudonyms(table: str, columns: Mapping[str, str]) -> str:
    """The rows of a table with those ids replaced; `columns` are its columns with their types."""
    by = "call_position" if "call_position" in columns else "source, call_id"
    replaced = [
        f"{replacement(name, kind)} as {name}"
        for name, kind in columns.items()
        if kind.removesuffix(" NOT NULL") in ("VARCHAR", "VARCHAR[]") and name not in STAYS
    ]
    return (
        f"select told.* replace ({', '.join(replaced)}) from {table} as told"
        f" left join (select {by}, numbers from numbers_as_ids) as known using ({by})"
    )


def replacement(name: str, kind: str) -> str:
    """The value of a column, or `external` where it is one of the call's numbers."""
    if kind.startswith("VARCHAR[]"):
        return (
            f"list_transform({name}, lambda id: case when list_contains(known.numbers, id)"
            " then 'external' else id end)"
        )
    return f"case when list_contains(known.numbers, {name}) then 'external' else {name} end"
