"""What the tests of the replay share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.entrypoints.calling import ROOT, call


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of some calls, with refusals."""
    folder = tmp_path_factory.mktemp("replay")
    assert call(folder, "simulate", "--calls", "40", "--seed", "7").code == 0
    return folder


@pytest.fixture(scope="session")
def no_hold(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with the rule set that the page shows."""
    page = (ROOT / "docs/replay.md").read_text("utf-8")
    file = tmp_path_factory.mktemp("rules") / "no-hold.toml"
    file.write_text(page.split("```toml\n")[1].split("```")[0])
    return str(file)
