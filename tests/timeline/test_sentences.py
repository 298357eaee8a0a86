"""Every event says in one sentence what happened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import Correct, EndConference, Exit, Leave, StartConsult
from domain.event import Event
from domain.events import EVENT_CLASSES
from domain.vocabulary import TargetKind
from entrypoints.timeline.history import UnknownEventTypeError, history
from entrypoints.timeline.sentences import sentence
from tests.domain.any_event import any_of
from tests.timeline.recording import Recording, answered, in_conference, transferred


@pytest.mark.parametrize("event_class", EVENT_CLASSES, ids=lambda one: one.__name__)
@given(data=st.data())
def test_every_event_type_has_a_sentence(event_class: type[Event], data: st.DataObject) -> None:
    event = data.draw(any_of(event_class))
    for personal in (False, True):
        said = sentence(event, "agent-1", "owner", personal=personal)
        assert said.strip()


def test_a_members_exit_names_who_stayed() -> None:
    rows = in_conference(Recording()).asks(Exit, "agent-2", after=5).rows
    said = [entry.sentence for entry in history(rows)]
    assert "agent-2 exited the conference; the customer and agent-1 stayed" in said
    assert said[-1] == "the conference ended: a member left"


def test_who_is_let_go_when_another_agent_leaves_was_not_dropped_by_an_end() -> None:
    left = in_conference(Recording()).asks(Leave, "customer", after=5)
    said = [entry.sentence for entry in history(left.asks(Exit, "agent-2", after=5).rows)]
    assert "agent-1 was let go: agent-2 had left" in said


def test_whom_the_owner_ends_the_call_for_is_dropped_by_it() -> None:
    ended = in_conference(Recording()).asks(EndConference, "agent-1", after=5)
    said = [entry.sentence for entry in history(ended.rows)]
    assert any("agent-2 was dropped when agent-1 ended the call" in one for one in said)


def test_a_transfer_tells_whose_wrap_up_is_pending_and_then_open() -> None:
    said = [entry.sentence for entry in history(transferred(Recording()).rows)]
    assert (
        "agent-1 asked for a conference transfer to agent-2; agent-1's wrap-up is pending" in said
    )
    assert (
        "agent-2 accepted the transfer and owns the call; agent-1's wrap-up is open for good"
        in said
    )


def test_the_default_reason_is_never_told_as_the_agents_choice() -> None:
    said = [entry.sentence for entry in history(transferred(Recording()).rows)]
    assert "time was out: the default reason default was applied for agent-2" in said


def test_personal_text_is_told_only_when_asked_for() -> None:
    recording = answered(Recording()).asks(
        StartConsult, "agent-1", target_kind=TargetKind.DIAL_NUMBER, target="800100200"
    )
    recording.asks(Correct, "auditor", corrected_version=1, why="Mrs Rossi said so")
    entries = history(recording.rows)
    told = " ".join(entry.sentence for entry in entries)
    in_full = " ".join(entry.full_sentence for entry in entries)
    for personal in ("800100200", "Rossi"):
        assert personal not in told
        assert personal in in_full


def test_a_type_of_a_later_version_is_named() -> None:
    rows = answered(Recording()).rows
    rows[2]["type"] = "call.beamed.v1"
    with pytest.raises(UnknownEventTypeError, match=r"Event 3 is of type 'call\.beamed\.v1'"):
        history(rows)
