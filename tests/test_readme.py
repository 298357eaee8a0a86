"""The README's tour is run as it stands, command by command, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"<!-- tour(?:: exit code (\d))? -->\n```sh\n(.*?)```", re.DOTALL)


def tour() -> list[tuple[str, int]]:
    """Every command of the tour, with the exit code that the README says it has."""
    text = (ROOT / "README.md").read_text("utf-8")
    return [
        (line, int(code or 0))
        for code, block in BLOCK.findall(text)
        for line in block.strip().splitlines()
    ]


@pytest.mark.slow
@pytest.mark.long
def test_every_command_of_the_tour_does_what_the_readme_says(tmp_path: Path) -> None:
    commands = tour()
    assert len(commands) > 20
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("CALL_LEDGER_PATH", None)
    for command, exit_code in commands:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == exit_code, f"{command}\n{done.stdout}\n{done.stderr}"
        assert done.stdout, command
        assert not done.stderr, f"{command}\n{done.stderr}"
    assert (tmp_path / "4711.svg").read_text("utf-8").startswith("<svg")
    assert (tmp_path / "agents.parquet").stat().st_size > 0
