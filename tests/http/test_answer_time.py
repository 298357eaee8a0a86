"""What takes too long to compute is interrupted, and nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from entrypoints.http.service import Limits
from infra.local.servers import wait_until
from projections.reports import REPORTS
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.reports.week_of_march import tell

ENDLESS = "(select count(*) from range(1_000_000) a, range(1_000_000) b)"


ANSWER_SECONDS = 4
MOST_TRIES = 30
"""How often others may be too late, too, where the machine is so busy."""


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The week in March, a report over it that would take days, and a time for each answer."""
    exits = REPORTS["exits"]
    figures = (replace(exits.figures[0], expression=ENDLESS), *exits.figures[1:])
    monkeypatch.setitem(REPORTS, "endless", replace(exits, name="endless", figures=figures))
    tell(tmp_path / "ledger")
    with served_in(tmp_path / "ledger", limits=Limits(answer_seconds=ANSWER_SECONDS)) as served:
        yield served


def answer_of(client: httpx.Client) -> str | None:
    """The report; none where it took too long itself, as it may on a busy machine."""
    answer = client.get("/v1/reports/exits")
    if answer.status_code == 200:
        return answer.text
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:call-ledger:took-too-long")
    return None


@pytest.mark.slow
def test_an_endless_question_is_given_up_while_others_are_answered(hurried: Served) -> None:
    answers: list[str | None] = []
    for _ in range(MOST_TRIES):
        with ThreadPoolExecutor(2) as threads:
            endless = [
                threads.submit(hurried.analyst.get, "/v1/reports/endless"),
                threads.submit(hurried.auditor.get, "/v1/reports/endless"),
            ]
            while not any(one.done() for one in endless):
                answers.append(answer_of(hurried.auditor))
        for one in endless:
            given_up = one.result()
            assert (given_up.status_code, given_up.json()["type"]) == (
                *(503, "urn:call-ledger:took-too-long"),
            )
            assert f"more than {ANSWER_SECONDS} seconds" in given_up.json()["detail"]
        if any(answers):
            break
    (while_it_ran,) = {one for one in answers if one is not None}
    assert wait_until(lambda: answer_of(hurried.analyst) == while_it_ran, 120)


def test_the_questions_of_one_request_have_their_time_together(tmp_path: Path) -> None:
    tell(tmp_path / "ledger")
    with served_in(tmp_path / "ledger", limits=Limits(answer_seconds=0)) as served:
        assert served.analyst.get("/v1/reports/exits").status_code == 503
        assert served.analyst.get("/v1/calls").status_code == 503
        assert served.analyst.get("/v1/rules").status_code == 200
