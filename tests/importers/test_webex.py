"""Webex calls read as observations: samples of the same shape, small enough to follow."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from domain.commands import ApplyWrapUp, Command
from domain.events import ConferenceStarted, MarkedIncomplete, WrapUpApplied
from domain.vocabulary import Phase, TimeSource
from importers.observation import Observation
from importers.webex import read
from tests.importers.recorded import PARTLY_UNREADABLE, WITH_TIMES, WITHOUT_TIMES, Recorded


@pytest.fixture(scope="module")
def untimed() -> Recorded:
    return Recorded().record(read(WITHOUT_TIMES))


def tasks_in(path: Path) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = json.loads(path.read_text())["data"]["taskDetails"]["tasks"]
    return tasks


def written(folder: Path, tasks: object, name: str = "response.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"data": {"taskDetails": {"tasks": tasks}}}))
    return path


def by_id(observations: list[Observation]) -> dict[object, Observation]:
    return {one.command_id: one for one in observations if isinstance(one, Command)}


def test_a_plain_call_is_read_from_its_arrival_to_its_wrap_up(untimed: Recorded) -> None:
    assert untimed.told("plain") == [
        *("received", "activity-noted", "activity-noted", "offered", "offer-missed", "offered"),
        *("answered", "activity-noted", "held", "resumed", "activity-noted", "activity-noted"),
        *("exited", "exited", "ended", "wrap-up-applied", "activity-noted"),
    ]


def test_the_conference_is_established_by_its_state_and_not_by_its_request(
    untimed: Recorded,
) -> None:
    told = untimed.told("conference")
    assert told.count("conference-started") == 1
    assert told.index("activity-noted", told.index("consult-answered")) < told.index(
        "conference-started"
    )


def test_a_consult_to_an_entry_point_is_answered_when_the_child_is_connected(
    untimed: Recorded,
) -> None:
    answered, unanswered = (
        untimed.told("entry-point-answered"),
        untimed.told("entry-point-unanswered"),
    )
    assert answered.count("received") == answered.count("ended") == 1
    assert "consult-ended" in answered
    assert "consult-answered" not in unanswered
    assert "consult-cancelled" in unanswered
    assert unanswered.count("offered") == 1


def test_transfers_have_the_kind_of_their_request(untimed: Recorded) -> None:
    assert untimed.kinds_of_transfer() == Counter(blind=1, consult=1)
    assert untimed.told("consult-transfer").count("wrap-up-applied") == 2


def test_a_call_that_goes_back_to_a_queue_is_transferred_there_at_once(untimed: Recorded) -> None:
    told = untimed.told("to-a-queue")
    assert "transfer-accepted" not in told
    assert told.count("transferred-to-queue") == 1
    assert told.count("answered") == 2
    assert told.count("wrap-up-applied") == 2


def test_a_consult_that_failed_is_cancelled(untimed: Recorded) -> None:
    told = untimed.told("consult-error")
    assert told.count("consult-started") == 2
    assert told.count("consult-cancelled") == told.count("consult-ended") == 1


def test_a_cut_call_is_marked_and_still_has_whom_its_states_presuppose(untimed: Recorded) -> None:
    assert untimed.count(MarkedIncomplete) == {"cut": 1}
    assert untimed.told("cut")[:3] == ["received", "offered", "answered"]
    missing = asdict(untimed.events["cut"][-1])["missing"]
    assert missing == "3 of 14 activities, on further pages, before cursor 1700000000000"
    assert untimed.commands["cut"][0].occurred_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_call_without_an_end_is_open(untimed: Recorded) -> None:
    assert untimed.calls["not-ended"].phase is Phase.QUEUED
    assert untimed.calls["callback"].phase is Phase.QUEUED


def test_only_what_broke_a_rule_says_so(untimed: Recorded) -> None:
    assert untimed.breaks == [("callback", "apply-wrap-up", "R21")]


@pytest.mark.parametrize("sample", [WITH_TIMES, WITHOUT_TIMES])
def test_every_activity_leaves_a_trace(sample: Path) -> None:
    recorded = Recorded().record(read(sample))
    for task in tasks_in(sample):
        traces = {command.correlation_id for command in recorded.commands[task["id"]]}
        traces -= {"beginning", "order"}
        nodes = len(task["activities"]["nodes"])
        assert sum(not (trace or "").startswith("missing") for trace in traces) == nodes


def test_times_are_exact_where_the_record_has_them() -> None:
    commands = Recorded().record(read(WITH_TIMES)).commands["timed-conference"]
    assert {command.time_source for command in commands} == {TimeSource.EXACT}
    assert commands[0].occurred_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert all(one.occurred_at <= other.occurred_at for one, other in pairwise(commands))


def test_without_times_distances_hold_and_the_day_is_the_one_given() -> None:
    base = datetime(2024, 5, 1, 8, tzinfo=UTC)
    commands = Recorded().record(read(WITHOUT_TIMES, base=base)).commands["plain"]
    assert {command.time_source for command in commands} == {TimeSource.DERIVED}
    seconds = {c.action: (c.occurred_at - base) / timedelta(seconds=1) for c in commands}
    assert seconds["receive"] == 0
    assert seconds["answer"] == pytest.approx(1.5 + 4 + 1.2 + 6)
    assert seconds["hold"] == pytest.approx(12.7 + 20)
    assert seconds["end-call"] == pytest.approx(32.7 + 9 + 3)
    assert seconds["apply-wrap-up"] == pytest.approx(44.7 + 5)


def test_a_new_that_lasts_as_long_as_the_whole_call_is_read_as_what_is_left_of_it() -> None:
    commands = Recorded().record(read(WITHOUT_TIMES)).commands["conference"]
    seconds = {command.action: command.occurred_at.timestamp() for command in commands}
    assert seconds["offer"] == pytest.approx(60 - (5 + 10 + 19 + 10.7 + 8))
    assert seconds["end-call"] == pytest.approx(60)


def test_importing_the_same_file_twice_adds_nothing() -> None:
    recorded = Recorded().record(read(WITHOUT_TIMES))
    before = {call_id: len(events) for call_id, events in recorded.events.items()}
    recorded.record(read(WITHOUT_TIMES))
    assert {call_id: len(events) for call_id, events in recorded.events.items()} == before


@settings(max_examples=40)
@given(st.data())
def test_any_order_of_calls_and_of_activities_with_times_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    tasks = data.draw(st.permutations(tasks_in(WITH_TIMES)))
    for task in tasks:
        task["activities"]["nodes"] = data.draw(st.permutations(task["activities"]["nodes"]))
    path = written(tmp_path_factory.mktemp("shuffled"), tasks)
    assert by_id(list(read(path))) == by_id(list(read(WITH_TIMES)))
    assert Recorded().record(read(path)).events == Recorded().record(read(WITH_TIMES)).events


@settings(max_examples=20)
@given(st.data())
def test_any_order_of_calls_without_times_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = written(
        tmp_path_factory.mktemp("shuffled"), data.draw(st.permutations(tasks_in(WITHOUT_TIMES)))
    )
    assert Recorded().record(read(path)).events == Recorded().record(read(WITHOUT_TIMES)).events


def test_oldest_first_gives_the_same_as_newest_first(tmp_path: Path) -> None:
    tasks = tasks_in(WITHOUT_TIMES)
    for task in tasks:
        task["activities"]["nodes"].reverse()
    turned = Recorded().record(read(written(tmp_path, tasks)))
    assert turned.events == Recorded().record(read(WITHOUT_TIMES)).events


@settings(max_examples=40)
@given(st.data())
def test_shuffled_without_times_the_same_things_are_counted_and_the_order_is_said_not_to_be_known(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    tasks = tasks_in(WITHOUT_TIMES)
    for task in tasks:
        task["activities"]["nodes"] = data.draw(st.permutations(task["activities"]["nodes"]))
    path = written(tmp_path_factory.mktemp("shuffled"), tasks)
    shuffled, sorted_ = Recorded().record(read(path)), Recorded().record(read(WITHOUT_TIMES))
    assert shuffled.count(ConferenceStarted) == sorted_.count(ConferenceStarted)
    assert shuffled.count_asked(ApplyWrapUp) == sorted_.count_asked(ApplyWrapUp)
    assert shuffled.kinds_of_transfer() == sorted_.kinds_of_transfer()
    assert shuffled.count(MarkedIncomplete) == sorted_.count(MarkedIncomplete)


def test_an_order_that_cannot_be_is_said_not_to_be_known(tmp_path: Path) -> None:
    task = tasks_in(WITHOUT_TIMES)[0]
    nodes = task["activities"]["nodes"]
    nodes.insert(5, nodes.pop())
    recorded = Recorded().record(read(written(tmp_path, [task])))
    noted = [asdict(event).get("activity") for event in recorded.events["plain"]]
    assert "order of activities not known" in noted


def test_a_call_that_stands_there_twice_is_one_call(tmp_path: Path) -> None:
    tasks = tasks_in(WITHOUT_TIMES)
    twice = Recorded().record(read(written(tmp_path, tasks + tasks)))
    assert twice.events == Recorded().record(read(WITHOUT_TIMES)).events


def test_an_activity_that_stands_there_twice_is_one_activity(tmp_path: Path) -> None:
    tasks = tasks_in(WITH_TIMES)
    for task in tasks:
        task["activities"]["nodes"] *= 2
    twice = Recorded().record(read(written(tmp_path, tasks)))
    assert twice.events == Recorded().record(read(WITH_TIMES)).events


def test_the_pages_of_one_call_are_joined_and_it_is_complete_then(tmp_path: Path) -> None:
    newest, oldest = tasks_in(WITHOUT_TIMES)[0], tasks_in(WITHOUT_TIMES)[0]
    newest["activities"]["nodes"] = newest["activities"]["nodes"][:9]
    newest["activities"]["pageInfo"] = {"hasNextPage": True, "endCursor": "1700000000000"}
    oldest["activities"]["nodes"] = oldest["activities"]["nodes"][9:]
    one, other = written(tmp_path, [newest], "1.json"), written(tmp_path, [oldest], "2.json")
    joined = Recorded().record(read([one, other]))
    alone = Recorded().record(read(one))
    assert joined.told("plain") == Recorded().record(read(WITHOUT_TIMES)).told("plain")
    assert alone.count(MarkedIncomplete) == {"plain": 1}


def test_what_cannot_be_read_is_kept_with_its_reason_and_the_rest_is_read() -> None:
    recorded = Recorded().record(read(PARTLY_UNREADABLE))
    assert [piece.reason for piece in recorded.unreadable] == [
        "cannot be read as a call: id: Field required",
        "cannot be read as a call: activities: Field required",
        "an activity has neither eventName nor an id",
        "cannot be read as a call: activities.nodes.0.createdTime: "
        "Input should be greater than or equal to 100000000000",
        "cannot be read as a call: activities.nodes.0.createdTime: "
        "Input should be less than 7258118400000",
        "cannot be read as a call: the entry: "
        "Input should be a valid dictionary or instance of Task",
    ]
    assert json.loads(recorded.unreadable[1].original) == {"id": "no-activities"}
    assert list(recorded.calls) == ["readable"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not a JSON document"),
        (b'{"data": NaN}', "not a JSON document"),
        (b'{"data": {"taskDetails": {"tasks": 1}}}', "no list at data.taskDetails.tasks"),
        (b"[]", "no list at data.taskDetails.tasks"),
        (b"\xff\xfe", "not a JSON document"),
        (b"", "not a JSON document"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_whole(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    (piece,) = Recorded().record(read(path)).unreadable
    assert piece.reason.startswith(reason)
    assert piece.original == content


def test_a_call_of_too_many_activities_is_not_read(tmp_path: Path) -> None:
    nodes = [{"eventName": "on-hold", "duration": 1}] * 2_001
    path = written(tmp_path, [{"id": "endless", "activities": {"nodes": nodes}}])
    (piece,) = Recorded().record(read(path)).unreadable
    assert "more than 2000 activities" in piece.reason


def test_every_wrap_up_is_one_of_its_own_even_where_none_was_open(tmp_path: Path) -> None:
    nodes = [{"eventName": name, "duration": 1} for name in ("new", "WrapUp", "WrapUp", "WrapUp")]
    recorded = Recorded().record(
        read(written(tmp_path, [{"id": "c", "activities": {"nodes": nodes}}]))
    )
    numbers = [e.wrap_up_number for e in recorded.events["c"] if isinstance(e, WrapUpApplied)]
    assert numbers == [1, 2, 3]


def test_a_wrap_up_is_that_of_the_agent_whose_wrap_up_opened_last(tmp_path: Path) -> None:
    told = (
        *(("new", 0, 1_000), ("parked", 1_000, 4_000), ("connect", 5_000, 5_000)),
        *(("connected", 10_000, 60_000), ("vt-transfer", 70_000, 1_000), ("parked", 71_000, 9_000)),
        *(("connect", 80_000, 5_000), ("connected", 85_000, 40_000), ("ended", 125_000, 0)),
        ("WrapUp", 125_001, 12_000),
    )
    nodes = [
        {"eventName": name, "createdTime": 1767261600000 + offset, "duration": duration}
        for name, offset, duration in told
    ]
    task = {"id": "c", "channelType": "telephony", "activities": {"nodes": nodes}}
    call = Recorded().record(read(written(tmp_path, [task]))).calls["c"]
    assert {one.agent: one.reason for one in call.wrap_ups} == {
        "unknown-1": None,
        "unknown-2": "unknown",
    }
