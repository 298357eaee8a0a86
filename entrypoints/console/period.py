"""The period that a page is asked for: two days in its address, in the reader's time zone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Query

from entrypoints.ui.period import period


class Period(NamedTuple):
    """A period as it was written, with its moments in UTC."""

    first: str
    last: str
    since: datetime | None
    until: datetime | None

    def conditions(self, column: str) -> list[str]:
        """The conditions on a time; their parameters are `parameters`."""
        asked = {"since": f"{column} >= $since", "until": f"{column} < $until"}
        return [asked[name] for name in self.parameters()]

    def parameters(self) -> dict[str, datetime]:
        """The moments that there are."""
        moments = {"since": self.since, "until": self.until}
        return {name: moment for name, moment in moments.items() if moment is not None}

    def query(self, **more: str | int) -> str:
        """The period and more as a question in an address; what is empty is left out."""
        asked = {"from": self.first, "to": self.last, **more}
        return urlencode({name: value for name, value in asked.items() if value != ""})


From = Annotated[str, Query(alias="from")]
To = Annotated[str, Query(alias="to")]


def period_of(first: str, last: str, time_zone: str) -> Period:
    """The period of two days or times; empty is without a bound. Raises `BadParameter`."""
    return Period(first, last, *period(first or None, last or None, time_zone))
