"""The command line called as a person calls it, in this process or in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import orjson

from entrypoints.cli.main import whole_command_line

COMMAND = whole_command_line()
"""Made once, as a program does; for each call it would take longer than what most of them do."""

PROGRAM = [sys.executable, "-m", "entrypoints.begin"]
ROOT = Path(__file__).parents[2]


class Answer(NamedTuple):
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Each line of output as JSON."""
        return [orjson.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> str:
        """All it said, as one line, whatever the width it was broken at."""
        return " ".join((self.out + self.err).replace("│", " ").split())


def environment(folder: Path, **more: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if "CALL_LEDGER" not in name}
    return {**ours, "CALL_LEDGER_PATH": str(folder), "COLUMNS": "100", "TERM": "dumb", **more}


def call(
    folder: Path, *arguments: str, typed: bytes = b"", variables: Mapping[str, str] | None = None
) -> Answer:
    """Run a command in this process, on this folder, with these bytes on standard input."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        patch.dict(os.environ, environment(folder, **(variables or {})), clear=True),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed))),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            COMMAND(list(arguments), prog_name="call-ledger")
        except SystemExit as left:
            code = left.code
    assert isinstance(code, int)
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    assert "Traceback" not in texts[1], texts[1]
    return Answer(code, *texts)


def start(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Begin a command in a process of its own, with pipes to it."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(folder),
        **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **options},
    )
