"""What people read: durations in one form, and a sentence where there is nothing."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from entrypoints.ui.duration import as_clock
from projections.reports import REPORTS
from tests.entrypoints.calling import call


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((0, "0:00"), (7, "0:07"), (4.43, "0:04.43"), (0.04, "0:00.04"), (0.001, "0:00")),
        *((9.999, "0:10"), (9.99, "0:09.99"), (58.1, "0:58"), (59.6, "1:00"), (104, "1:44")),
        *((Decimal("3723.4"), "1:02:03"), (3599.7, "1:00:00"), (98_765_432, "27434:50:32")),
    ],
)
def test_a_duration_is_what_a_clock_shows(seconds: float | Decimal, shown: str) -> None:
    assert as_clock(seconds) == shown


@pytest.mark.parametrize("report", REPORTS)
def test_a_table_shows_no_duration_in_two_forms(told: Path, report: str) -> None:
    answer = call(told, "report", report)
    assert re.findall(r"\d s\b", answer.out) == []
    assert "seconds" not in answer.out.split("──")[0]


def test_a_mean_with_its_denominator_in_its_name_is_a_duration_too(told: Path) -> None:
    answer = call(told, "report", "holds", "--json").json["total"]
    shown = as_clock(answer["mean_hold_seconds_per_held_call"])
    assert f" {shown} " in call(told, "report", "holds").out


@pytest.mark.parametrize("report", REPORTS)
def test_a_name_that_nothing_has_is_said_with_the_nearest(told: Path, report: str) -> None:
    answer = call(told, "report", report, "--queue", "slaes", "--json")
    assert answer.code == 0
    assert answer.json["total"] is not None
    assert "Nothing in this report is of queue slaes." in answer.err


def test_a_name_with_a_slip_is_answered_with_the_name_meant(told: Path) -> None:
    asked = ("report", "exits", "--agent", "Agent_1", "--source", "center")
    for answer in (call(told, *asked), call(told, *asked, "--calls")):
        assert "is of agent Agent_1. Did you mean agent-1?" in answer.err
        assert "is of source center. Did you mean centre?" in answer.err


def test_an_empty_list_of_calls_says_which_name_no_call_has(told: Path) -> None:
    answer = call(told, "call", "list", "--queue", "slaes", "--source", "center", "--json")
    assert answer.code == 0
    assert answer.json["calls"] == []
    assert "No call is of queue slaes." in answer.err
    assert "No call is of source center. Did you mean centre?" in answer.err
    assert call(told, "call", "list", "--queue", "sales", "--from", "2030-01-01").err == ""


def test_nothing_is_said_of_names_that_are_there(told: Path) -> None:
    asked = ("report", "exits", "--queue", "sales", "--from", "2030-01-01")
    assert call(told, *asked).err == ""
    assert call(told, "report", "exits", "--queue", "sales").err == ""
