"""Lanes say what each party did from when to when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import (
    COMMAND_CLASSES,
    Answer,
    ApplyWrapUp,
    Command,
    Exit,
    Hold,
    Leave,
    Offer,
    RequestTransfer,
)
from domain.vocabulary import SYSTEM, UNKNOWN, TargetKind, TimeSource
from entrypoints.timeline.lanes import RECORD, Lane, MarkKind, State, Timeline, lanes
from tests.timeline.recording import START, Recording, answered, in_conference, transferred

FIELDS: dict[str, dict[str, object]] = {
    "offer": {"agent": "agent-1"},
    "start-consult": {"target_kind": TargetKind.AGENT, "target": "agent-2"},
    "apply-wrap-up": {"reason": "sale"},
    "apply-default-wrap-up": {"agent": "agent-1"},
    "correct": {"corrected_version": 1, "why": "a slip"},
    "note-activity": {"activity": "recording"},
    "mark-incomplete": {"missing": "the end"},
}
"""What the commands need besides who and when."""

ACTORS = ["customer", SYSTEM, UNKNOWN, "agent-1", "agent-2", "agent-3"]


def lane_of(timeline: Timeline, party: str) -> Lane:
    return next(lane for lane in timeline.lanes if lane.party == party)


def drawn(timeline: Timeline, party: str) -> list[tuple[State, float]]:
    intervals = lane_of(timeline, party).intervals
    return [(interval.state, interval.duration_seconds) for interval in intervals]


def test_each_party_of_a_transferred_conference_has_its_own_lane() -> None:
    timeline = lanes(transferred(Recording()).rows)
    assert [lane.party for lane in timeline.lanes] == [
        "customer",
        "agent-0",
        "agent-1",
        "agent-2",
        RECORD,
    ]
    assert drawn(timeline, "customer") == [
        (State.WAITING, 43),
        (State.TALK, 90),
        (State.HOLD, 35),
        (State.TALK, 40),
        (State.HOLD, 57),
        (State.CONFERENCE, 90),
        (State.TALK, 120),
    ]
    assert drawn(timeline, "agent-0") == [(State.RINGING, 15)]
    assert drawn(timeline, "agent-1") == [
        (State.RINGING, 8),
        (State.TALK, 90),
        (State.HOLD, 35),
        (State.TALK, 40),
        (State.CONSULT, 57),
        (State.CONFERENCE, 90),
        (State.WRAP_UP, 50),
    ]
    assert drawn(timeline, "agent-2") == [
        (State.RINGING, 12),
        (State.CONSULT, 45),
        (State.CONFERENCE, 90),
        (State.TALK, 120),
        (State.WRAP_UP, 60),
    ]
    assert timeline.is_closed
    assert timeline.duration_seconds == 550


def test_a_transfer_is_a_handover_from_lane_to_lane() -> None:
    (handover,) = lanes(transferred(Recording()).rows).handovers
    assert (handover.giver, handover.receiver) == ("agent-1", "agent-2")
    assert handover.moment.time == START + timedelta(seconds=355)


def test_a_transfer_to_a_queue_is_a_wait_until_somebody_answers() -> None:
    recording = answered(Recording()).asks(
        RequestTransfer, "agent-1", after=60, target_kind=TargetKind.QUEUE, target="support"
    )
    recording.asks(Offer, SYSTEM, after=10, agent="agent-2").asks(Offer, SYSTEM, agent="agent-3")
    timeline = lanes(recording.asks(Answer, "agent-2", after=5).asks(Leave, "customer", 30).rows)
    assert drawn(timeline, "customer") == [
        (State.WAITING, 43),
        (State.TALK, 60),
        (State.WAITING, 15),
        (State.TALK, 30),
    ]
    assert drawn(timeline, "agent-1")[-2:] == [(State.TALK, 60), (State.WRAP_UP, 45)]
    assert drawn(timeline, "agent-3") == [(State.RINGING, 5)]
    (handover,) = timeline.handovers
    assert (handover.giver, handover.receiver) == ("agent-1", "agent-2")


def test_marks_lie_on_the_lane_of_whom_they_concern() -> None:
    timeline = lanes(transferred(Recording()).rows)
    marks = {lane.party: [mark.kind for mark in lane.marks] for lane in timeline.lanes}
    assert marks == {
        "customer": [MarkKind.EXIT],
        "agent-0": [MarkKind.OFFER, MarkKind.OFFER_LOST],
        "agent-1": [
            MarkKind.OFFER,
            MarkKind.TRANSFER_REQUESTED,
            MarkKind.EXIT,
            MarkKind.REASON,
        ],
        "agent-2": [MarkKind.TRANSFER_ACCEPTED, MarkKind.EXIT, MarkKind.REASON],
        RECORD: [MarkKind.CORRECTION],
    }


def test_after_the_customer_two_agents_are_in_wrap_up_assist_and_then_the_owner_wraps_up() -> None:
    recording = in_conference(Recording()).asks(Leave, "customer", after=10)
    recording.asks(Exit, "agent-2", after=25).asks(ApplyWrapUp, "agent-1", after=5, reason="sale")
    timeline = lanes(recording.rows)
    assert drawn(timeline, "agent-2")[-1] == (State.WRAP_UP_ASSIST, 25)
    assert drawn(timeline, "agent-1")[-2:] == [(State.WRAP_UP_ASSIST, 25), (State.WRAP_UP, 5)]
    assert drawn(timeline, "customer")[-1] == (State.CONFERENCE, 10)


def test_an_open_call_reaches_until_now_and_says_so() -> None:
    rows = answered(Recording()).rows
    timeline = lanes(rows, until=START + timedelta(minutes=5))
    talk = lane_of(timeline, "agent-1").intervals[-1]
    assert (talk.state, talk.duration_seconds, talk.is_open) == (State.TALK, 257, True)
    assert not timeline.is_closed
    assert lanes(rows, until=START).duration_seconds == 43


def test_a_clock_that_goes_back_takes_no_time_away() -> None:
    recording = answered(Recording()).asks(Hold, "agent-1", after=-600)
    recording.asks(Leave, "customer", after=660)
    timeline = lanes(recording.rows)
    assert drawn(timeline, "customer") == [(State.WAITING, 43), (State.TALK, 0), (State.HOLD, 60)]
    assert timeline.clock_back_seconds == 600


def test_rules_that_an_observation_broke_are_marked_on_the_record() -> None:
    recording = in_conference(Recording()).is_seen(Hold, "agent-2", after=5)
    (mark,) = lane_of(lanes(recording.rows), RECORD).marks
    assert mark.kind is MarkKind.RULE_BROKEN
    assert lanes(recording.rows).entries[-1].rules_broken == ("R7",)


def test_an_unknown_party_has_a_lane() -> None:
    recording = Recording().is_seen(Answer, UNKNOWN).is_seen(Leave, "customer", after=30)
    assert drawn(lanes(recording.rows), UNKNOWN) == [(State.TALK, 30), (State.WRAP_UP, 0)]


def test_derived_times_leave_the_time_of_day_unknown() -> None:
    assert lanes(answered(Recording()).rows).time_of_day_known
    derived = Recording(time_source=TimeSource.DERIVED)
    assert not lanes(answered(derived).rows).time_of_day_known


def test_no_events_are_no_timeline() -> None:
    with pytest.raises(ValueError, match="at least one event"):
        lanes([])


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(COMMAND_CLASSES), st.sampled_from(ACTORS), st.integers(-5, 20)),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_was_observed_a_lane_is_in_one_state_at_a_time(
    steps: list[tuple[type[Command], str, int]],
) -> None:
    recording = Recording()
    for command, actor, after in steps:
        fields: dict[str, Any] = FIELDS.get(command.action, {})
        recording.is_seen(command, actor, after, **fields)
    timeline = lanes(reversed(recording.rows))
    assert len(timeline.entries) == len(recording.rows)
    for lane in timeline.lanes:
        for interval in lane.intervals:
            assert interval.duration_seconds >= 0
            assert interval.start.order < interval.end.order
        for earlier, later in zip(lane.intervals, lane.intervals[1:], strict=False):
            assert earlier.end.order <= later.start.order
            assert earlier.end.time <= later.start.time
