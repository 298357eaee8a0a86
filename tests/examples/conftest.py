from __future__ import annotations

from pathlib import Path

import pytest

from tests.entrypoints.calling import call


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger with some days of calls; only read in these tests."""
    folder = tmp_path_factory.mktemp("simulated") / "ledger"
    assert call(folder, "simulate", "--calls", "300", "--seed", "7", "--days", "3").code == 0
    # One that waits in no queue: queued is not entered.
    assert call(folder, "record", "receive", "--call", "direct", "--actor", "system").code == 0
    return folder


@pytest.fixture(scope="session")
def snapshot(simulated: Path) -> Path:
    """A snapshot file of that ledger, as a company gives it away."""
    file = simulated.parent / "calls.duckdb"
    assert call(simulated, "snapshot", str(file), "--without-personal").code == 0
    return file
