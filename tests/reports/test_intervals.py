"""Time is split at the borders of hours, days and weeks of any zone; the parts are the whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import commands
from projections.database import Projections
from projections.reports import REPORTS
from projections.reports.intervals import INTERVALS, Offset, offsets, slot_seconds
from projections.reports.query import calls_query, figures_query
from projections.reports.report import Selection
from tests.projections.documents import Written
from tests.projections.histories import LIKELY, OWN, PHASES, projections

ZONES = (
    "UTC",
    "Europe/Rome",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "Asia/Gaza",
)
TIMES = ("talk", "hold", "conference", "consult", "wrap_up", "ring")
COUNTS = ("contacts_handled", "wrap_ups", "transferred_in", "transferred_out")
MICROSECOND = timedelta(microseconds=1)


@st.composite
def moments_and_zones(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and a moment some hours before its clocks changed, or would if they ever did."""
    zone = draw(st.sampled_from(ZONES))
    changes = [one for one in offsets(zone) if 2012 <= year_of(one) <= 2030]
    change = draw(st.sampled_from(changes or [Offset(1_774_746_000, 0)]))
    return zone, datetime.fromtimestamp(change.from_second, UTC) - timedelta(hours=5, minutes=7)


def year_of(offset: Offset) -> int:
    return datetime.fromtimestamp(offset.from_second, UTC).year


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(LIKELY),
        st.integers(0, 40_000).map(float) | st.floats(0, 500_000).map(lambda one: round(one, 6)),
    ),
    min_size=12,
    max_size=50,
)


A_LONG_NIGHT: list[tuple[int, Any, float]] = [
    (call, step, 9_000.0 * number + call) for call in range(3) for number, step in enumerate(LIKELY)
]
"""Three calls of 27 hours, with a hold, a consult, a conference, a transfer and wrap-ups."""


def history(drawn: list[tuple[int, Any, float]], start: datetime) -> Written:
    """Observations of three calls, by clocks that agree about nothing."""
    written = Written()
    for number, (call, (kind, actor), seconds) in enumerate(drawn):
        command = kind(
            command_id=UUID(int=number + 1),
            source="test",
            call_id=f"call-{call}",
            actor=actor,
            occurred_at=start + timedelta(seconds=seconds),
            **OWN.get(kind, {}),
        )
        written.write(command, observed=True)
    return written


@settings(max_examples=25, phases=PHASES)
@given(moments_and_zones(), STEPS, st.integers(0, 200_000))
def test_the_parts_of_every_interval_and_period_are_the_whole(
    place: tuple[str, datetime], drawn: list[tuple[int, Any, float]], cut_seconds: int
) -> None:
    zone, start = place
    with projections() as opened:
        opened.add(history(drawn, start).batch())
        spans = opened.connection.execute(
            "select state::varchar, began_at, ended_at from agent_spans where not is_open"
        ).fetchall()
        (whole,) = figures(opened, Selection(zone))
        for by in INTERVALS:
            of_intervals = figures(opened, Selection(zone), by)
            assert next(row for row in of_intervals if row["is_total"]).items() >= whole.items()
            groups = [row for row in of_intervals if not row["is_total"]]
            assert_sum(groups, whole)
            for state in TIMES:
                found = {row[by]: row[f"{state}_seconds"] for row in groups}
                assert {key: value for key, value in found.items() if value} == pytest.approx(
                    expected(spans, state, by, zone)
                )
        cut = (start + timedelta(seconds=cut_seconds)).replace(tzinfo=None)
        before = figures(opened, Selection(zone, until=cut))
        after = figures(opened, Selection(zone, since=cut))
        assert_sum([*before, *after], whole)


def figures(opened: Projections, selection: Selection, *by: str) -> list[dict[str, Any]]:
    sql, parameters = figures_query(REPORTS["agents"], selection, by)
    answer = opened.connection.sql(sql, params=parameters or None)
    rows: list[dict[str, Any]] = answer.to_arrow_table().to_pylist()
    return rows


