"""A replay's calls judged by workers, from the segments of an archive that have their events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from archive.history import File, Files, archive_history
from archive.manifest import KINDS, Segment, read_manifest
from archive.parallel.plan import TASK_EVENTS, number_of, segments_needed
from archive.parallel.workers import Workers
from archive.places import place_of
from archive.segments import content_of
from ledger.replay.parts import Calls, JudgeAll, Part, events_of, judged_calls
from ledger.replay.question import Answer, Bounds, Question
from ledger.replay.refusals import OfCall, SortedRefusals
from ledger.store.interface import Ends


class Task(NamedTuple):
    """Some calls to judge, and all that is needed for it."""

    name: str
    place: str
    """Where the archive is."""
    segments: tuple[Segment, ...]
    """Those that have events of the calls."""
    calls: tuple[Calls, ...]
    refusals: Mapping[int, OfCall]
    question: Question
    bounds: Bounds
    head: int


class Judged(NamedTuple):
    """What a task came to: an answer for each of its `calls`."""

    task: str
    answers: tuple[Answer, ...]


def judging_by(workers: Workers, place: str, task_events: int = TASK_EVENTS) -> JudgeAll:
    """What has calls of an archive judged by workers."""

    def judge_all(part: Part, calls: list[Calls]) -> Iterator[Answer]:
        tasks = tasks_of(part, calls, place, task_events)
        waiting: dict[str, Judged] = {}
        done = workers.submit(tasks, judge)
        for task in tasks:
            while task.name not in waiting:
                judged = next(done)
                waiting[judged.task] = judged
            yield from waiting.pop(task.name).answers
        # To its end, so that it puts its workers away.
        assert not list(done), "each task is done once"

    return judge_all


def tasks_of(part: Part, calls: list[Calls], place: str, task_events: int) -> list[Task]:
    """The tasks for these calls, in their order: those next to each other with the same segments.

    Whole segments are read and compared with their hashes, so a task has many calls.
    """
    archive = place_of(place)
    needed = segments_needed(archive, read_manifest(archive), lambda _: None, task_events)
    tasks: list[Task] = []
    with closing(SortedRefusals(part.refusals)) as refusals:
        for stretches in together(calls, task_events):
            numbers = {one for stretch in stretches for one in numbers_of(stretch, task_events)}
            segments = {
                segment.name: segment for number in sorted(numbers) for segment in needed[number]
            }
            refused: dict[int, OfCall] = {}
            for stretch in stretches:
                refused |= refusals.between(stretch.first, stretch.last)
            tasks.append(
                Task(
                    f"replay-{len(tasks):06}",
                    place,
                    tuple(sorted(segments.values(), key=lambda segment: segment.first)),
                    tuple(stretches),
                    refused,
                    part.question,
                    part.bounds,
                    part.head,
                )
            )
    return tasks


def together(calls: list[Calls], task_events: int) -> Iterator[list[Calls]]:
    """Calls next to each other that began within one task's positions."""
    stretches: list[Calls] = []
    for stretch in calls:
        number = number_of(stretch.first, task_events)
        if stretches and number_of(stretches[0].first, task_events) != number:
            yield stretches
            stretches = []
        stretches.append(stretch)
    if stretches:
        yield stretches


def numbers_of(calls: Calls, task_events: int) -> range | set[int]:
    """The numbers by which their segments are known."""
    if calls.only is not None:
        return {number_of(call, task_events) for call in calls.only}
    return range(number_of(calls.first, task_events), number_of(calls.last, task_events) + 1)


def judge(task: Task) -> Judged:
    """Judge the calls of a task. Raises `LedgerError` where a segment was changed."""
    place = place_of(task.place)
    with TemporaryDirectory(prefix="call-ledger-worker-") as scratch:
        files = []
        for segment in task.segments:
            path = Path(scratch) / segment.name
            path.write_bytes(content_of(place, segment.name, segment.sha256))
            files.append(File(segment.first, segment.last, path))
        of_kind = {kind: files if kind == "events" else [] for kind in KINDS}
        with archive_history(Files(Ends(task.head, 0), of_kind)) as history:
            answers = (
                judged_calls(
                    task.question,
                    task.bounds,
                    events_of(history, stretch, task.head),
                    task.refusals,
                )
                for stretch in task.calls
            )
            return Judged(task.name, tuple(answers))
