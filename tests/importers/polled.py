"""Webex calls as a source that is polled delivers them, made of what they were in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from importers.observation import Observation
from importers.webex import task_of
from importers.webex_order import history_of
from importers.webex_records import Task

SHARED = Path(__file__).parents[3] / "shared"
CALLS = SHARED / "data" / "webex" / "car_77tasks_865activities.json"
NINE_IN_THE_MORNING = 1_767_261_600_000

Entry = dict[str, Any]
Reader = Callable[[Entry], list[Observation]]


def response(path: Path, *entries: Entry) -> Path:
    path.write_text(json.dumps({"data": {"taskDetails": {"tasks": entries}}}))
    return path


def entries_of(path: Path) -> list[Entry]:
    entries: list[Entry] = json.loads(path.read_text())["data"]["taskDetails"]["tasks"]
    return entries


def of(*activities: tuple[str, int | None], **page: object) -> Entry:
    """A call of these activities, oldest first, a second apart, each with its time and its id."""
    nodes = [
        {
            "eventName": name,
            "duration": duration,
            "createdTime": NINE_IN_THE_MORNING + 1000 * number,
            "id": f"c1-{NINE_IN_THE_MORNING + 1000 * number}-{name}",
        }
        for number, (name, duration) in enumerate(activities)
    ]
    return with_nodes(
        {"id": "c1", "activities": {"pageInfo": {"hasNextPage": False}, **page}}, nodes
    )


def with_nodes(entry: Entry, oldest_first: list[Entry]) -> Entry:
    activities = {**entry["activities"], "nodes": oldest_first[::-1]}
    if not (activities.get("pageInfo") or {}).get("hasNextPage"):
        activities["totalCount"] = len(oldest_first)
    return {**entry, "activities": activities}


def with_times(entry: Entry, with_ids: bool = True) -> Entry:
    """The same call with the times that follow from its durations, no two alike."""
    task = task_of(entry)
    assert isinstance(task, Task)
    nodes: list[Entry] = []
    now = 0
    for placed in history_of(task, True, NINE_IN_THE_MORNING).placed:
        now = max(placed.milliseconds, now + 1)
        node = {"eventName": placed.name, "createdTime": now, "duration": placed.activity.duration}
        nodes.append({**node, "id": f"c-{now}-{placed.name}"} if with_ids else node)
    return with_nodes(entry, nodes)
