"""The how-to pages of the HTTP interface are run as they stand."""

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


def ran(page: str, folder: Path, **variables: str) -> str:
    """What the blocks of a page print, run one after the other beside a server."""
    text = (ROOT / "docs" / "how-to" / page).read_text("utf-8")
    blocks = [
        block if language == "sh" else PYTHON.format(block)
        for language, block in BLOCK.findall(text)
    ]
    with serving(folder, **variables) as (_, url):
        script = "\n".join(blocks).replace("http://127.0.0.1:8080", url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={
                **environment(folder, **variables),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_step_of_the_how_to_does_what_it_says(tmp_path: Path) -> None:
    said = ran("http.md", tmp_path)
    assert "urn:call-ledger:refused" in said
    assert "1 holds at position 4" in said
    assert "read who has read" in said


@pytest.mark.slow
def test_deliveries_of_webhooks_become_a_call_as_the_how_to_says(tmp_path: Path) -> None:
    said = ran("webhook.md", tmp_path, CALL_LEDGER_WEBEX_SECRET="a secret of the subscription")
    assert '"call_id":"4711"' in said.replace('": ', '":')
    assert "sales" in said
