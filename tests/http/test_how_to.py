"""The how-to of the HTTP interface is run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.entrypoints.calling import ROOT, environment
from tests.http.process import serving

BLOCK = re.compile(r"<!-- run -->\n```(sh|python)\n(.*?)```", re.DOTALL)
PYTHON = "export URL AUDITOR; python - <<'END'\n{}END\n"


@pytest.mark.slow
def test_every_step_of_the_how_to_does_what_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "http.md").read_text("utf-8")
    blocks = [
        text if language == "sh" else PYTHON.format(text) for language, text in BLOCK.findall(page)
    ]
    with serving(tmp_path) as (_, url):
        script = "\n".join(blocks).replace("http://127.0.0.1:8080", url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={
                **environment(tmp_path),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "urn:call-ledger:refused" in done.stdout
    assert "1 holds at position 4" in done.stdout
    assert "read who has read" in done.stdout
