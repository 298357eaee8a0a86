"""The how-to page of several ledgers is run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.entrypoints.calling import ROOT, environment

PAGE = ROOT / "docs" / "how-to" / "several-ledgers.md"
BLOCK = re.compile(r"<!-- run -->\n```sh\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_every_step_does_what_it_says(tmp_path: Path) -> None:
    script = "\n".join(BLOCK.findall(PAGE.read_text("utf-8")))
    own = environment(tmp_path)
    del own["CALL_LEDGER_PATH"]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**own, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "The call belongs to ledger rest, and this is italy: ask rest." in said
    assert re.search(r"computed at position 1 of ledger italy, \d+ of ledger rest\.", said)
    assert "computed at position 1 of ledger italy." in said
    assert "italy: 1 of its calls belong to rest by this file, such as 4711 of pbx-rome" in said
    assert "rest: every call belongs here." in said
