from __future__ import annotations

from pathlib import Path

import pytest

from tests.reports.week_of_march import tell


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger with the seven calls; only read in these tests."""
    folder = tmp_path_factory.mktemp("told")
    tell(folder)
    return folder
