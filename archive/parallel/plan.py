"""Into which tasks an archive is divided: calls that began next to each other, and their segments.

A call may go on in later segments, so it is looked up first which calls of a segment began before
it. Then each task reads the segments that have something of its calls, and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq

from archive.manifest import Manifest, Segment
from archive.place import Place
from archive.segments import damaged
from projections.models import Models

TASK_EVENTS: Final = 500_000
"""Positions of one task: some seconds of work, and some hundred MiB of memory."""

LOOKED_AT_ONCE: Final = 8
"""Segments whose calls are looked up at the same time: in S3 most of that is waiting."""

MEMORY_MEGABYTES: Final = 1_000

RESULTS: Final = 3
"""Changes when tasks leave other files behind."""


class Wanted(msgspec.Struct, frozen=True):
    """What every task is to compute, and how."""

    models: str
    """What the models of the program are known by."""
    tables: tuple[str, ...]
    """The tables whose rows are left."""
    memory_megabytes: int = MEMORY_MEGABYTES
    """Of DuckDB in one worker; the rows that it reads and leaves take some hundred more."""
    sets_aside: bool = False
    """Whether what cannot be read is passed over."""
    counts: str = ""
    """The condition for an event to count, in SQL; without one all do."""

    @classmethod
    def all_of(
        cls, models: Models, memory_megabytes: int = MEMORY_MEGABYTES, sets_aside: bool = False
    ) -> Wanted:
        """Every table by call, of all events."""
        return cls(fingerprint(models), by_call(models), memory_megabytes, sets_aside)


class Task(msgspec.Struct, frozen=True):
    """One piece of work: small, because it goes to another process or machine."""

    name: str
    """It follows from all that the results follow from, so finished ones are found again."""
    place: str
    """Where the archive is."""
    work: str
    """Where the results go."""
    first: int
    """Calls that began at this position or later; the last one as well."""
    last: int
    segments: tuple[tuple[str, str], ...]
    """The files that have events of these calls, and their SHA-256."""
    wanted: Wanted


def planned(
    place: Place,
    where: tuple[str, str],
    manifest: Manifest,
    wanted: Wanted,
    on_segment: Callable[[int], None],
    task_events: int = TASK_EVENTS,
) -> list[Task]:
    """The tasks for the archive of a place; `where` are the names of that place and of the work.

    Told how many segments were looked at.
    """
    needed = segments_needed(place, manifest, on_segment, task_events)
    return [
        task_of(number * task_events + 1, (number + 1) * task_events, where, some, wanted)
        for number, some in sorted(needed.items())
    ]


def segments_needed(
    place: Place, manifest: Manifest, on_segment: Callable[[int], None], task_events: int
) -> dict[int, list[Segment]]:
    """The segments that have events of the calls of each task, by its number."""
    needed: dict[int, list[Segment]] = {}
    segments = manifest.events
    with ThreadPoolExecutor(LOOKED_AT_ONCE) as threads:
        earlier = threads.map(lambda segment: calls_before(place, segment), segments)
        for done, (segment, calls) in enumerate(zip(segments, earlier, strict=True), 1):
            own = range(
                number_of(segment.first, task_events), number_of(segment.last, task_events) + 1
            )
            for number in {*own, *(number_of(call, task_events) for call in calls)}:
                needed.setdefault(number, []).append(segment)
            on_segment(done)
    return needed


def task_of(
    first: int, last: int, where: tuple[str, str], segments: list[Segment], wanted: Wanted
) -> Task:
    """A task under the name that follows from what it reads and computes."""
    of_the_result = msgspec.structs.replace(wanted, memory_megabytes=0)
    identity = (RESULTS, first, last, of_the_result, [segment.entry_sha256 for segment in segments])
    name = f"{first:012}-{sha256(msgspec.json.encode(identity)).hexdigest()[:16]}"
    files = tuple((segment.name, segment.sha256) for segment in segments)
    return Task(name, *where, first, last, files, wanted)


def number_of(call_position: int, task_events: int) -> int:
    """The number of the task that a call belongs to."""
    return (call_position - 1) // task_events


def calls_before(place: Place, segment: Segment) -> list[int]:
    """The calls that have events in a segment and began before it."""
    if segment.first == 1:
        return []
    with place.opened(segment.name) as file:
        if file is None:
            raise damaged(place, f"{segment.name} is missing")
        segment_file = pq.ParquetFile(file)
        column = segment_file.schema_arrow.get_field_index("call_position")
        groups = []
        for number in range(segment_file.num_row_groups):
            least = segment_file.metadata.row_group(number).column(column).statistics
            if least is None or least.min < segment.first:
                groups.append(number)
        calls = segment_file.read_row_groups(groups, ["call_position"])["call_position"]
    found: list[int] = pc.unique(calls.filter(pc.less(calls, segment.first))).to_pylist()
    return found


def by_call(models: Models) -> tuple[str, ...]:
    """The tables whose rows belong to a call."""
    return tuple(model.name for model in models.kept if model.is_by_call)


def fingerprint(models: Models) -> str:
    """What models are known by: the same computes the same rows."""
    return sha256(msgspec.json.encode(sorted(models.hashes.items()))).hexdigest()
