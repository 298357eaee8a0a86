"""In which order a call's activities happened, and when.

Order: by time where every activity carries one. Otherwise by position, newest or oldest first,
whichever its pairs (`connect` before `connected`) bear witness to. Where neither direction can
be a history, by the stages of a call, and the call says that its order is not known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from importers.webex_records import Activity, Task

STAGES: Final = """
new campaignOutbound flow-activity ivr-connected ivr-done treatment treatment-completed parked
con-to-agent-error connect connected recording-started dequeued paused resumed ctq consult
ctq-accepted on-hold consulting consult-error Conference conferencing conference-done
consult-done hold-done blind-transfer vt-transfer ConsultTransfer Transferred optOutOfQueue
callbackFailed ended WrapUp recording-available
"""
STAGE: Final = {name: stage for stage, name in enumerate(STAGES.split())}

NEXT_TO_EACH_OTHER: Final = (
    ("Conference", "conferencing"),
    ("ConsultTransfer", "Transferred"),
    ("blind-transfer", "Transferred"),
    ("ctq", "consult"),
)
"""The second follows the first at once."""

ONE_AFTER_THE_OTHER: Final = (
    *NEXT_TO_EACH_OTHER,
    ("new", "connect"),
    ("new", "ended"),
    ("new", "parked"),
    ("connect", "connected"),
    ("connect", "ended"),
    ("parked", "ended"),
    ("connected", "ended"),
    ("connected", "WrapUp"),
    ("consult", "consulting"),
    ("on-hold", "hold-done"),
    ("ended", "recording-available"),
)
"""The first of the one comes before the first of the other, in a record that is not cut."""

CUSTOMER_STATES: Final = frozenset(
    {
        "new",
        "ivr-connected",
        "treatment",
        "parked",
        "optOutOfQueue",
        "callbackFailed",
        "con-to-agent-error",
        "connect",
        "connected",
        "on-hold",
        "hold-done",
        "conference-done",
        "blind-transfer",
        "vt-transfer",
        "ConsultTransfer",
        "Transferred",
        "ended",
    }
)
"""States of the customer's side: each lasts until the next, so their durations add up."""

CONSULT_STATES: Final = frozenset(
    {
        "ctq",
        "consult",
        "ctq-accepted",
        "consulting",
        "consult-error",
        "consult-done",
        "Conference",
        "conferencing",
    }
)
"""States of the consult, which lie beside the customer's."""


class Placed(NamedTuple):
    """An activity with its place in the call: when it began, and whether that is the child's.

    A consult to an entry point is a call of its own for Webex; its activities stand mixed
    with those of the parent.
    """

    activity: Activity
    name: str
    milliseconds: int
    of_child: bool


class History(NamedTuple):
    """The activities of one call, oldest first."""

    placed: tuple[Placed, ...]
    order_known: bool
    has_times: bool


def history_of(task: Task, newest_first: bool, base_milliseconds: int) -> History:
    """Put the activities of a call in order and in time.

    Without times the call begins at `base_milliseconds`, or, cut, at its cursor's time.
    """
    nodes, order_known = task.activities.nodes, True
    has_times = not nodes or any(node.milliseconds is not None for node in nodes)
    if has_times:
        time_of = times_by_place(nodes, newest_first)
        ordered = in_time(nodes, time_of)
    else:
        votes = witness(nodes)
        is_newest_first = newest_first if votes == 0 else votes < 0
        ordered = nodes[::-1] if is_newest_first else nodes
        order_known = is_possible(ordered, is_cut=task.missing is not None)
        ordered = ordered if order_known else by_stage(ordered)
    of_child = children(ordered)
    if has_times:
        times = [time_of[id(node)] for node in ordered]
    else:
        times = derived_times(ordered, of_child, task.oldest_milliseconds or base_milliseconds)
    placed = (
        Placed(node, node.name or "", time, child)
        for node, time, child in zip(ordered, times, of_child, strict=True)
    )
    return History(tuple(placed), order_known, has_times)


def times_by_place(nodes: Sequence[Activity], newest_first: bool) -> dict[int, int]:
    """When each began, by the object's identity; one without its time by its place in the list.

    It begins when the one before it of its side is over, or with the next, and between the two
    that stand beside it.
    """
    known = [node.milliseconds for node in nodes if node.milliseconds is not None]
    votes = sum((one < other) - (one > other) for one, other in pairwise(known))
    ordered = nodes[::-1] if votes < 0 or (votes == 0 and newest_first) else nodes
    found: dict[int, int] = {}
    ends: dict[str, int] = {}
    before: int | None = None
    for position, node in enumerate(ordered):
        side = "consult" if node.name in CONSULT_STATES else "customer"
        time = node.milliseconds
        if time is None:
            later = (one.milliseconds for one in ordered[position:])
            following = next((one for one in later if one is not None), None)
            last = following if following is not None else max(ends.values(), default=0)
            time = max(min(ends.get(side, last), last), last if before is None else before)
        found[id(node)] = time
        before = time if before is None else max(before, time)
        ends[side] = time + (node.duration_ms or 0)
    return found


def stage_name(node: Activity) -> tuple[int, str, str]:
    """The sort key of activities at the same time: by the stages of a call."""
    name = node.name or ""
    return (STAGE.get(name, 0), name, node.id or "")


ENDS_STATE: Final = {
    "hold-done": "hold",
    "consult-done": "consult",
    "conferencing": "consult",
    "conference-done": "conference",
    "Transferred": "transfer consult",
}
BEGINS_STATE: Final = {
    "on-hold": "hold",
    "consult": "consult",
    "ctq": "consult",
    "conferencing": "conference",
    "blind-transfer": "transfer",
    "ConsultTransfer": "transfer",
}


