"""What the tests of consumers share."""

from __future__ import annotations

import pytest

from tests.consumers.at_work import Begun


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    return Begun(monkeypatch)
