"""A group whose key nobody knows is a row like any other, and never taken for the total."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from projections.reports import REPORTS
from tests.entrypoints.calling import call

EMPTY_QUEUE = [name for name, report in REPORTS.items() if "queue" in report.groupings]


@pytest.fixture(scope="module", params=EMPTY_QUEUE)
def by_queue(request: pytest.FixtureRequest, week_of_march: Path) -> tuple[str, dict[str, Any]]:
    """A report by queue; one call entered none."""
    said = call(week_of_march, "report", request.param, "--by", "queue", "--json").out
    return request.param, json.loads(said)


def test_each_key_has_one_group_in_json(by_queue: tuple[str, dict[str, Any]]) -> None:
    _, told = by_queue
    keys = [group["queue"] for group in told["groups"]]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys, key=lambda key: (key is None, key or ""))
    assert told["total"] is not None


def test_csv_has_the_same_groups_and_leaves_an_empty_key_empty(
    by_queue: tuple[str, dict[str, Any]], week_of_march: Path
) -> None:
    name, told = by_queue
    said = call(week_of_march, "report", name, "--by", "queue", "--csv").out
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [row["queue"] or None for row in rows] == [group["queue"] for group in told["groups"]]


def test_the_table_shows_a_dash_for_it_and_the_total_last(
    by_queue: tuple[str, dict[str, Any]], week_of_march: Path
) -> None:
    name, told = by_queue
    said = call(week_of_march, "report", name, "--by", "queue").out
    table = said.split("───\n" if "───\n" in said else "─ \n", 1)[1].split("\n\n")[0]
    first_words = [line.split()[0] for line in table.splitlines() if line.split()]
    keys = [group["queue"] or "–" for group in told["groups"]]
    assert first_words[: len(keys) + 1] == [*keys, "all"]


@pytest.mark.parametrize(("first", "second"), [("queue", "agent"), ("agent", "queue")])
def test_two_keys_of_which_either_may_be_empty_tell_groups_apart(
    first: str, second: str, week_of_march: Path
) -> None:
    said = call(week_of_march, "report", "open", "--by", first, "--by", second, "--json").out
    told = json.loads(said)
    keys = [(group[first], group[second]) for group in told["groups"]]
    assert len(set(keys)) == len(keys)
    assert any(group["queue"] is None for group in told["groups"])
    assert any(group["agent"] is None for group in told["groups"])
    assert sum(group["entered"] for group in told["groups"]) == told["total"]["entered"] == 7