def in_time(nodes: Sequence[Activity], time_of: Mapping[int, int]) -> list[Activity]:
    """The activities by their times; within a millisecond, what ends a state that is on is first.

    A hold may end and the next begin in one millisecond, whatever their stages are.
    """
    ordered: list[Activity] = []
    states: set[str] = set()
    by_stage = sorted(nodes, key=stage_name)
    by_time = sorted(by_stage, key=lambda node: time_of[id(node)])
    for _, together in groupby(by_time, lambda node: time_of[id(node)]):
        waiting = [*together]
        if len(waiting) > 1:
            waiting.sort(key=lambda node: states.isdisjoint(states_ended_by(node)))
        for node in waiting:
            states.difference_update(states_ended_by(node))
            states.update(BEGINS_STATE.get(node.name or "", "").split())
        ordered += waiting
    return ordered


def states_ended_by(node: Activity) -> list[str]:
    """What is over once the activity has begun."""
    return ENDS_STATE.get(node.name or "", "").split()


def witness(nodes: Sequence[Activity]) -> int:
    """How many pairs stand oldest first, less those that stand newest first.

    The first of both and the last of both are compared, so that the turned list says the opposite.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for position, node in enumerate(nodes):
        name = node.name or ""
        first.setdefault(name, position)
        last[name] = position
    return sum(
        1 if places[one] < places[other] else -1
        for one, other in ONE_AFTER_THE_OTHER
        if one in first and other in first
        for places in (first, last)
    )


def is_possible(ordered: list[Activity], is_cut: bool) -> bool:
    """Whether this order can be a history; of a cut record less can be asked."""
    names = [node.name for node in ordered]
    requests = {one for one, _ in NEXT_TO_EACH_OTHER if one in names}
    states = {other for one, other in NEXT_TO_EACH_OTHER if one in requests and other != "consult"}
    for before, after in pairwise(names):
        if before in requests and (before, after) not in NEXT_TO_EACH_OTHER:
            return False
        if after in states and (before, after) not in NEXT_TO_EACH_OTHER:
            return False
    if is_cut:
        return True
    if "new" in names and names[0] != "new":
        return False
    return all(
        names.index(one) < names.index(other)
        for one, other in ONE_AFTER_THE_OTHER
        if one in names and other in names
    )


def by_stage(nodes: list[Activity]) -> list[Activity]:
    """Order by the stages of a call; a `Transferred` goes right after each request."""
    staged = sorted(nodes, key=lambda node: (STAGE.get(node.name or "", 0), node.duration or 0))
    accepted = [node for node in staged if node.name == "Transferred"]
    ordered: list[Activity] = []
    for node in staged:
        if node.name == "Transferred":
            continue
        ordered.append(node)
        if node.name in ("ConsultTransfer", "blind-transfer") and accepted:
            ordered.append(accepted.pop(0))
    return [*ordered, *accepted]


def children(ordered: list[Activity]) -> list[bool]:
    """For each activity, whether it belongs to the child: from its `new` within a consult on."""
    marks: list[bool] = []
    in_consult = in_child = False
    for position, node in enumerate(ordered):
        match node.name:
            case "consult" | "ctq":
                in_consult, in_child = True, False
            case "new" if position > 0:
                in_child = in_consult
            case "conferencing" | "Transferred" | "ended":
                in_consult = in_child = False
            case "hold-done":
                in_child = False
            case _:
                pass
        is_mixed_in = node.name in ("new", "flow-activity", "connect", "connected", "parked")
        marks.append(in_child and is_mixed_in)
    return marks


def derived_times(ordered: list[Activity], of_child: list[bool], start: int) -> list[int]:
    """Begin of each activity from the durations of those before it.

    The customer's states follow each other. What lies beside them (a consult, its child)
    follows its own predecessor, within the customer's states between which it stands.
    """
    names = [node.name or "" for node in ordered]
    durations = [node.duration_ms or 0 for node in ordered]
    backbone = [
        position
        for position, name in enumerate(names)
        if name in CUSTOMER_STATES and not of_child[position]
    ]
    known: dict[int, int] = {}
    now = start
    for position in backbone:
        known[position] = now
        now += lasting(names, durations, backbone, position)
    times: list[int] = []
    earliest, consult_end, child_end = start, start, start
    for position, name in enumerate(names):
        place = bisect_left(backbone, position)
        following = backbone[place] if place < len(backbone) else None
        latest = known[following] if following is not None else now
        if position in known:
            begin = known[position]
        elif of_child[position]:
            child_end = max(child_end, earliest) if name == "new" else child_end
            begin = min(max(earliest, child_end), latest)
            child_end = begin + own_new(names, durations, of_child, position)
        elif name in CONSULT_STATES:
            opens_hold = following is not None and names[following] == "on-hold"
            begin = latest if opens_hold else min(max(earliest, consult_end), latest)
            consult_end = begin + durations[position]
            if name == "ctq-accepted" and "consulting" in names[position:]:
                answered = names.index("consulting", position)
                consult_end = begin + max(0, durations[position] - durations[answered])
        else:
            begin = earliest
        earliest = max(earliest, begin)
        times.append(earliest)
    return times


def lasting(names: list[str], durations: list[int], backbone: list[int], position: int) -> int:
    """How long a state of the customer's side lasts; some records give `new` the whole call's."""
    if names[position] != "new":
        return durations[position]
    rest = sum(durations[other] for other in backbone if other > position)
    return durations[position] - rest if 0 < rest <= durations[position] else durations[position]


def own_new(names: list[str], durations: list[int], of_child: list[bool], position: int) -> int:
    """The same for a state of the child."""
    if names[position] != "new":
        return durations[position]
    child = [other for other, mark in enumerate(of_child) if mark and other >= position]
    return lasting(names, durations, child, position)
