"""What the tests of the shards' tables share."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.place import LakePlace
from tests.consumers.at_work import Begun


@pytest.fixture
def place(tmp_path: Path) -> LakePlace:
    """A folder that has no tables yet."""
    return LakePlace.of(f"file:{tmp_path}/lake")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    return Begun(monkeypatch)
