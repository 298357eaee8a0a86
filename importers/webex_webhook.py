"""Webhook deliveries of Webex Contact Center, read as the importer reads the call's record.

A delivery is one activity without its duration. Deliveries come in any order, and not all of them
come, so a call is read once its end was delivered. Activities that the Search API has, too, get the
identity that they have there; what only that record knows is left to it: durations of notes, when a
wrap-up was over, and which of two ends is the call's own. So importing the record afterwards adds
what was not delivered, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

from pydantic import Field, ValidationError

from domain.commands import ApplyWrapUp, Command, EndCall, NoteActivity
from domain.text import Name
from importers.observation import Unreadable
from importers.webex_order import (
    STAGE,
    History,
    Placed,
    by_stage,
    in_time,
    is_possible,
    times_by_place,
)
from importers.webex_order import children as children_of
from importers.webex_reading import CallReading
from importers.webex_records import Activity, Milliseconds, Record, Task

OF_TASK: Final = "task:"
END: Final = "ended"


class Said(Record):
    """What a delivery says of its activity."""

    task_id: Annotated[Name, Field(alias="taskId")]
    created_time: Annotated[Milliseconds, Field(alias="createdTime")]
    channel_type: Annotated[Name, Field(alias="channelType")] = "telephony"
    queue_id: Annotated[Name | None, Field(alias="queueId")] = None


class Envelope(Record):
    """A delivery as it is sent; `id` is the same when it is sent again."""

    id: Name
    type: Name
    data: Said


class Delivery(NamedTuple):
    """A delivery as it is read."""

    id: str
    task_id: str
    channel: str
    activity: Activity


def delivery_of(body: bytes) -> Delivery | Unreadable:
    """Read one delivery, or say why it cannot be read."""
    try:
        read = Envelope.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        return Unreadable(f"cannot be read as a delivery: {place}: {first['msg']}", body)
    name, said = read.type.removeprefix(OF_TASK), read.data
    identity = (
        f"{said.task_id}-{said.created_time}-{name}" if name in STAGE else f"webhook-{read.id}"
    )
    activity = Activity.model_validate(
        {
            "id": identity[:128],
            "eventName": name,
            "createdTime": said.created_time,
            "queueId": said.queue_id,
        }
    )
    return Delivery(read.id, said.task_id, said.channel_type, activity)


def read(source: str, deliveries: Sequence[Delivery]) -> list[Command]:
    """The observations of one call from its deliveries; none before its end was delivered."""
    if all(one.activity.name != END for one in deliveries):
        return []
    # One activity may be delivered by two ids: that of two subscriptions, for example.
    by_identity: dict[str | None, Activity] = {}
    for one in deliveries:
        by_identity.setdefault(one.activity.id, one.activity)
    activities = [*by_identity.values()]
    task = Task.model_validate(
        {
            "id": deliveries[0].task_id,
            "channelType": deliveries[0].channel,
            "activities": {"nodes": activities, "totalCount": len(activities)},
        }
    )
    reading = CallReading(source, task, history_of(activities))
    return [one for one in reading.read() if not is_told_by_record(one, reading.end_is_known)]


def is_told_by_record(command: Command, end_is_known: bool) -> bool:
    """Whether only the call's record can tell it: it has durations, and what follows an end."""
    match command:
        case NoteActivity():
            return command.activity in STAGE
        case EndCall():
            return not end_is_known
        case _:
            return isinstance(command, ApplyWrapUp)


def history_of(activities: Sequence[Activity]) -> History:
    """The activities by their times, or as they came, or by the stages of a call.

    The times are those that were told, whatever the order: clocks differ, also in Webex.
    """
    known = [one for one in activities if one.name in STAGE]
    by_time = in_time(activities, times_by_place(activities, newest_first=False))
    orders = (by_time, list(activities))
    ordered = next((one for one in orders if is_possible(one, is_cut=False)), None)
    if ordered is None:
        ordered = [*by_stage(known), *(one for one in by_time if one.name not in STAGE)]
    placed = (
        Placed(one, one.name or "", one.milliseconds or 0, child)
        for one, child in zip(ordered, children_of(ordered), strict=True)
    )
    return History(tuple(placed), order_known=True, has_times=True)
