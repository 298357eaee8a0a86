"""The dbt project builds over a snapshot file, and its figures are those of the reports."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.entrypoints.calling import call
from tests.examples.project import EXAMPLES, run_in

MARTS = EXAMPLES / "dbt"


@pytest.mark.slow
def test_the_marts_are_built_and_have_the_figures_of_the_report(
    simulated: Path, snapshot: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    said = run_in(
        MARTS,
        tmp_path,
        *("dbt", "--no-use-colors", "build"),
        CALL_LEDGER_SNAPSHOT=str(snapshot),
        MARTS=str(marts),
        DBT_TARGET_PATH=str(tmp_path / "target"),
        DBT_LOG_PATH=str(tmp_path / "logs"),
    )
    assert "PASS=17 WARN=0 ERROR=0 SKIP=0" in said
    words = ("report", "abandoned", "--by", "day", "--by", "queue", "--by", "source", "--json")
    figures = ("entered", "queued", "abandoned", "abandon_rate")
    expected = {
        (one["day"], one["queue"], one["source"], *(one[name] for name in figures))
        for one in call(simulated, *words).json["groups"]
    }
    with duckdb.connect(str(marts), read_only=True) as connection:
        sql = f"select day::varchar, queue, source, {', '.join(figures)} from queue_days"
        assert set(connection.execute(sql).fetchall()) == expected
    assert len(expected) > 3
