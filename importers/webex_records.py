"""The shape of a Webex Contact Center Search API response, as far as it is read here."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from domain.text import Name

ID_OF_ACTIVITY: Final = re.compile(r".*-(?P<milliseconds>\d{13})-(?P<name>.+)")
"""An activity's id is `<task id>-<milliseconds since 1970>-<name>`."""

EVENT_NAME_OF_ID_NAME: Final = {
    "capture-started": "recording-started",
    "capture-available": "recording-available",
    "wrapup-done": "WrapUp",
}
"""Where the name in the id is not the `eventName` that the same activity carries."""

EARLIEST_MILLISECONDS: Final = 100_000_000_000
"""March 1973: a time before it is a unit mistake, such as the seconds since 1970."""

LATEST_MILLISECONDS: Final = 7_258_118_400_000
"""The year 2200: a time after it is a unit mistake."""

LONGEST_MILLISECONDS: Final = 30 * 24 * 3_600_000
"""Thirty days: a longer state of a call is a unit mistake."""

Milliseconds = Annotated[int, Field(ge=EARLIEST_MILLISECONDS, lt=LATEST_MILLISECONDS)]


class Record(BaseModel):
    """A part of the response; what it says besides is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


class Activity(Record):
    """One state or event of a call; which of its fields are there depends on the query."""

    id: Annotated[str, Field(max_length=128)] | None = None
    event_name: Annotated[Name | None, Field(alias="eventName")] = None
    created_time: Annotated[Milliseconds | None, Field(alias="createdTime")] = None
    duration: Annotated[int, Field(le=LONGEST_MILLISECONDS)] | None = None
    queue_id: Annotated[Name | None, Field(alias="queueId")] = None

    @property
    def name(self) -> str | None:
        """The `eventName`, or the same word for the name at the end of the id."""
        if self.event_name is not None:
            return self.event_name
        found = ID_OF_ACTIVITY.fullmatch(self.id or "")
        return EVENT_NAME_OF_ID_NAME.get(found["name"], found["name"]) if found else None

    @property
    def milliseconds(self) -> int | None:
        """When it began: `createdTime`, or the time in the id; none where neither is there."""
        if self.created_time is not None:
            return self.created_time
        found = ID_OF_ACTIVITY.fullmatch(self.id or "")
        known = int(found["milliseconds"]) if found else LATEST_MILLISECONDS
        return known if known < LATEST_MILLISECONDS else None

    @property
    def duration_ms(self) -> int | None:
        """How long it lasted; nothing where it is not over, for which Webex writes -1."""
        return self.duration if self.duration is not None and self.duration >= 0 else None


class PageInfo(Record):
    """Whether older activities are on a further page."""

    has_next_page: Annotated[bool, Field(alias="hasNextPage")] = False
    end_cursor: Annotated[str | None, Field(alias="endCursor", max_length=64)] = None


class Activities(Record):
    """A page of a call's activities."""

    total_count: Annotated[int | None, Field(alias="totalCount", ge=0)] = None
    nodes: list[Activity]
    page_info: Annotated[PageInfo | None, Field(alias="pageInfo")] = None


class Task(Record):
    """A call, as Webex keeps it."""

    id: Name
    channel_type: Annotated[Name, Field(alias="channelType")] = "telephony"
    activities: Activities

    @property
    def missing(self) -> str | None:
        """What the record of this call lacks by its own word, or nothing."""
        count, total = len(self.activities.nodes), self.activities.total_count
        page = self.activities.page_info
        if total is not None and count >= total:
            return None
        if page is not None and page.has_next_page:
            total_known = f"{total - count} of {total}" if total is not None else "some"
            cursor = f", before cursor {page.end_cursor}" if page.end_cursor else ""
            return f"{total_known} activities, on further pages{cursor}"
        if total is not None:
            return f"{total - count} of {total} activities"
        if page is None and all(node.name != "new" for node in self.activities.nodes):
            return "the beginning: the record has no `new` and does not say how many activities"
        return None

    @property
    def tells_durations(self) -> bool:
        """Whether the query asked for durations; otherwise their absence says nothing."""
        return any("duration" in node.model_fields_set for node in self.activities.nodes)

    @property
    def page(self) -> str:
        """Names the page of a cut record: activities before its cursor are on another one."""
        page = self.activities.page_info
        if self.missing is None:
            return ""
        return f"before {page.end_cursor} " if page is not None and page.end_cursor else "cut "

    @property
    def oldest_milliseconds(self) -> int | None:
        """When the page's oldest activity began, as the cursor of a cut record tells."""
        page = self.activities.page_info
        cursor = page.end_cursor if page is not None else None
        if cursor is None or not cursor.isascii() or not cursor.isdigit() or len(cursor) != 13:
            return None
        return int(cursor) if int(cursor) < LATEST_MILLISECONDS else None
