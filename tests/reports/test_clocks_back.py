"""The hour that comes twice is two rows, each with its offset, in every report and format."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.ledger import Ledger
from projections.reports import REPORTS
from tests.entrypoints.calling import call
from tests.ledger.scenes import command

ROME = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
LORD_HOWE = ["2026-04-05T01:00:00+11:00", "2026-04-05T01:00:00+10:30"]
TWICE = {
    "Europe/Rome": (ROME, ["2026-10-25T00:10", "2026-10-25T01:10"]),
    "America/St_Johns": (
        ["2026-11-01T01:00:00-02:30", "2026-11-01T01:00:00-03:30"],
        ["2026-11-01T04:00", "2026-11-01T04:50"],
    ),
    # Half an hour only: what was from 1:30 on comes again.
    "Australia/Lord_Howe": (LORD_HOWE, ["2026-04-04T14:40", "2026-04-04T15:10"]),
}
STORY: list[tuple[str, str, bool, dict[str, Any]]] = [
    ("receive", "system", False, {"queue": "sales"}),
    ("offer", "system", False, {"agent": "agent-1"}),
    ("answer", "agent-1", False, {}),
    ("end-conference", "agent-1", False, {}),
    ("resume", "agent-1", True, {}),
    ("hold", "agent-1", False, {}),
    ("resume", "agent-1", False, {}),
    ("start-consult", "agent-1", False, {"target_kind": "agent", "target": "agent-2"}),
    ("answer-consult", "agent-2", False, {}),
    ("start-conference", "agent-1", False, {}),
    ("request-transfer", "agent-1", False, {}),
    ("accept-transfer", "agent-2", False, {}),
    ("leave", "customer", False, {}),
    ("apply-wrap-up", "agent-1", False, {"reason": "sold"}),
]
"""All that reports count: a refusal and a broken rule too."""
CASE = Path(__file__).parents[3] / "shared" / "cases" / "08-clocks-back.jsonl"


def tell(folder: Path, moments: list[str]) -> None:
    """One call for each moment, in which happens all that reports count."""
    with Ledger.open(folder) as ledger:
        for number, moment in enumerate(moments):
            at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            for action, actor, observed, own in STORY:
                asked = command(action, actor, f"call-{number}", occurred_at=at, **own)
                ledger.record(asked, observed)


@pytest.fixture(scope="module", params=TWICE)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("clocks-back")
    tell(folder, TWICE[request.param][1])
    return request.param, folder


@pytest.mark.parametrize("report", REPORTS)
def test_the_hour_that_comes_twice_is_two_rows(told: tuple[str, Path], report: str) -> None:
    zone, folder = told
    asked = ["report", report, "--by", "hour", "--time-zone", zone]
    hours = TWICE[zone][0]
    rows = list(csv.DictReader(io.StringIO(call(folder, *asked, "--csv").out)))
    assert [row["hour"] for row in rows] == hours
    groups = json.loads(call(folder, *asked, "--json").out)["groups"]
    assert [group["hour"] for group in groups] == hours
    shown = call(folder, *asked).said
    for hour in hours:
        assert hour.replace(":00:00", ":00", 1) in shown


@pytest.mark.skipif(not CASE.exists(), reason="the shared cases are not beside the project")
def test_the_calls_of_the_hour_that_comes_twice_are_told_apart(tmp_path: Path) -> None:
    call(tmp_path, "record", "--lines", str(CASE))
    asked = ["report", "abandoned", "--by", "hour", "--time-zone", "Europe/Rome", "--json"]
    groups = json.loads(call(tmp_path, *asked).out)["groups"]
    assert [(group["hour"], group["entered"]) for group in groups] == [(ROME[0], 1), (ROME[1], 1)]
