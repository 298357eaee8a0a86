"""Programs that no Python package has: on the path, or where `.ci/tools` brings them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "call-ledger/programs"


def program(name: str) -> str:
    """Where it is; without it the test is skipped, and says what is missing."""
    found = shutil.which(name) or shutil.which(name, path=str(CACHE))
    if found is None:
        pytest.skip(f"{name} is missing: .ci/tools brings it")
    return found
