"""The recorded Webex responses, as they are, with all their dirt."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import asdict

from domain.events import (
    ConferenceStarted,
    MarkedIncomplete,
    TransferAccepted,
    WrapUpApplied,
)
from importers.webex import read
from tests.importers.recorded import Recorded

WEBEX = Path(__file__).parents[3] / "shared" / "data" / "webex"
CALLS = WEBEX / "car_77tasks_865activities.json"

pytestmark = pytest.mark.skipif(
    not WEBEX.exists(), reason="the recorded Webex responses are not in ../shared/data"
)


def has_the_figures(recorded: Recorded) -> None:
    assert len(recorded.events) == 77
    assert recorded.count(ConferenceStarted).total() == 5
    assert recorded.count(WrapUpApplied).total() == 53
    assert len(recorded.count(WrapUpApplied)) == 40
    assert recorded.count(TransferAccepted).total() == 14
    assert len(recorded.count(TransferAccepted)) == 13
    assert recorded.kinds_of_transfer()["blind"] == 3
    assert list(recorded.count(MarkedIncomplete).values()) == [1, 1, 1, 1]
    wrap_ups = [
        (call_id, event.wrap_up_number)
        for call_id, events in recorded.events.items()
        for event in events
        if isinstance(event, WrapUpApplied)
    ]
    assert len(set(wrap_ups)) == 53


def test_the_77_calls_have_their_figures() -> None:
    has_the_figures(Recorded().record(read(CALLS)))


@pytest.mark.parametrize("seed", range(5))
def test_the_77_calls_have_their_figures_whatever_the_order(seed: int, tmp_path: Path) -> None:
    response = json.loads(CALLS.read_text())
    chance = random.Random(seed)
    for task in response["data"]["taskDetails"]["tasks"]:
        chance.shuffle(task["activities"]["nodes"])
    path = tmp_path / "shuffled.json"
    path.write_text(json.dumps(response))
    has_the_figures(Recorded().record(read(path)))


def test_a_call_handed_on_twice_has_the_wrap_ups_of_those_who_gave_a_reason() -> None:
    recorded = Recorded().record(read(CALLS))
    call = recorded.calls["d426207a-7666-4a77-bc87-ef33a3920a43"]
    reasons = {one.number: one.reason for one in call.wrap_ups}
    assert reasons == {1: None, 2: "unknown", 3: "unknown"}


def test_oldest_first_gives_the_same_events(tmp_path: Path) -> None:
    response = json.loads(CALLS.read_text())
    for task in response["data"]["taskDetails"]["tasks"]:
        task["activities"]["nodes"].reverse()
    path = tmp_path / "turned.json"
    path.write_text(json.dumps(response))
    assert Recorded().record(read(path)).events == Recorded().record(read(CALLS)).events


def test_every_one_of_the_865_activities_leaves_a_trace() -> None:
    recorded = Recorded().record(read(CALLS))
    traces = {
        (call_id, command.correlation_id)
        for call_id, commands in recorded.commands.items()
        for command in commands
        if command.correlation_id != "beginning"
        and not (command.correlation_id or "").startswith("missing")
    }
    assert len(traces) == 865


def test_importing_the_calls_again_adds_nothing() -> None:
    recorded = Recorded().record(read(CALLS))
    before = sum(map(len, recorded.events.values()))
    recorded.record(read(CALLS))
    assert sum(map(len, recorded.events.values())) == before


def test_few_rules_are_broken_and_each_for_a_reason() -> None:
    rules = Counter(rule for _, _, rule in Recorded().record(read(CALLS)).breaks)
    # H1: one owner talks to the customer while the consult goes on. R21: three callbacks are
    # wrapped up without ever having reached an agent.
    assert rules == {"H1": 1, "R21": 3}


def test_the_page_with_a_cursor_says_how_much_is_missing() -> None:
    recorded = Recorded().record(read(WEBEX / "car_inner_pagination.json"))
    (events,) = recorded.events.values()
    assert asdict(events[-1])["missing"] == (
        "14 of 16 activities, on further pages, before cursor 1700719516513"
    )


def test_the_partial_history_says_that_its_beginning_is_missing() -> None:
    recorded = Recorded().record(read(WEBEX / "car_extfilter_parked.json"))
    (call_id,) = recorded.events
    assert recorded.told(call_id) == ["received", *["activity-noted"] * 3, "marked-incomplete"]
    assert asdict(recorded.events[call_id][0])["queue"] == ("450efd53-39d6-4ce7-83ca-bb949a5c1dfb")


def test_the_call_with_times_keeps_them() -> None:
    recorded = Recorded().record(read(WEBEX / "car_sorted_1task_11activities_with_times.json"))
    (commands,) = recorded.commands.values()
    assert commands[0].occurred_at.isoformat() == "2024-01-09T04:34:52.084000+00:00"
    assert recorded.breaks == []
    assert not recorded.count(MarkedIncomplete)


def test_calls_without_activities_go_to_quarantine() -> None:
    recorded = Recorded().record(read(WEBEX / "csr_250tasks_termination_reason.json"))
    assert len(recorded.unreadable) == 250
    assert not recorded.events
