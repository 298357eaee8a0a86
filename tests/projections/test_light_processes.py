"""Each statement of an analyst waits for its process to begin: that loads only what it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOAD = """
import sys
import {module}
print(sorted({{"domain", "ledger", "pydantic", "projections.database"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "module",
    [
        "projections.serving.isolated_process",
        "lake.isolated_process",
        "entrypoints.http.export_process",
    ],
)
def test_a_process_of_one_statement_loads_nothing_of_who_records(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOAD.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "[]\n", ended.stderr
