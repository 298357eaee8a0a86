"""A polled Webex call grows in every way at once: more activities, longer ones, another order."""

from __future__ import annotations

import json
from random import Random

import pytest

from tests.importers.growing import grows
from tests.importers.polled import (
    CALLS,
    Entry,
    Reader,
    entries_of,
    of,
    with_nodes,
    with_times,
)
from tests.importers.recorded import WITHOUT_TIMES, Recorded

STAGES = 4


def grown(entry: Entry, random: Random) -> list[Entry]:
    """Stages of the call: its beginning, with states that are not over, in any order."""
    nodes = entry["activities"]["nodes"][::-1]
    stages = []
    over = 0
    for count in sorted(random.randint(1, len(nodes)) for _ in range(STAGES)):
        over = max(over, count - random.randint(1, 3))
        seen = [dict(node) for node in nodes[:count]]
        for node in seen[over:]:
            node["duration"] = random.choice([-1, None])
        random.shuffle(seen)
        stages.append(with_nodes(entry, seen))
    whole = [*nodes]
    random.shuffle(whole)
    return [*stages, with_nodes(entry, whole)]


@pytest.mark.parametrize("seed", range(6))
def test_our_calls_grow_in_every_way_at_once(reading: Reader, seed: int) -> None:
    random = Random(seed)
    for entry in entries_of(WITHOUT_TIMES):
        grows(reading, grown(with_times(entry), random))


@pytest.mark.skipif(not CALLS.exists(), reason="the recorded responses are not in ../shared/data")
@pytest.mark.parametrize("seed", range(2))
def test_the_recorded_calls_grow_in_every_way_at_once(reading: Reader, seed: int) -> None:
    random = Random(seed)
    for entry in entries_of(CALLS):
        grows(reading, grown(with_times(entry), random))


def with_one_millisecond(entry: Entry, first: int, seed: int) -> Entry:
    """The call with an activity in the millisecond of the one before it, in any order."""
    nodes = entry["activities"]["nodes"][::-1]
    nodes[first + 1]["createdTime"] = nodes[first]["createdTime"]
    nodes[first + 1]["id"] = f"c1-{nodes[first]['createdTime']}-{nodes[first + 1]['eventName']}"
    Random(seed).shuffle(nodes)
    return with_nodes(entry, nodes)


@pytest.mark.parametrize("seed", range(5))
def test_a_hold_that_begins_in_the_millisecond_in_which_one_ends_is_another(
    reading: Reader, seed: int
) -> None:
    call = of(
        *(("new", 1000), ("connect", 1000), ("connected", 1000), ("on-hold", 1000)),
        *(("hold-done", 0), ("on-hold", 1000), ("hold-done", 1000), ("ended", 0)),
    )
    told = Recorded().record(reading(with_one_millisecond(call, 4, seed)))
    holds = [one for one in told.told("c1") if one in ("held", "resumed")]
    assert holds == ["held", "resumed", "held", "resumed"]
    assert told.breaks == []


@pytest.mark.parametrize("seed", range(5))
def test_a_hold_that_ends_in_the_millisecond_in_which_it_begins_is_over(
    reading: Reader, seed: int
) -> None:
    call = of(
        *(("new", 1000), ("connect", 1000), ("connected", 1000), ("on-hold", 0)),
        *(("hold-done", 1000), ("ended", 0)),
    )
    told = Recorded().record(reading(with_one_millisecond(call, 3, seed)))
    assert [one for one in told.told("c1") if one in ("held", "resumed")] == ["held", "resumed"]


@pytest.mark.parametrize("seed", range(5))
def test_a_consult_that_begins_in_the_millisecond_in_which_one_ends_is_another(
    reading: Reader, seed: int
) -> None:
    call = of(
        *(("new", 1000), ("connect", 1000), ("connected", 1000), ("consult", 1000)),
        *(("on-hold", 3000), ("consulting", 1000), ("consult-done", 0), ("consult", 1000)),
        *(("consulting", 1000), ("consult-done", 1000), ("ended", 0)),
    )
    told = Recorded().record(reading(with_one_millisecond(call, 6, seed))).told("c1")
    consults = [one for one in told if one.startswith("consult")]
    assert consults == [*("consult-started", "consult-answered", "consult-ended")] * 2


@pytest.mark.parametrize("seed", range(5))
def test_who_received_a_call_is_connected_after_the_transfer_in_the_same_millisecond(
    reading: Reader, seed: int
) -> None:
    call = of(
        *(("new", 1000), ("connect", 1000), ("connected", 1000), ("blind-transfer", 1000)),
        *(("Transferred", 0), ("connected", 1000), ("ended", 0), ("WrapUp", 1000)),
    )
    told = Recorded().record(reading(with_one_millisecond(call, 4, seed))).told("c1")
    assert told.index("transfer-accepted") < told.index("activity-noted")


@pytest.mark.parametrize("is_newest_first", [True, False])
def test_a_consult_without_its_time_is_between_those_beside_it_in_a_call_that_has_times(
    reading: Reader, is_newest_first: bool
) -> None:
    call = of(
        *(("new", 1000), ("connect", 1000), ("connected", 1000), ("consult", 1500)),
        *(("on-hold", 5000), ("consulting", 1000), ("consult-done", 0), ("hold-done", 1000)),
        *(("ended", 0), ("WrapUp", 1000)),
    )
    alone = Recorded().record(reading(call))
    nodes = json.loads(json.dumps(call["activities"]["nodes"][::-1]))
    for node in nodes:
        del node["id"]
        if "consult" in node["eventName"]:
            del node["createdTime"]
    listed = with_nodes(call, nodes if is_newest_first else nodes[::-1])
    told = Recorded().record(reading(listed))
    assert told.told("c1") == alone.told("c1")
    pairs = [*zip(told.commands["c1"], alone.commands["c1"], strict=True)]
    for one, exact in pairs:
        is_consult = "consult" in one.action
        assert one.time_source == ("derived" if is_consult else "exact")
        off = abs((one.occurred_at - exact.occurred_at).total_seconds())
        assert off <= (1.5 if is_consult else 0)
    early = with_nodes(call, [*nodes[:6], {**nodes[6], "duration": -1}])
    grows(reading, [early, listed])
