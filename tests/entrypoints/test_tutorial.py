"""`docs/tutorial.md` is run as it stands, and says what is said below each command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.entrypoints.calling import ROOT, call

BLOCK = re.compile(r"(?:<!-- exit code (\d) -->\n)?```console\n(.*?)```", re.DOTALL)
PROMPT = "$ call-ledger "
LEFT_OUT = "…"
"""Alone it stands for any lines, and in a line for any text."""


class Step(NamedTuple):
    """One command of the page, and what is shown below it."""

    command: str
    shown: str
    code: int


def steps() -> list[Step]:
    page = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    return [
        Step(command, shown, int(code or 0))
        for code, block in BLOCK.findall(page)
        for piece in block.removeprefix(PROMPT).split(f"\n{PROMPT}")
        for command, _, shown in [piece.partition("\n")]
    ]


def pattern(shown: str) -> str:
    """What matches the whole of what a command said, lines without the spaces at their end."""
    lines = [
        r"(?:.*\n)*?"
        if line == LEFT_OUT
        else ".*".join(map(re.escape, line.split(LEFT_OUT))) + "\n"
        for line in shown.splitlines()
    ]
    return "".join(lines)


def test_every_command_of_the_tutorial_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(steps()) > 20
    for command, shown, code in steps():
        answer = call(tmp_path / "call-ledger", *shlex.split(command), variables={"COLUMNS": "80"})
        said = "".join(f"{line.rstrip()}\n" for line in (answer.out + answer.err).splitlines())
        assert re.fullmatch(pattern(shown), said), f"{command}\n{said}"
        assert answer.code == code, command
