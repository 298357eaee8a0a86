"""Times and dates as text in ISO 8601, whatever their unit and however far away they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

UNITS_OF_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

INFINITE: Final = 2**63 - 1
INFINITE_DAYS: Final = 2**31 - 1

SECONDS_OF_DAY: Final = 86_400
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
YEARS_OF_ERA, DAYS_OF_ERA = 400, 146_097
"""After so many years the calendar repeats itself."""


def moment(number: int, unit: str) -> str:
    """So many units since 1970 as a time in UTC; beyond all times, `infinity` or `-infinity`."""
    if abs(number) >= INFINITE:
        return "infinity" if number > 0 else "-infinity"
    seconds, rest = divmod(number, UNITS_OF_SECOND[unit])
    days, second = divmod(seconds, SECONDS_OF_DAY)
    return f"{day(days)}T{clock(second, rest, unit)}Z"


def local_moment(number: int, unit: str, place: ZoneInfo) -> str | None:
    """The same as a local time with its offset; nothing where no calendar has it."""
    seconds, rest = divmod(number, UNITS_OF_SECOND[unit])
    try:
        local = (EPOCH + timedelta(seconds=seconds)).astimezone(place)
    except OverflowError:
        return None
    second = local.hour * 3600 + local.minute * 60 + local.second
    offset = local.isoformat()[19:]
    return f"{local:%Y-%m-%d}T{clock(second, rest, unit)}{offset}"


def time_of_day(number: int, unit: str) -> str:
    """So many units since midnight."""
    seconds, rest = divmod(number, UNITS_OF_SECOND[unit])
    return clock(seconds, rest, unit)


def clock(seconds: int, rest: int, unit: str) -> str:
    """Hours, minutes and seconds, with the digits of the unit where there are any."""
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    digits = len(str(UNITS_OF_SECOND[unit])) - 1
    return f"{text}.{rest:0{digits}}" if rest else text


def day(days: int) -> str:
    """So many days since 1970 as a date; a year that has not four digits has its sign."""
    if abs(days) >= INFINITE_DAYS:
        return "infinity" if days > 0 else "-infinity"
    ordinal = EPOCH_DAY + days
    if 0 < ordinal <= date.max.toordinal():
        return date.fromordinal(ordinal).isoformat()
    eras, within = divmod(ordinal - 1, DAYS_OF_ERA)
    like = date.fromordinal(within + 1)
    year = like.year + eras * YEARS_OF_ERA
    return f"{'-' if year < 0 else '+' if year > 9999 else ''}{abs(year):04}-{like:%m-%d}"
