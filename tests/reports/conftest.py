from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.serving.client import Reader
from tests.reports.week_of_march import tell


@pytest.fixture(scope="session")
def week_of_march(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger with the seven calls."""
    folder = tmp_path_factory.mktemp("week-of-march")
    tell(folder)
    return folder


@pytest.fixture(scope="module")
def reader(week_of_march: Path) -> Iterator[Reader]:
    with Reader(week_of_march) as reading:
        yield reading
