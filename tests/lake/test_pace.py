"""How often shards commit and readers look follows from what that takes, whoever else works."""

from __future__ import annotations

import os
import threading
import time

import pytest

from consumers.shard_projector import EVERY_SECONDS, LONGEST_SECONDS, rest_seconds
from lake.latest import Latest
from lake.place import LakePlace
from lake.shard import Shard
from lake.table import Lake
from lake.upkeep import Upkeep
from lake.writer import ShardWriter


@pytest.mark.parametrize(
    ("took_seconds", "computed_seconds", "between_seconds"),
    [
        (0.25, 0.2, EVERY_SECONDS),
        (0.9, 0.2, EVERY_SECONDS),
        (0.5, 0.5, 1.5),
        (0.9, 0.5, 1.5),
        (0.9, 0.8, LONGEST_SECONDS),
    ],
    ids=[
        "light",
        "light on a busy machine",
        "heavy",
        "heavy on a busy machine",
        "heavier than anybody should wait for",
    ],
)
def test_a_shard_computes_for_a_third_of_the_time_unless_somebody_would_wait_for_long(
    took_seconds: float, computed_seconds: float, between_seconds: float
) -> None:
    rest = rest_seconds(took_seconds, computed_seconds, EVERY_SECONDS)
    assert took_seconds + rest == pytest.approx(between_seconds)


def test_a_shard_that_others_kept_waiting_goes_on_at_once() -> None:
    assert rest_seconds(3.0, 0.2, EVERY_SECONDS) == 0


def test_who_folds_lets_who_publishes_go_first(place: LakePlace) -> None:
    told = threading.Event()
    priorities: list[int] = []

    def note_priority(_: Exception) -> None:
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        told.set()

    # There are no tables yet, so the first look fails.
    with Upkeep(place, Shard(1, 1), note_priority).running():
        assert told.wait(60)
        publishing = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert priorities[0] > publishing


def test_who_asks_all_the_time_makes_a_server_look_four_times_a_second(
    place: LakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ShardWriter(Lake.made(place), Shard(1, 1), None).take_over()
    looks: list[float] = []
    look = Lake.look

    def counted(lake: Lake) -> None:
        looks.append(time.monotonic())
        look(lake)

    latest = Latest(place)
    monkeypatch.setattr(Lake, "look", counted)
    began = time.monotonic()
    while time.monotonic() < began + 2:
        latest.reader()
    assert 1 < len(looks) <= (time.monotonic() - began) * 4 + 1
