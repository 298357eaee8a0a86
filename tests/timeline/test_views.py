"""The timeline in the terminal and as a picture."""

from __future__ import annotations

import io
import time
from datetime import timedelta, timezone
from xml.etree import ElementTree

import pytest
from rich.console import Console

from domain.commands import Hold, Leave, Receive, Resume
from domain.vocabulary import SYSTEM, TimeSource
from entrypoints.timeline import styles, terminal
from entrypoints.timeline.lanes import MarkKind, State, Timeline, lanes
from entrypoints.timeline.picture import picture
from entrypoints.timeline.terminal import TimelineView
from tests.timeline.recording import Recording, answered, transferred

ROME = timezone(timedelta(hours=1), "CET")


def printed(timeline: Timeline, width: int = 110, encoding: str = "utf-8") -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=out, width=width, legacy_windows=False)
    console.print(TimelineView(timeline, ROME))
    out.seek(0)
    return out.read()


def texts(svg: str) -> list[str]:
    return [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]


def endless(holds: int) -> Recording:
    recording = answered(Recording())
    for _ in range(holds):
        recording.asks(Hold, "agent-1", after=3).asks(Resume, "agent-1", after=2)
    return recording


def test_every_state_and_mark_has_a_look_of_its_own_in_both_views() -> None:
    assert set(terminal.STATES) == set(styles.STATES) == set(State)
    assert set(terminal.MARKS) == set(styles.MARKS) == set(MarkKind)
    for signs in zip(*terminal.STATES.values(), strict=True):
        assert len(set(signs)) == len(State)
    assert len(set(terminal.MARKS.values()) | {terminal.SEVERAL}) == len(MarkKind) + 1
    assert len({paint.colour for paint in styles.STATES.values()}) == len(State)
    assert len({paint.strokes for paint in styles.STATES.values()}) == len(State)
    assert len(set(styles.MARKS.values())) == len(MarkKind)


def test_the_terminal_shows_lanes_scale_legend_and_events() -> None:
    lines = printed(lanes(transferred(Recording()).rows)).splitlines()
    assert lines[0] == "Call 4711 · webex · 2026-01-01 10:00:00 to 10:09:10 UTC · 9:10"
    starts = [line.split()[0] for line in lines if line[:1].strip()]
    assert starts[1:8] == ["UTC", "CET", "customer", "agent-0", "agent-1", "agent-2", "the"]
    conference = next(line for line in lines if line.startswith("customer"))
    assert "▓▓ conference ▓▓" in conference
    assert any("·· waiting" in line.replace("\N{NO-BREAK SPACE}", " ") for line in lines)
    assert any("agent-2 accepted the transfer and owns the call" in line for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 133, 200])
def test_the_terminals_lines_fit_its_width(width: int) -> None:
    for line in printed(lanes(transferred(Recording()).rows), width).splitlines():
        assert len(line.rstrip()) <= width


def test_a_terminal_without_unicode_gets_plain_characters() -> None:
    rows = transferred(Recording()).rows
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    Console(file=out, width=110, legacy_windows=False).print(TimelineView(lanes(rows), ROME))
    out.seek(0)
    assert "## conference ##" in out.read()


def test_ids_that_look_like_markup_are_shown_as_they_are() -> None:
    evil = "[red]<script>&amp;"
    timeline = lanes(answered(Recording(call_id=evil), agent="[/bold]<b>").rows)
    assert evil in printed(timeline)
    svg = picture(timeline)
    assert "<script>" not in svg
    assert any(evil in text for text in texts(svg))


def test_the_picture_names_states_times_and_sentences() -> None:
    svg = picture(lanes(transferred(Recording()).rows), ROME)
    said = texts(svg)
    for expected in ("Call 4711", "conference 1:30", "10:02", "11:02", "CET", "hold"):
        assert expected in said
    assert any("agent-1 handed the call over and left" in text for text in said)
    assert "+390212345" not in svg
    assert "said Sale on the tape" not in svg


@pytest.mark.parametrize("duration", [0.0, 0.25, 7, 3600, 86400 * 40, 86400 * 365 * 100])
def test_a_call_of_any_duration_is_drawn(duration: float) -> None:
    recording = Recording().asks(Receive, SYSTEM, queue="billing")
    timeline = lanes(recording.asks(Leave, "customer", after=duration).rows)
    assert "waiting" in printed(timeline)
    assert any(text.startswith("waiting") for text in texts(picture(timeline)))
    by_order = "in order, not in time" in printed(timeline)
    assert by_order == (duration == 0)


def test_derived_times_are_shown_as_distances_only() -> None:
    timeline = lanes(transferred(Recording(time_source=TimeSource.DERIVED)).rows)
    for shown in (printed(timeline), " ".join(texts(picture(timeline)))):
        assert "the time of day is not known" in shown.replace("\n", " ")
        assert "+2:00" in shown
        assert "10:02" not in shown


def test_clocks_that_disagree_are_told() -> None:
    recording = answered(Recording()).asks(Hold, "agent-1", after=-90)
    timeline = lanes(recording.rows)
    assert "(its time is 90 s back)" in printed(timeline, 200)
    assert any("times disagree by up to 90 s" in text for text in texts(picture(timeline)))


def test_ten_thousand_events_are_drawn_soon_and_small() -> None:
    rows = endless(holds=5000).rows
    begun = time.thread_time()
    timeline = lanes(rows)
    shown, svg = printed(timeline), picture(timeline)
    assert time.thread_time() - begun < 5
    assert len(timeline.entries) == len(rows) > 10_000
    assert "events not shown" in shown
    assert len(svg) < 2_000_000
