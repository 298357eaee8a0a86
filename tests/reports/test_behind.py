"""Each figure is made of calls: those that add to it, and no others."""

from __future__ import annotations

import pytest

from entrypoints.console.report_page import as_value
from projections.reports import REPORTS
from projections.reports.behind import calls_behind
from projections.reports.query import figures_query
from projections.reports.report import Figure, Report, Selection
from projections.serving.client import Reader

ROME = Selection("Europe/Rome")
WITHOUT_SUMS = ("mean_", "longest_", "most_")


def adds_up(figure: Figure) -> bool:
    return not figure.name.startswith(WITHOUT_SUMS) and not figure.name.endswith(
        ("_share", "_rate", "_of_entered", "actors", "rules")
    )


def behind(reader: Reader, report: Report, figure: Figure, group: dict[str, str | None]) -> float:
    sql, parameters = calls_behind(report, figure, ROME, group, 1_000)
    return sum(float(one["value"]) for one in reader.ask(sql, parameters).table.to_pylist())


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("by", ["day", "subject"])
def test_the_calls_of_a_group_add_up_to_its_figure(name: str, by: str, reader: Reader) -> None:
    report = REPORTS[name]
    groupings = (
        (*report.subject_groupings[:1], *report.subject_groupings[1:][-1:])
        if by == "subject"
        else (by,)
    )
    for grouping in groupings:
        sql, parameters = figures_query(report, ROME, (grouping,))
        rows = reader.ask(sql, parameters).table.to_pylist()
        for row in rows:
            group = {} if row["is_total"] else {grouping: as_value(row[grouping])}
            for figure in filter(adds_up, report.figures):
                got = behind(reader, report, figure, group)
                assert got == pytest.approx(float(row[figure.name] or 0)), (figure.name, group)


def test_a_call_that_adds_nothing_is_not_behind_a_figure(reader: Reader) -> None:
    report = REPORTS["transfers"]
    (blind,) = [figure for figure in report.figures if figure.name == "blind"]
    sql, parameters = calls_behind(report, blind, ROME, {}, 10)
    assert [one["call_id"] for one in reader.ask(sql, parameters).table.to_pylist()] == ["B"]


def test_the_hour_that_comes_twice_has_the_calls_of_each(reader: Reader) -> None:
    report = REPORTS["abandoned"]
    (entered,) = [figure for figure in report.figures if figure.name == "entered"]
    group: dict[str, str | None] = {"hour": "2026-03-29T03:00:00+02:00"}
    sql, parameters = calls_behind(report, entered, ROME, group, 10)
    assert [one["call_id"] for one in reader.ask(sql, parameters).table.to_pylist()] == ["D"]
