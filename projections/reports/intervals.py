"""Hours, days and weeks of a time zone, and UTC times put into them.

A slot is so many microseconds of UTC, the same number everywhere, that neither a change of the
zone's clocks nor the border of one of its hours divides it: an hour in most zones, half of one or
a quarter where the offset is no whole number of hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, reduce
from math import gcd
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

INTERVALS: Final[dict[str, str]] = {
    "hour": "strftime(local_time, '%Y-%m-%dT%H:00:00') || offset_text",
    "day": "local_time::date",
    "week": "date_trunc('week', local_time)::date",
}
"""The intervals that every report can be grouped by. An hour is text with its offset from UTC,
because one hour comes twice when clocks go back; weeks begin on Monday."""

FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Changes of the clocks are known between these; outside, the nearest offset holds."""

EXACT_SINCE: Final = datetime(2012, 1, 1, tzinfo=UTC)
"""Earlier, a zone whose clocks changed a minute after midnight is told as if at midnight: slots of
a minute would make each of its reports slow for the sake of two minutes a year."""

STEP_SECONDS: Final = 7 * 24 * 3600
"""Less than any zone has kept an offset since 1970."""

SINCE_YEAR_ONE: Final = 62_135_596_800_000_000
"""Microseconds from year 1 to 1970: added so that slots are numbered from zero on."""


def slot_of(time: str) -> str:
    """The expression for the number of the slot into which a UTC time falls."""
    return f"((epoch_us({time}) + {SINCE_YEAR_ONE}) // $slot_microseconds)"


def slot_before(time: str) -> str:
    """The expression for the number of the slot that has the last microsecond before a UTC time."""
    return f"((epoch_us({time}) + {SINCE_YEAR_ONE - 1}) // $slot_microseconds)"


def start_of(slot: str) -> str:
    """The expression for the first microsecond of a slot, as `epoch_us` counts."""
    return f"({slot} * $slot_microseconds - {SINCE_YEAR_ONE})"


@dataclass(frozen=True, slots=True)
class Offset:
    """From when on the clocks of a zone differ so much from UTC, both in seconds."""

    from_second: int
    seconds: int


@cache
def offsets(time_zone: str) -> tuple[Offset, ...]:
    """The offsets of a zone, in the order in which they came to hold."""
    place = ZoneInfo(time_zone)

    def offset_at(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, place).utcoffset()

    first, last = round(FIRST.timestamp()), round(LAST.timestamp())
    known = offset_at(first)
    found = [offset_from(first, known)]
    for second in range(first + STEP_SECONDS, last, STEP_SECONDS):
        if offset_at(second) != known:
            before, after = second - STEP_SECONDS, second
            while after - before > 1:
                middle = (before + after) // 2
                if offset_at(middle) == known:
                    before = middle
                else:
                    after = middle
            known = offset_at(after)
            found.append(offset_from(after, known))
    return tuple(found)


def offset_from(second: int, offset: timedelta | None) -> Offset:
    """What holds from then on."""
    return Offset(second, round((offset or timedelta()).total_seconds()))


def slot_seconds(time_zone: str) -> int:
    """The longest slot that no border of this zone divides since `EXACT_SINCE`."""
    exact = round(EXACT_SINCE.timestamp())
    known = offsets(time_zone)
    before = [one for one in known if one.from_second <= exact]
    borders = (second for one in known[len(before) :] for second in (one.from_second, one.seconds))
    return reduce(gcd, borders, gcd(3600, before[-1].seconds))


def named_slots(slots: str, names: tuple[str, ...]) -> str:
    """The query that gives each slot of the relation `slots` the intervals that it belongs to.

    `<name>_order` is in the order of time, which the text of an hour is not. Every slot is at least
    zero; by that condition DuckDB expects few of them, and joins facts to them by a hash table of
    the slots: without it, by one of all the facts of some reports, in four times as long.
    """
    intervals = ", ".join(f'{INTERVALS[name]} as "{name}"' for name in names)
    orders = ", ".join(
        f'min(slot) over (partition by "{name}") as "{name}_order"' for name in names
    )
    return f"""
select *, {orders}
from (
  select slot, {intervals}
  from (
    select
      slot, offset_text,
      make_timestamp({start_of("slot")} + offset_microseconds) as local_time
    from {slots} asof join (
      select
        unnest($from_slots) as from_slot, unnest($offset_microseconds) as offset_microseconds,
        unnest($offset_texts) as offset_text
    ) on from_slot <= slot
    where slot >= 0
  )
)"""


def slot_parameters(time_zone: str) -> dict[str, Value]:
    """The values of the parameters in these expressions."""
    known = offsets(time_zone)
    microseconds = slot_seconds(time_zone) * 1_000_000
    starts = [one.from_second * 1_000_000 + SINCE_YEAR_ONE for one in known]
    return {
        "slot_microseconds": microseconds,
        "from_slots": [0, *(start // microseconds for start in starts[1:])],
        "offset_microseconds": [one.seconds * 1_000_000 for one in known],
        "offset_texts": [offset_text(one.seconds, time_zone) for one in known],
    }


def offset_text(seconds: int, time_zone: str) -> str:
    """An offset as ISO 8601 writes it: `+02:00`, and `Z` for UTC itself."""
    if time_zone == "UTC":
        return "Z"
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text
