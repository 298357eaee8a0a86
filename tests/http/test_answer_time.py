"""What takes too long to compute is interrupted, and nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from entrypoints.http.service import Limits
from projections.reports import REPORTS
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.reports.week_of_march import tell

ENDLESS = "(select count(*) from range(1_000_000) a, range(1_000_000) b)"


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The week in March, a report over it that would take days, and 8 seconds for each answer."""
    exits = REPORTS["exits"]
    figures = (replace(exits.figures[0], expression=ENDLESS), *exits.figures[1:])
    monkeypatch.setitem(REPORTS, "endless", replace(exits, name="endless", figures=figures))
    tell(tmp_path / "ledger")
    with served_in(tmp_path / "ledger", limits=Limits(answer_seconds=8)) as served:
        yield served


@pytest.mark.slow
def test_an_endless_question_is_given_up_while_others_are_answered(hurried: Served) -> None:
    expected = hurried.analyst.get("/v1/reports/exits").json()
    with ThreadPoolExecutor(2) as threads:
        endless = [
            threads.submit(hurried.analyst.get, "/v1/reports/endless"),
            threads.submit(hurried.auditor.get, "/v1/reports/endless"),
        ]
        others = [hurried.auditor.get("/v1/reports/exits") for _ in range(20)]
    assert [one.json() for one in others] == [expected] * 20
    for one in endless:
        given_up = one.result()
        assert (given_up.status_code, given_up.json()["type"]) == (
            *(503, "urn:call-ledger:took-too-long"),
        )
        assert "more than 8 seconds" in given_up.json()["detail"]
    assert hurried.analyst.get("/v1/reports/exits").json() == expected


def test_the_questions_of_one_request_have_their_time_together(tmp_path: Path) -> None:
    tell(tmp_path / "ledger")
    with served_in(tmp_path / "ledger", limits=Limits(answer_seconds=0)) as served:
        assert served.analyst.get("/v1/reports/exits").status_code == 503
        assert served.analyst.get("/v1/calls").status_code == 503
        assert served.analyst.get("/v1/rules").status_code == 200