def assert_sum(parts: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    for name in [*COUNTS, *(f"{state}_seconds" for state in TIMES)]:
        assert all(part[name] >= 0 for part in parts)
        assert sum(part[name] for part in parts) == pytest.approx(whole[name]), name


def expected(spans: list[Any], state: str, by: str, zone: str) -> dict[Any, float]:
    """The seconds of each interval, minute by minute, by Python's clock of the zone."""
    seconds: dict[Any, float] = defaultdict(float)
    for kind, began_at, ended_at in spans:
        moment, end = began_at.replace(tzinfo=UTC), ended_at.replace(tzinfo=UTC)
        while kind == state and moment < end:
            following = min(end, moment.replace(second=0, microsecond=0) + timedelta(minutes=1))
            local = moment.astimezone(ZoneInfo(zone))
            seconds[interval(local, by)] += (following - moment) / timedelta(seconds=1)
            moment = following
    return dict(seconds)


def interval(local: datetime, by: str) -> Any:
    if by == "hour":
        offset = "Z" if local.tzname() == "UTC" else local.isoformat()[-6:]
        return f"{local:%Y-%m-%dT%H}:00:00{offset}"
    return local.date() - timedelta(days=local.weekday() if by == "week" else 0)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clocks_change_has_its_own_length(day: str, hours: int) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo("Europe/Rome"))
    start = noon.astimezone(UTC) - timedelta(hours=24)
    answered = [(commands.Receive, "system"), (commands.Answer, "agent-1")]
    with projections() as opened:
        two_days = [(0, step, 0.0) for step in answered]
        opened.add(
            history([*two_days, (0, (commands.Leave, "customer"), 172_800.0)], start).batch()
        )
        days = {
            str(row["day"]): row["talk_seconds"]
            for row in figures(opened, Selection("Europe/Rome"), "day")
        }
        of_hours = [
            row["talk_seconds"]
            for row in figures(opened, Selection("Europe/Rome"), "hour")
            if str(row["hour"]).startswith(day)
        ]
    assert days[day] == hours * 3600
    assert of_hours == [3600.0] * hours


@settings(max_examples=10, phases=PHASES)
@given(moments_and_zones(), STEPS)
def test_what_a_report_counts_is_the_sum_of_its_intervals(
    place: tuple[str, datetime], drawn: list[tuple[int, Any, float]]
) -> None:
    zone, start = place
    with projections() as opened:
        opened.add(history(drawn, start).batch())
        for report in REPORTS.values():
            counted = report.figures[0].name
            for by in INTERVALS:
                sql, parameters = figures_query(report, Selection(zone), (by,))
                answer = opened.connection.sql(sql, params=parameters).to_arrow_table().to_pylist()
                groups = [row for row in answer if not row["is_total"]]
                (whole,) = [row[counted] for row in answer if row["is_total"]] or [0]
                assert sum(row[counted] for row in groups) == whole, (report.name, by)
                keys = [row[by] for row in groups]
                assert len(set(keys)) == len(keys)


def test_agent_days_are_those_of_the_report() -> None:
    with projections() as opened:
        opened.add(history(A_LONG_NIGHT, datetime(2026, 3, 28, 21, tzinfo=UTC)).batch())
        days = opened.connection.sql(
            "select agent, day, contacts_handled, wrap_ups, transfers_in as transferred_in,"
            " transfers_out as transferred_out, talk_seconds, hold_seconds, conference_seconds,"
            " consult_seconds, wrap_up_seconds, ring_seconds from agent_days order by all"
        ).to_arrow_table()
        groups = figures(opened, Selection(), "agent", "day")
        told = [{name: row[name] for name in days.column_names} for row in groups[:-1]]
    assert len(told) > 3
    assert told == days.to_pylist()


def test_the_calls_behind_a_period_have_the_parts_of_its_figures() -> None:
    with projections() as opened:
        opened.add(history(A_LONG_NIGHT, datetime(2026, 3, 28, 21, tzinfo=UTC)).batch())
        night = Selection("Europe/Rome", datetime(2026, 3, 28, 23), datetime(2026, 3, 29, 22))
        (whole,) = figures(opened, night)
        sql, parameters = calls_query(REPORTS["agents"], night)
        calls = opened.connection.sql(sql, params=parameters).to_arrow_table().to_pylist()
    assert {call["call_id"] for call in calls} == {"call-0", "call-1", "call-2"}
    assert whole["talk_seconds"] > 0
    for name in REPORTS["agents"].figures_of_a_call:
        assert sum(call[name] for call in calls) == pytest.approx(whole[name]), name


def test_a_slot_is_as_long_as_the_clocks_of_its_zone_allow() -> None:
    zones = ("UTC", "Europe/Rome", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns")
    assert [slot_seconds(zone) for zone in zones] == [3600, 3600, 1800, 900, 1800]


@pytest.mark.slow
def test_the_offsets_of_every_zone_are_those_of_its_clock_on_every_day() -> None:
    days = range(0, 20_000 * 86_400, 86_400)
    for zone in sorted(available_timezones()):
        place, known = ZoneInfo(zone), offsets(zone)
        clock = [datetime.fromtimestamp(day, place).utcoffset() for day in days]
        told: list[timedelta] = []
        for offset, following in zip(known, [*known[1:], None], strict=True):
            since_day = len(told)
            until_day = len(days) if following is None else -(-following.from_second // 86_400)
            told += [timedelta(seconds=offset.seconds)] * (min(until_day, len(days)) - since_day)
        assert told == clock, zone
