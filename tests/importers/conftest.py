"""What tests of importers share."""

from __future__ import annotations

from pathlib import Path

import pytest

from importers.webex import read
from tests.importers.polled import Reader, response


@pytest.fixture
def reading(tmp_path: Path) -> Reader:
    """Reads one call's entry, as if it were all that the response has."""
    return lambda entry: list(read(response(tmp_path / "response.json", entry)))
