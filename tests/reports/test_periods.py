"""A call belongs to the interval in which it entered, by the clock of the place asked for."""

from __future__ import annotations

from datetime import date, datetime

from entrypoints.ui.period import since, until
from projections.reports.report import Selection
from projections.serving.client import Reader
from tests.reports.asking import calls_behind, groups, total

ROME = "Europe/Rome"
UTC_GROUPS = Selection(time_zone="UTC")
IN_ROME = Selection(time_zone=ROME)


def entered(reader: Reader, by: str, of: Selection) -> dict[object, int]:
    return {key: row["entered"] for key, row in groups(reader, "open", by, of=of).items()}


def test_days_are_those_of_the_place(reader: Reader) -> None:
    assert entered(reader, "day", UTC_GROUPS) == {date(2026, 3, 28): 2, date(2026, 3, 29): 5}
    assert entered(reader, "day", IN_ROME) == {
        date(2026, 3, 28): 1,
        date(2026, 3, 29): 4,
        date(2026, 3, 30): 2,
    }


def test_the_hour_that_the_clocks_skip_has_no_calls(reader: Reader) -> None:
    assert entered(reader, "hour", IN_ROME) == {
        "2026-03-28T23:00:00+01:00": 1,
        "2026-03-29T00:00:00+01:00": 1,
        "2026-03-29T01:00:00+01:00": 1,
        "2026-03-29T03:00:00+02:00": 1,
        "2026-03-29T23:00:00+02:00": 1,
        "2026-03-30T00:00:00+02:00": 2,
    }


def test_weeks_begin_on_monday(reader: Reader) -> None:
    assert entered(reader, "week", UTC_GROUPS) == {date(2026, 3, 23): 7}
    assert entered(reader, "week", IN_ROME) == {date(2026, 3, 23): 5, date(2026, 3, 30): 2}


def test_a_day_of_23_hours_is_included_to_its_end(reader: Reader) -> None:
    sunday = Selection(ROME, since("2026-03-29", ROME), until("2026-03-29", ROME))
    assert sunday.since == datetime(2026, 3, 28, 23)
    assert sunday.until == datetime(2026, 3, 29, 22)
    assert total(reader, "open", sunday)["entered"] == 4
    assert calls_behind(reader, "exits", sunday) == {"B", "C", "D"}


def test_a_time_excludes_itself(reader: Reader) -> None:
    before = Selection(until=until("2026-03-28T23:30", "UTC"))
    assert calls_behind(reader, "exits", before) == {"A"}
    later = Selection(until=until("2026-03-28T23:30:01", "UTC"))
    assert calls_behind(reader, "exits", later) == {"A", "B"}


def test_a_time_may_name_its_own_zone(reader: Reader) -> None:
    assert since("2026-03-29T01:30:00+02:00", ROME) == datetime(2026, 3, 28, 23, 30)


def test_filters_choose_agent_queue_and_source(reader: Reader) -> None:
    assert total(reader, "open", Selection(queue="support"))["entered"] == 2
    assert total(reader, "open", Selection(source="elsewhere"))["entered"] == 1
    assert calls_behind(reader, "wrap-ups", Selection(agent="agent-1")) == {"A", "B", "D"}
    assert total(reader, "transfers", Selection(agent="agent-3"))["transfer_rate"] == 1.0
    assert calls_behind(reader, "holds", Selection(agent="agent-1", queue="sales")) == {"A", "B"}


def test_nothing_selected_is_zero_and_not_an_error(reader: Reader) -> None:
    nobody = Selection(agent="nobody")
    assert total(reader, "transfers", nobody)["transfers"] == 0
    assert total(reader, "transfers", nobody)["transfer_rate"] is None
    assert groups(reader, "agents", "agent", of=nobody) == {}
    assert calls_behind(reader, "exits", nobody) == set()
