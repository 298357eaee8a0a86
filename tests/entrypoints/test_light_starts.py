"""Each command waits for what it loads: it loads nothing that only others use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from entrypoints.begin import run
sys.argv = ["call-ledger", *{words!r}]
try:
    run()
except SystemExit as ended:
    assert not ended.code, ended.code
print("loaded", sorted({of_others!r} & set(sys.modules)))
"""

OF_NONE = {"fsspec", "infra.ledger_rules"}
OF_SETTINGS = {"asyncio", "pydantic_settings", "ssl"}
OF_READERS = {"duckdb", "projections.database", "pyarrow", "yaml"}
OF_ANOTHER = {"entrypoints.cli.call", "entrypoints.cli.demo", "entrypoints.papers"}
OF_WRITERS = {"eventsourcing", "ledger.intake"}

RECEIVE = ["record", "receive", "--actor", "system", "--call"]


def loaded_by(words: list[str], of_others: set[str], folder: Path) -> str:
    """Which of the modules a command loads."""
    code = RUN.format(words=words, of_others=of_others)
    environment = {"CALL_LEDGER_PATH": str(folder), "PATH": "/usr/bin"}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "of_others"),
    [
        (
            ["rules"],
            OF_NONE | OF_SETTINGS | OF_ANOTHER | OF_READERS | OF_WRITERS | {"ledger.store.sqlite"},
        ),
        ([*RECEIVE, "4712"], OF_NONE | OF_ANOTHER | OF_READERS),
        (["status"], OF_NONE | OF_ANOTHER | OF_WRITERS),
        (["report", "exits"], OF_NONE | OF_WRITERS),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_a_command_loads_nothing_that_only_others_use(
    words: list[str], of_others: set[str], tmp_path: Path
) -> None:
    loaded_by([*RECEIVE, "4711"], set(), tmp_path)  # so that there is a ledger to read
    assert loaded_by(words, of_others, tmp_path) == "loaded []"
