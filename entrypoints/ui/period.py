"""Periods as people write them: days and times in a time zone, turned into UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import typer

from infra.nearest import did_you_mean


def zone(name: str) -> ZoneInfo:
    """The time zone of this name, for example Europe/Rome; another name is wrong usage."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name!r} is no time zone; write one like UTC or Europe/Rome."
            f"{did_you_mean(name, available_timezones())}"
        ) from None


def period(
    first: str | None, last: str | None, time_zone: str
) -> tuple[datetime | None, datetime | None]:
    """The period's first moment, and the first one after it; one without any time is wrong usage:
    it would be answered with zeros.
    """
    began, ended = since(first, time_zone), until(last, time_zone)
    if began is not None and ended is not None and began >= ended:
        raise typer.BadParameter(
            f"From {first!r} to {last!r} there is no time: name the earlier one first."
        )
    return began, ended


def since(text: str | None, time_zone: str) -> datetime | None:
    """The first moment of the period, in UTC without a mark of it, as the models keep times."""
    return None if text is None else moment(text, time_zone)[0]


def until(text: str | None, time_zone: str) -> datetime | None:
    """The first moment after the period: a day counts to its end, a time excludes itself."""
    if text is None:
        return None
    return moment(text, time_zone)[1]


def moment(text: str, time_zone: str) -> tuple[datetime, datetime]:
    """The moment written, and the one at which it is over: the next midnight for a day."""
    place = zone(time_zone)
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return midnight(day, place), midnight(day + timedelta(days=1), place)
        written = datetime.fromisoformat(text)
        utc = in_utc(written if written.tzinfo else written.replace(tzinfo=place))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time; write a day (2026-01-31) or a time (2026-01-31T09:00)."
        ) from None
    return utc, utc


def midnight(day: date, place: ZoneInfo) -> datetime:
    """The day's first moment there, in UTC."""
    return in_utc(datetime.combine(day, time.min, place))


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC, without a mark of it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
