"""The simulation's figures are those of the recorded calls."""

from __future__ import annotations

import pytest

from simulation.calibration import ARRIVALS_BY_HOUR, ASSUMED, SECONDS, SHARES, TRIED
from tests.simulation import webex_figures

recorded_calls = pytest.mark.skipif(
    not webex_figures.WEBEX.exists(),
    reason="the recorded Webex responses are not in ../shared/data: nothing to recompute from",
)


@recorded_calls
def test_every_share_is_what_the_recorded_calls_give() -> None:
    assert webex_figures.shares() == dict(SHARES)


@recorded_calls
def test_every_duration_is_what_the_recorded_calls_give() -> None:
    assert webex_figures.durations() == dict(SECONDS)


@recorded_calls
def test_calls_arrive_when_the_recorded_calls_arrived() -> None:
    assert webex_figures.arrivals_by_hour() == ARRIVALS_BY_HOUR


def test_a_share_lies_between_none_and_all() -> None:
    assert all(0 < count <= of for count, of in SHARES.values())
    assert all(0 < share < 1 for share in (*ASSUMED.values(), *TRIED.values()))


def test_a_duration_grows_from_least_to_greatest() -> None:
    assert all(list(points) == sorted(points) and points[0] >= 0 for points in SECONDS.values())
