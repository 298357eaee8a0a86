"""Each bench still runs, and fills its table."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import KEPT

BENCH = Path(__file__).parents[2] / "bench"

TINY = {
    "bench.archive": ["--events", "1000"],
    "bench.commands": ["--commands", "200", "--full", "1000"],
    "bench.http": ["--seconds", "0.1"],
    "bench.postgresql": ["--commands", "200", "--full", "0", "1000", "--events", "300"],
    "bench.ledgers": ["--commands", "200", "--rounds", "1"],
    "bench.projections": ["1000", "--times", "1"],
    "bench.otherwise": ["--events", "1000", "--handled", "100"],
    "bench.kafka_publishing": ["--events", "300", "--rounds", "1"],
    "bench.kafka_projecting": ["--events", "300"],
    "bench.rebuilding": ["1000"],
    "bench.replay": ["--calls", "60"],
    "bench.workers": ["--events", "1000"],
    "bench.end_to_end": [
        "--commands-a-second",
        "20",
        "--minutes",
        "0.05",
        "--warm-up-seconds",
        "0",
    ],
}


def test_one_command_measures_every_table_of_the_page() -> None:
    keeping = {
        path.stem for path in BENCH.glob("[a-z]*.py") if '"--keep"' in path.read_text("utf-8")
    }
    assert set(KEPT) == keeping
    marks = re.findall(r"^<!-- end of (.+) -->$", (BENCH / "README.md").read_text("utf-8"), re.M)
    assert sum(map(len, KEPT.values())) == len(marks) == len(set(marks))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("bench", TINY)
def test_a_bench_runs_at_a_tiny_size(bench: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", bench, *TINY[bench]],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "| what | measured |" in ran.stdout
