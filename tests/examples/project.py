"""An example's own project: what its lock says, installed, and its programs run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.entrypoints.calling import ROOT

EXAMPLES = ROOT / "examples"


def uv() -> str:
    """The uv that runs these tests, or the one that the README installs."""
    ours = ROOT / ".uv" / "bin" / "uv"
    found = os.environ.get("UV") or shutil.which("uv") or (str(ours) if ours.exists() else None)
    assert found is not None, "Install uv as the README does: an example has a lock of its own."
    return found


def run_in(example: Path, place: Path, *words: str, **variables: str) -> str:
    """Run a program of the example in an environment made in `place`; what it said."""
    ours = {name: value for name, value in os.environ.items() if "CALL_LEDGER" not in name}
    ours.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [uv(), "run", "--quiet", "--project", str(example), "--locked", *words],
        cwd=example,
        env={**ours, "UV_PROJECT_ENVIRONMENT": str(place / "environment"), **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
