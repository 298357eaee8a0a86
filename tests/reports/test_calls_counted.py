"""Calls counted by the marks of first things are the different calls, in every group."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from projections.database import Projections
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import CALLS, CALLS_WITH_TIME, Figure, Report, Selection
from tests.projections.histories import PHASES, Drawn, history, projections, steps

COUNTING = [
    report
    for report in REPORTS.values()
    if any(CALLS in figure.expression for figure in report.figures)
]


def counted(projections: Projections, report: Report, expression: str, by: tuple[str, ...]) -> str:
    """The calls of each group and of all, as text."""
    only = replace(report, figures=(Figure("calls", expression, ""),))
    sql, parameters = figures_query(only, Selection(), by)
    return str(projections.connection.execute(sql, parameters or None).fetchall())


@pytest.mark.slow
@settings(max_examples=5, phases=PHASES)
@given(steps, steps)
def test_the_marks_count_the_different_calls(observed: Drawn, decided: Drawn) -> None:
    with projections() as opened:
        opened.add(history([*observed, *decided]).batch())
        for report in COUNTING:
            different = f"count(distinct call_position) filter ({report.calls_of})"
            for by in ((), *((one,) for one in report.all_groupings), ("day", "queue")):
                assert counted(opened, report, CALLS, by) == counted(
                    opened, report, different, by
                ), (report.name, by)
                if report.timed != "true":
                    timed = f"{different[:-1]} and {report.timed})"
                    assert counted(opened, report, CALLS_WITH_TIME, by) == counted(
                        opened, report, timed, by
                    ), (report.name, by)


def test_the_reports_that_count_calls_are_known() -> None:
    assert {report.name for report in COUNTING} == {
        "exits",
        "wrap-ups",
        "conferences",
        "consults",
        "holds",
        "rule-breaks",
    }
