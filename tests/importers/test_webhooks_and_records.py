"""A Webex call by its webhooks and then by its record is the call by its record alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.commands import Answer, ApplyWrapUp, Command, EndCall, NoteActivity, Offer, Receive
from domain.event import Event
from domain.events import ActivityNoted
from importers.webex import read as read_record
from importers.webex import tasks_of
from importers.webex_order import history_of
from importers.webex_records import EVENT_NAME_OF_ID_NAME, Task
from importers.webex_webhook import Delivery, delivery_of, read
from tests.importers.recorded import WITH_TIMES, WITHOUT_TIMES, Recorded

SHARED = Path(__file__).parents[3] / "shared" / "data" / "webex"
CALLS = SHARED / "car_77tasks_865activities.json"
SEQUENCE = SHARED / "webhook_mock_sequence_one_task.jsonl"
NINE_IN_THE_MORNING = 1_767_261_600_000
NAME_IN_ID = {name: in_id for in_id, name in EVENT_NAME_OF_ID_NAME.items()}
Node = dict[str, Any]


def told_by_record(task_id: str, nodes: Sequence[Node], place: Path) -> list[Command]:
    """What an import reads of the call."""
    activities = {"totalCount": len(nodes), "nodes": nodes}
    tasks = [{"id": task_id, "activities": activities}]
    path = place / "tasks.json"
    path.write_text(json.dumps({"data": {"taskDetails": {"tasks": tasks}}}))
    return [one for one in read_record(path) if isinstance(one, Command)]


def told_by_webhooks(task_id: str, nodes: Sequence[Node], first: int = 0) -> list[Delivery]:
    """A delivery of each activity, which has no duration."""
    told = []
    for number, node in enumerate(nodes, first):
        data = {"taskId": task_id, "createdTime": node["createdTime"]}
        if "queueId" in node:
            data["queueId"] = node["queueId"]
        body = {"id": f"delivery-{number}", "type": f"task:{node['eventName']}", "data": data}
        delivery = delivery_of(json.dumps(body).encode())
        assert isinstance(delivery, Delivery)
        told.append(delivery)
    return told


def nodes_of(task: Task) -> list[Node]:
    """The activities with times and ids, as a query that asks for everything has them."""
    nodes: list[Node] = []
    now = 0
    for placed in history_of(task, True, NINE_IN_THE_MORNING).placed:
        now = max(placed.milliseconds, now + 1)
        name_in_id = NAME_IN_ID.get(placed.name, placed.name)
        node = {"eventName": placed.name, "createdTime": now, "id": f"{task.id}-{now}-{name_in_id}"}
        if placed.name in ("parked", "connect"):
            node["queueId"] = "sales"
        nodes.append({**node, "duration": placed.activity.duration or 0})
    return nodes


def whole_calls() -> Iterator[tuple[str, list[Node]]]:
    """Our own calls, and those that were recorded, that have an end and lack nothing."""
    for path in (WITH_TIMES, WITHOUT_TIMES, CALLS):
        for task in tasks_of(path) if path.exists() else ():
            assert isinstance(task, Task)
            nodes = nodes_of(task)
            if task.missing is None and any(one["eventName"] == "ended" for one in nodes):
                yield task.id, nodes


def told(recorded: Recorded) -> list[Event]:
    """What happened, apart from what is only noted, in the order of its times."""
    events = [one for events in recorded.events.values() for one in events]
    return sorted((one for one in events if not isinstance(one, ActivityNoted)), key=repr)


@pytest.mark.parametrize("without", [(), ("WrapUp",)], ids=["all", "without-wrap-ups"])
def test_a_record_after_its_webhooks_comes_to_what_the_record_alone_comes_to(
    without: tuple[str, ...], tmp_path: Path
) -> None:
    calls = list(whole_calls())
    assert len(calls) >= 9
    for task_id, nodes in calls:
        record = told_by_record(task_id, nodes, tmp_path)
        delivered = told_by_webhooks(
            task_id, [one for one in nodes if one["eventName"] not in without]
        )
        Random(task_id).shuffle(delivered)
        both = Recorded().record(read("webex", delivered)).record(record)
        assert told(both) == told(Recorded().record(record)), task_id


def test_an_activity_that_is_delivered_twice_by_two_ids_is_told_once() -> None:
    for task_id, nodes in whole_calls():
        once = told_by_webhooks(task_id, nodes)
        twice = [*once, *told_by_webhooks(task_id, nodes, first=len(nodes))]
        Random(task_id).shuffle(twice)
        assert read("webex", twice) == read("webex", once), task_id


@pytest.mark.skipif(not SEQUENCE.exists(), reason="the public mock is beside the project only")
def test_the_public_mock_of_webhooks_is_one_complete_call_in_any_order() -> None:
    deliveries = [delivery_of(line) for line in SEQUENCE.read_bytes().splitlines()]
    assert all(isinstance(one, Delivery) for one in deliveries)
    for seed in range(20):
        Random(seed).shuffle(deliveries)
        said = read("webex", [one for one in deliveries if isinstance(one, Delivery)])
        kinds = [type(one) for one in said if not isinstance(one, NoteActivity)]
        assert kinds == [Receive, Offer, Answer, EndCall]
        assert len(said) == len(deliveries) - 1, "the queue is part of the call's arrival"
        assert len({one.call_id for one in said}) == 1


def test_when_a_wrap_up_was_over_is_left_to_the_record() -> None:
    names = ("new", "connect", "connected", "ended", "WrapUp")
    assert ApplyWrapUp not in kinds_read(*names)
    assert EndCall in kinds_read(*names)


def test_an_end_that_may_be_that_of_a_consult_to_an_entry_point_is_left_to_the_record() -> None:
    names = ("new", "connect", "connected", "consult", "on-hold", "new", "connect", "ended")
    assert EndCall not in kinds_read(*names)
    assert EndCall in kinds_read(*names, "WrapUp")


def kinds_read(*names: str) -> set[type[Command]]:
    """What kinds of observations are read of these activities, a second apart."""
    nodes = [
        {"eventName": name, "createdTime": NINE_IN_THE_MORNING + 1000 * number}
        for number, name in enumerate(names)
    ]
    return {type(one) for one in read("webex", told_by_webhooks("c1", nodes))}
