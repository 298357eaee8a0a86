"""How often a shard commits follows from what it takes of the processor, whoever else works."""

from __future__ import annotations

import os
import threading

import pytest

from consumers.shard_projector import EVERY_SECONDS, LONGEST_SECONDS, rest_seconds
from lake.place import LakePlace
from lake.shard import Shard
from lake.upkeep import Upkeep


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
