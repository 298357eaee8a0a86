"""Simulated days of calls, as the commands that everybody in them gives, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Final
from uuid import UUID

from domain import commands
from domain.commands import EARLIEST_YEAR, LATEST_YEAR, Command
from domain.rule_sets import SEED, RuleSet
from simulation.calibration import ARRIVALS_BY_HOUR, ENTRY_POINTS, REASONS
from simulation.centre import Centre, Step
from simulation.consults import consult, hold
from simulation.course import SHORT_WHILE, Course, Steps
from simulation.offers import find_owner, give_up, turn_away
from simulation.transfers import transfer_blindly

SOURCE: Final = "simulation"
HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
CALLS_LIMIT: Final = 100_000_000
DAYS_LIMIT: Final = 10_000


def simulate(
    calls: int, seed: int, start: datetime, days: int = 1, rules: RuleSet = SEED
) -> Iterator[Command]:
    """Give the commands of that many calls, spread over days from `start`, in order of time.

    The same arguments give the same commands, ids included. Some of the commands are refused
    by the rules, as in any day. Memory is bounded by the calls that go on at the same time.
    Raises ValueError where a number is out of bounds or `start` has no time zone.
    """
    if not 0 <= calls <= CALLS_LIMIT:
        raise ValueError(f"calls must be from 0 to {CALLS_LIMIT}, not {calls}")
    if not 1 <= days <= DAYS_LIMIT:
        raise ValueError(f"days must be from 1 to {DAYS_LIMIT}, not {days}")
    if start.tzinfo is None:
        raise ValueError("start needs a time zone; give it as 2026-01-01T00:00:00Z")
    if not EARLIEST_YEAR <= start.year < LATEST_YEAR - DAYS_LIMIT // 365:
        raise ValueError(f"start must be after {EARLIEST_YEAR} and well before {LATEST_YEAR}")
    return commands_of(Centre(seed, rules), calls, start, days)


def commands_of(centre: Centre, calls: int, start: datetime, days: int) -> Iterator[Command]:
    """Merge the courses of all calls by time; a call begins when its time has come."""
    start_milliseconds = int(start.timestamp() * 1000)
    heap: list[tuple[int, int, Step, Steps]] = []
    begun = 0

    def advance(steps: Steps) -> None:
        """Put the next step of a course in its place, and of those that began beside it."""
        nonlocal begun
        step = next(steps, None)
        if step is not None:
            begun += 1
            heappush(heap, (step.microseconds, begun, step, steps))
        while centre.beside:
            advance(centre.beside.pop())

    def first(until: int | None) -> Iterator[Command]:
        """Give what happens until then, and let its courses go on."""
        while heap and (until is None or heap[0][0] <= until):
            _, _, step, steps = heappop(heap)
            yield command_of(centre, step, start, start_milliseconds)
            advance(steps)

    for arrival in arrivals(centre, calls, days):
        yield from first(arrival)
        call_id = str(uuid7(centre, start_milliseconds, arrival))
        advance(steps_of(Course(centre, call_id, arrival)))
    yield from first(None)


def arrivals(centre: Centre, calls: int, days: int) -> Iterator[int]:
    """When each call arrives, in microseconds since the start, in order."""
    total, share_so_far, given = sum(ARRIVALS_BY_HOUR) * days, 0, 0
    for day in range(days):
        for hour, weight in enumerate(ARRIVALS_BY_HOUR):
            share_so_far += weight
            due = calls * share_so_far // total - given
            given += due
            for number in range(due):
                within = int((number + centre.random.random()) * HOUR / due)
                yield day * DAY + hour * HOUR + within


def steps_of(course: Course) -> Steps:
    """The whole of one call."""
    centre = course.centre
    yield course.by_system(
        commands.Receive,
        customer=centre.number(),
        queue=course.queue,
        entry_point=centre.one_of(ENTRY_POINTS),
    )
    luck, abandoned = centre.random.random(), centre.share("abandoned")
    if luck < abandoned:
        yield from give_up(course)
        return
    if luck < abandoned + centre.share("turned_away"):
        yield from turn_away(course)
        return
    if not (yield from find_owner(course)):
        return
    course.wait("talk")
    if centre.chance("reason_before_the_end"):
        yield course.by(course.owner, commands.ApplyWrapUp, reason=centre.one_of(REASONS))
        course.now += SHORT_WHILE
    luck, consulted = centre.random.random(), centre.share("consulted")
    held = consulted + centre.share("held")
    if luck < consulted:
        yield from consult(course)
    elif luck < held:
        yield from hold(course)
    elif luck < held + centre.share("blind_transfer"):
        yield from transfer_blindly(course)
    else:
        yield from course.end()


def command_of(centre: Centre, step: Step, start: datetime, start_milliseconds: int) -> Command:
    """Make the command of a step."""
    return step.command_class(
        command_id=uuid7(centre, start_milliseconds, step.microseconds),
        source=SOURCE,
        call_id=step.call_id,
        actor=step.actor,
        via=step.via,
        occurred_at=start + timedelta(microseconds=step.microseconds),
        **step.own,
    )


def uuid7(centre: Centre, start_milliseconds: int, microseconds: int) -> UUID:
    """A version 7 id of that moment, from the centre's own chance, so that it is repeatable."""
    milliseconds, rest = divmod(microseconds, 1000)
    sub_millisecond = rest * 4096 // 1000
    return UUID(
        int=(start_milliseconds + milliseconds) << 80
        | 0x7 << 76
        | sub_millisecond << 64
        | 0x2 << 62
        | centre.random.getrandbits(62)
    )
