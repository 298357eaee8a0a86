"""Idle time takes little room on the axis, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entrypoints.console.folded import ROOM, FoldedScale
from entrypoints.console.lanes_picture import drawing, folded, table_of
from entrypoints.console.words import words_for
from entrypoints.one_call import one_call
from entrypoints.timeline.lanes import Timeline, lanes
from infra.folder import LedgerFolder
from ledger.ledger import Ledger
from tests.ledger.scenes import command

BEGAN = datetime(2026, 3, 28, 9, tzinfo=UTC)
WORDS = words_for("en", "", "Europe/Rome")


def told(folder: Path, *steps: tuple[float, str, str, dict[str, object]]) -> Timeline:
    with Ledger.open(folder) as ledger:
        for seconds, action, actor, own in steps:
            at = BEGAN + timedelta(seconds=seconds)
            ledger.record(command(action, actor, "one", occurred_at=at, **own))
    return lanes(one_call(LedgerFolder(folder), "one", "test").events)


def talk_and_wrap_up(folder: Path, wrap_up_seconds: float) -> Timeline:
    return told(
        folder,
        (0, "receive", "system", {"queue": "sales"}),
        (10, "offer", "system", {"agent": "a1"}),
        (20, "answer", "a1", {}),
        (120, "leave", "customer", {}),
        (120 + wrap_up_seconds, "apply-wrap-up", "a1", {"reason": "sold"}),
    )


def test_a_wrap_up_of_hours_leaves_room_for_the_call(tmp_path: Path) -> None:
    timeline = talk_and_wrap_up(tmp_path, 3 * 3600)
    scale = FoldedScale(timeline, UTC)
    (fold,) = scale.folds
    assert (fold.start, fold.seconds) == (BEGAN + timedelta(seconds=120), 3 * 3600)
    assert scale.place(fold.start) == pytest.approx(1 - ROOM)
    assert scale.place(BEGAN + timedelta(seconds=60)) == pytest.approx((1 - ROOM) / 2)
    assert [scale.place(one) for one in (timeline.start.time, timeline.end.time)] == [0.0, 1.0]
    assert "3:00:00 without a talk, is drawn shorter" in folded(timeline, WORDS)
    assert 'class="fold"' in drawing(timeline, WORDS)


def test_an_ordinary_call_is_not_folded(tmp_path: Path) -> None:
    timeline = talk_and_wrap_up(tmp_path, 60)
    assert FoldedScale(timeline, UTC).folds == ()
    assert folded(timeline, WORDS) == ""


def test_the_table_tells_what_the_picture_shows_in_order(tmp_path: Path) -> None:
    rows = [(row.party, row.state) for row in table_of(talk_and_wrap_up(tmp_path, 60))]
    assert rows == [
        ("customer", "waiting"),
        ("a1", "ringing"),
        ("customer", "talk"),
        ("a1", "talk"),
        ("a1", "wrap-up"),
    ]
