"""Webex Contact Center Search API responses, task details with activities, as observations.

See docs/webex.md for what such a record cannot tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import ValidationError

from importers.observation import Observation, Unreadable
from importers.webex_order import history_of, witness
from importers.webex_reading import CallReading
from importers.webex_records import Activity, Task

FILE_LIMIT_BYTES: Final = 256 * 1024 * 1024
TASK_LIMIT_ACTIVITIES: Final = 2_000

TIME_OF_DAY_NOT_KNOWN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a call begins whose record gives durations only."""


def read(
    paths: Path | Sequence[Path], source: str = "webex", base: datetime = TIME_OF_DAY_NOT_KNOWN
) -> Iterator[Observation]:
    """Read a file of task details, or several, whose pages of one call are joined.

    A call without times begins at `base`, so that distances within it hold. A file or a call
    that cannot be read is given as `Unreadable`, with the reason; the other calls are read.
    Raises OSError where a file cannot be opened.
    """
    tasks: dict[str, Task] = {}
    for path in [paths] if isinstance(paths, Path) else paths:
        for task in tasks_of(path):
            if isinstance(task, Unreadable):
                yield task
            elif task.id in tasks:
                tasks[task.id] = joined(tasks[task.id], task)
            else:
                tasks[task.id] = task
    newest_first = sum(witness(task.activities.nodes) for task in tasks.values()) <= 0
    base_milliseconds = int(base.timestamp() * 1000)
    for task in tasks.values():
        history = history_of(task, newest_first, base_milliseconds)
        yield from CallReading(source, task, history).read()


def tasks_of(path: Path) -> Iterator[Task | Unreadable]:
    """The calls of one file, or why it or one of them cannot be read."""
    size_bytes = path.stat().st_size
    if size_bytes > FILE_LIMIT_BYTES:
        reason = f"{path.name} has {size_bytes} bytes, more than {FILE_LIMIT_BYTES}: ask for less"
        yield Unreadable(reason, path.name.encode())
        return
    original = path.read_bytes()
    try:
        entries = orjson.loads(original)["data"]["taskDetails"]["tasks"]
        if not isinstance(entries, list):
            raise TypeError
    except orjson.JSONDecodeError as error:
        yield Unreadable(f"not a JSON document: {error}", original)
    except (KeyError, TypeError):
        yield Unreadable("no list at data.taskDetails.tasks: not task details", original)
    else:
        yield from (task_of(entry) for entry in entries)


def task_of(entry: Any) -> Task | Unreadable:
    """Read one call's entry, each of its activities once, or say why it cannot be read."""
    try:
        task = Task.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the entry"
        return Unreadable(f"cannot be read as a call: {place}: {first['msg']}", orjson.dumps(entry))
    nodes = task.activities.nodes
    if len(nodes) > TASK_LIMIT_ACTIVITIES:
        reason = f"more than {TASK_LIMIT_ACTIVITIES} activities in one call"
        return Unreadable(reason, orjson.dumps(entry))
    if any(node.name is None for node in nodes):
        return Unreadable("an activity has neither eventName nor an id", orjson.dumps(entry))
    return with_nodes(task, without_repeats(nodes))


def without_repeats(nodes: list[Activity]) -> list[Activity]:
    """Drop an activity that is there twice; without id and time two alike are two."""
    seen: set[object] = set()
    kept: list[Activity] = []
    for node in nodes:
        identity = node.id or (node.created_time and (node.created_time, node.name))
        if identity is None or identity not in seen:
            kept.append(node)
        seen.add(identity)
    return kept


def joined(first: Task, second: Task) -> Task:
    """Put two entries of one call together; what both have, alike, is there once."""
    nodes = list(first.activities.nodes)
    lacking = Counter(key(node) for node in second.activities.nodes)
    lacking.subtract(Counter(key(node) for node in nodes))
    for node in second.activities.nodes:
        if lacking[key(node)] > 0:
            lacking[key(node)] -= 1
            nodes.append(node)
    return with_nodes(first, without_repeats(nodes))


def key(node: Activity) -> str:
    """What makes two activities alike."""
    return node.model_dump_json()


def with_nodes(task: Task, nodes: list[Activity]) -> Task:
    """The call with these activities."""
    activities = task.activities.model_copy(update={"nodes": nodes})
    return task.model_copy(update={"activities": activities})
