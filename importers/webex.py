"""Webex Contact Center Search API responses, task details with activities, as observations.

See docs/webex.md for what such a record cannot tell.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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
    paths: Path | Sequence[Path],
    source: str = "webex",
    base: datetime = TIME_OF_DAY_NOT_KNOWN,
    hold_back: Callable[[str, int], None] | None = None,
) -> Iterator[Observation]:
    """Read a file of task details, or several, whose pages of one call are joined.

    A call without times begins at `base`, so that distances within it hold. A file or a call
    that cannot be read is given as `Unreadable`, with the reason; the other calls are read.
    `hold_back` is told of each call that is still going on, with how many activities are left
    for a later record.
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
        reading = CallReading(source, task, history)
        yield from reading.read()
        if reading.held_back_count and hold_back is not None:
            hold_back(task.id, reading.held_back_count)


def tasks_of(path: Path) -> Iterator[Task | Unreadable]:
    """The calls of one file, or why it or one of them cannot be read."""
    size_bytes = path.stat().st_size
    if size_bytes > FILE_LIMIT_BYTES:
        reason = f"{path.name} has {size_bytes} bytes, more than {FILE_LIMIT_BYTES}: ask for less"
        yield Unreadable(reason, path.name.encode())
        return
    original = path.read_bytes()
    try:
        entries = orjson.loads(original.removeprefix(BOM_UTF8))["data"]["taskDetails"]["tasks"]
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
        known_by = identity(node)
        if known_by is None or known_by not in seen:
            kept.append(node)
        seen.add(known_by)
    return kept


def joined(first: Task, second: Task) -> Task:
    """Put two records of one call together: further pages, or an earlier state of it.

    What both have, alike or in an earlier state, is there once, in its later state.
    """
    nodes, others = list(first.activities.nodes), list(second.activities.nodes)
    same = matches(nodes, others)
    for position, other in same.items():
        later = max(nodes[position], others[other], key=lasted)
        nodes[position] = others[other] = later
    if len(same) == len(nodes):
        nodes = others
    else:
        known = set(same.values())
        nodes += [node for other, node in enumerate(others) if other not in known]
    return with_nodes(with_page(first, second), without_repeats(nodes))


def lasted(node: Activity) -> int:
    """How long it has lasted; less than nothing where it is not over."""
    return -1 if node.duration_ms is None else node.duration_ms


def matches(nodes: list[Activity], others: list[Activity]) -> dict[int, int]:
    """Which of the others each of the first is: one that is alike, or an earlier state of it."""
    same: dict[int, int] = {}
    free = dict(enumerate(others))
    for likeness in (Activity.model_dump_json, identity_or_name):
        places: defaultdict[object, list[int]] = defaultdict(list)
        for other, node in free.items():
            places[likeness(node)].append(other)
        for position, node in enumerate(nodes):
            if position in same:
                continue
            found = next(
                (at for at in places[likeness(node)] if at in free and may_be(node, free[at])),
                None,
            )
            if found is not None:
                same[position] = found
                del free[found]
    return same


def may_be(node: Activity, other: Activity) -> bool:
    """Whether two of one name are one: by id or time, alike, or where one of them is not over."""
    if identity(node) is not None:
        return identity(node) == identity(other)
    return node == other or None in (node.duration_ms, other.duration_ms)


def identity_or_name(node: Activity) -> object:
    """Its identity, or its name where it has none."""
    return identity(node) or node.name


def identity(node: Activity) -> object:
    """What tells an activity from others, where it has an id or a time."""
    return node.id or (node.created_time and (node.created_time, node.name))


def with_page(first: Task, second: Task) -> Task:
    """The first with what both say together of how much there is."""
    one, other = first.activities, second.activities
    pages = [page for page in (one.page_info, other.page_info) if page is not None]
    last = next((page for page in pages if not page.has_next_page), None)
    totals = [count for count in (one.total_count, other.total_count) if count is not None]
    activities = one.model_copy(
        update={"total_count": max(totals, default=None), "page_info": last or one.page_info}
    )
    return first.model_copy(update={"activities": activities})


def with_nodes(task: Task, nodes: list[Activity]) -> Task:
    """The call with these activities."""
    activities = task.activities.model_copy(update={"nodes": nodes})
    return task.model_copy(update={"activities": activities})
