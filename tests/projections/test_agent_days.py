"""An agent's seconds count on the day on which they pass, and contacts on the day they begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from projections.database import Projections
from tests.projections.documents import MORNING, short

MIDNIGHT = 15 * 3600
"""Seconds from the given events' start to the next day."""

OVER_MIDNIGHT: list[list[Any]] = [
    [MIDNIGHT - 90, "received", {"stay_number": 1, "queue": "support", "channel": "telephony"}],
    [MIDNIGHT - 60, "answered", {"actor": "a1", "stay_number": 2, "agent": "a1"}],
    [MIDNIGHT - 30, "held", {"actor": "a1", "hold_number": 1}],
    [MIDNIGHT + 20, "resumed", {"actor": "a1", "hold_number": 1}],
]


def left(seconds: int) -> list[Any]:
    customer = {"party": "customer", "party_kind": "customer", "party_role": "customer"}
    agent = {"party": "a1", "party_kind": "agent", "party_role": "owner"}
    common = {"initiated_by": "customer", "stayed": []}
    wrap_up = {"wrap_up_number": 1, "wrap_up_agent": "a1"}
    return [
        [
            seconds,
            "exited",
            {"exit_number": 1, "stay_number": 1, "reason": "customer_left"}
            | customer
            | common
            | wrap_up,
        ],
        [
            seconds,
            "exited",
            {"exit_number": 2, "stay_number": 2, "reason": "dropped_by_end"} | agent | common,
        ],
        [seconds, "ended", {"ended_by": "customer"}],
    ]


def applied(seconds: int) -> list[Any]:
    given = {"wrap_up_number": 1, "wrap_up_agent": "a1", "reason": "solved", "mode": "by_agent"}
    return [[seconds, "wrap-up-applied", {"actor": "a1", **given}]]


def agent_days(folder: Path, events: list[Any]) -> list[tuple[Any, ...]]:
    with Projections(folder / "projections.duckdb") as projections:
        projections.add(short(events))
        return projections.connection.execute(
            "select (day - $first_day)::int, contacts_handled, wrap_ups, talk_seconds,"
            " hold_seconds, wrap_up_seconds, handle_seconds from agent_days order by day",
            {"first_day": MORNING.date()},
        ).fetchall()


def test_a_call_over_midnight_is_split_between_the_days(tmp_path: Path) -> None:
    events = [*OVER_MIDNIGHT, *left(MIDNIGHT + 120), *applied(MIDNIGHT + 150)]
    assert agent_days(tmp_path, events) == [
        (0, 1, 0, 30.0, 30.0, 0.0, 60.0),
        (1, 0, 1, 100.0, 20.0, 30.0, 150.0),
    ]


def test_a_wrap_up_over_midnight_is_split_and_counts_where_it_began(tmp_path: Path) -> None:
    on_one_day = [event for event in OVER_MIDNIGHT if event[0] < MIDNIGHT - 30]
    events = [*on_one_day, *left(MIDNIGHT - 10), *applied(MIDNIGHT + 25)]
    assert agent_days(tmp_path, events) == [
        (0, 1, 1, 50.0, 0.0, 10.0, 60.0),
        (1, 0, 0, 0.0, 0.0, 25.0, 25.0),
    ]


def test_a_call_of_three_days_has_a_whole_one_in_between(tmp_path: Path) -> None:
    events = [*OVER_MIDNIGHT, *left(MIDNIGHT + 86_400 + 60), *applied(MIDNIGHT + 86_400 + 70)]
    assert agent_days(tmp_path, events) == [
        (0, 1, 0, 30.0, 30.0, 0.0, 60.0),
        (1, 0, 0, 86_380.0, 20.0, 0.0, 86_400.0),
        (2, 0, 1, 60.0, 0.0, 10.0, 70.0),
    ]
