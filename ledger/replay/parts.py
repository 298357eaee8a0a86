"""The ledger in parts by call, each judged in a process; the answer is in the order of calls."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from ledger.replay.asked import Recognition, is_certain
from ledger.replay.history import Events, FirstEvent, History, OpenHistory, Row, in_parts
from ledger.replay.judging import JudgedCall
from ledger.replay.kept import RecordedEvent, recorded_event
from ledger.replay.question import AFTER_ALL_TIMES, EVERYTHING, Answer, Bounds, Question
from ledger.replay.reading import commands_in
from ledger.replay.refusals import OfCall, SortedRefusals, sort_refusals
from ledger.store.interface import NO_LIMIT

PROCESS_EVENTS: Final = 20_000
"""A further process is worth its start from so many events on."""


class Calls(NamedTuple):
    """Calls whose first events are within two positions, or only some of them."""

    first: int
    last: int
    only: tuple[int, ...] | None = None

    @property
    def about(self) -> int:
        """About how many events they have, to show how far a replay is."""
        return self.last - self.first + 1 if self.only is None else len(self.only)


class Part(NamedTuple):
    """What a process has to know to judge some calls."""

    history: OpenHistory
    refusals: Path
    question: Question
    bounds: Bounds
    head: int


JudgeAll = Callable[[Part, list[Calls]], Iterator[Answer]]
"""Judges all of these calls; the answers come in the order of the calls."""


def replayed(
    open_history: OpenHistory,
    question: Question,
    processes: int,
    judge_elsewhere: JudgeAll | None = None,
) -> Iterator[tuple[int, int, Answer]]:
    """Judge what was asked: how far it is, of how far, and the answer so far.

    It is done in so many processes, or elsewhere. Raises `NoSuchPosition` where the question names
    one.
    """
    answer = Answer()
    with tempfile.TemporaryDirectory(prefix="call-ledger-replay-") as scratch:
        path = Path(scratch) / "refusals.sqlite"
        with open_history() as history:
            bounds, head = bounds_of(history, question), history.head()
            worth = processes_worth(question, bounds, head.position)
            # They begin while the refusals are sorted.
            with judging(1 if judge_elsewhere else min(processes, worth)) as judge_here:
                sort_refusals(history, path, head, bounds, question.call)
                calls = list(calls_asked(history, path, question, bounds, head.position))
                done, total = 0, sum(one.about for one in calls)
                whole = Part(open_history, path, question, bounds, head.position)
                judge_all = judge_elsewhere or judge_here
                for one, judged in zip(calls, judge_all(whole, calls), strict=True):
                    answer.add(judged, question.at_most)
                    done += one.about
                    yield done, total, answer
        with closing(SortedRefusals(path)) as refusals:
            for of_call in refusals.without_events():
                judge_call(question, bounds, [], of_call, {}, Recognition(), answer)
        yield total, total, answer


def processes_worth(question: Question, bounds: Bounds, head: int) -> int:
    """How many processes are worth their start."""
    last = min(bounds.last_position, head)
    return 1 if question.call else 1 + (last - bounds.first_position) // PROCESS_EVENTS


@contextmanager
def judging(processes: int) -> Iterator[JudgeAll]:
    """What judges calls in order, in so many processes; one alone is this process."""
    if processes < 2:
        yield lambda part, calls: map(partial(judged_part, part), calls)
        return
    # A process that begins afresh inherits no thread and no connection.
    with get_context("spawn").Pool(processes) as pool:
        yield lambda part, calls: pool.imap(partial(judged_part, part), calls)


def bounds_of(history: History, question: Question) -> Bounds:
    """What is asked for. A refusal belongs to the last position that was recorded by then.

    So what is judged up to a position and from the next one on is all, and nothing twice.
    """
    first, last, since, until = 1, NO_LIMIT, "", AFTER_ALL_TIMES
    refused_since, refused_until = since, until
    if isinstance(question.begin, int):
        first = question.begin
        history.recorded_at(first)
        if first > 1:
            refused_since = just_after(history.recorded_at(first - 1))
    elif question.begin is not None:
        since = refused_since = question.begin
    if isinstance(question.end, int):
        last = question.end
        refused_until = just_after(history.recorded_at(last))
    elif question.end is not None:
        until = refused_until = question.end
    return Bounds(first, last, since, until, refused_since, refused_until)


def just_after(recorded_at: str) -> str:
    """Text that sorts after this time and before any later one."""
    return f"{recorded_at}{AFTER_ALL_TIMES}"


def calls_asked(
    history: History, path: Path, question: Question, bounds: Bounds, head: int
) -> Iterator[Calls]:
    """The calls that have anything to judge, in the order of their first events."""
    if question.call is not None:
        source, call_id = question.call
        sources = history.sources_of(call_id) if source is None else [source]
        named = history.calls_named([(one, call_id) for one in sources]).values()
        yield from some_of(call for call in named if call <= head)
        return
    first, last = bounds.first_position, min(bounds.last_position, head)
    with closing(SortedRefusals(path)) as refusals:
        refused = refusals.calls_outside(first, last)
    if first > 1:
        touched = history.calls_touched(first, last)
        yield from some_of({*touched, *(call for call in refused if call < first)})
    for one in range(first, last + 1, history.part_events):
        yield Calls(one, min(one + history.part_events - 1, last))
    yield from some_of(call for call in refused if call > last)


def some_of(calls: Iterable[int]) -> Iterator[Calls]:
    """Some calls, in order, as many at once as are looked up."""
    for some in in_parts(sorted(calls)):
        yield Calls(some[0], some[-1], tuple(some))


def judged_part(part: Part, calls: Calls) -> Answer:
    """Judge some calls, in the order of their first events."""
    with part.history() as history, closing(SortedRefusals(part.refusals)) as sorted_refusals:
        refusals = sorted_refusals.between(calls.first, calls.last)
        return judged_calls(
            part.question, part.bounds, events_of(history, calls, part.head), refusals
        )


def judged_calls(
    question: Question,
    bounds: Bounds,
    all_events: Iterable[Events],
    refusals: Mapping[int, OfCall],
) -> Answer:
    """Judge the calls of these events, with what was refused of them."""
    answer, recognition = Answer(), Recognition()
    for found in all_events:
        by_call, wanted = read(found.rows)
        fingerprints = found.fingerprints(wanted)
        for call, events in by_call:
            refused = refusals.get(call, [])
            judge_call(question, bounds, events, refused, fingerprints, recognition, answer)
    return answer


def events_of(history: History, calls: Calls, head: int) -> Iterator[Events]:
    """The events of some calls, a few calls at a time."""
    if calls.only is not None:
        yield history.events_of(calls.only, head)
        return
    for first in range(calls.first, calls.last + 1, history.read_events):
        last = min(first + history.read_events - 1, calls.last)
        yield history.events_between(first, last, head)


def read(rows: Sequence[Row]) -> tuple[list[tuple[int, list[RecordedEvent]]], list[FirstEvent]]:
    """The events of each call, by its position, and those that do not tell their command."""
    by_call: list[tuple[int, list[RecordedEvent]]] = []
    wanted: list[FirstEvent] = []
    last_call, last_command, events = None, "", list[RecordedEvent]()
    for call, position, document in rows:
        recorded = recorded_event(position, document)
        if call != last_call:
            last_call, events = call, []
            by_call.append((call, events))
        events.append(recorded)
        command = recorded[1].commandid
        if command != last_command:
            last_command = command
            if not is_certain(recorded[2]):
                wanted.append((position, command))
    return by_call, wanted


def judge_call(
    question: Question,
    bounds: Bounds,
    events: Sequence[RecordedEvent],
    refusals: OfCall,
    fingerprints: Mapping[int, int | None],
    recognition: Recognition,
    answer: Answer,
) -> None:
    """Judge one call and add what came of it."""
    call = JudgedCall(question.rules, question.against)
    call_position = events[0][0] if events else None
    all_of_it = bounds == EVERYTHING
    for taken in commands_in(events, refusals, fingerprints, recognition):
        if taken is None:
            answer.not_rebuilt += 1
        elif all_of_it or bounds.has(taken):
            call.take(taken, call_position)
            answer.recorded_by[taken.kept.ruleset, taken.kept.rulesethash] += 1
    answer.judged += call.judged
    answer.differing += call.differing
    answer.observed += call.observed
    answer.add_differences(call.differences, question.at_most)
