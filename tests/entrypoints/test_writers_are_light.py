"""Who writes loads no part of the read side: `publish` and `serve-commands` stay small."""

from __future__ import annotations

import subprocess
import sys

import pytest

READ_SIDE = ("duckdb", "pyarrow", "projections.database")

RUN = """
import sys
from entrypoints.cli.main import run
sys.argv = ["call-ledger", *{arguments!r}]
code = 0
try:
    run()
except SystemExit as ended:
    code = ended.code
loaded = [name for name in {read_side!r} if name in sys.modules]
print("ended with", code, "loaded", loaded, "kafka" in sys.modules)
"""


@pytest.mark.parametrize("process", ["publish", "serve-commands"])
def test_a_writer_loads_neither_duckdb_nor_pyarrow(process: str, tmp_path: object) -> None:
    arguments = [process, "--until-end", "--ledger", str(tmp_path)]
    code = RUN.format(arguments=arguments, read_side=READ_SIDE)
    environment = {
        "CALL_LEDGER_KAFKA": "127.0.0.1:1",
        "CALL_LEDGER_PATIENCE_SECONDS": "4",
        "PATH": "/usr/bin",
    }
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert "ended with 3 loaded [] True" in ended.stdout, ended.stderr
