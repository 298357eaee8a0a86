"""The page of ten questions is asked as it stands, in each of its three ways."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

import httpx
import pytest

from tests.entrypoints.calling import ROOT, call
from tests.http.clients import Served

PAGE = (ROOT / "docs" / "how-to" / "ten-questions.md").read_text("utf-8")
SECTION = re.compile(
    r"^## (\d+)\. (.+?)$.*?"
    r"^- command: `call-ledger (.+?)`\n- HTTP: `(.+?)`\n- console: `(.+?)`$",
    re.DOTALL | re.MULTILINE,
)


class Question(NamedTuple):
    number: str
    words: str
    command: str
    address: str
    page: str


def of_the_week(text: str) -> str:
    """The same of a call that these tests have."""
    return text.replace("4711", "A").replace("desk", "centre")


QUESTIONS = [Question(*map(of_the_week, found)) for found in SECTION.findall(PAGE)]


def test_there_are_ten() -> None:
    assert [one.number for one in QUESTIONS] == [str(number) for number in range(1, 11)]
    assert len(re.findall(r"^- command", PAGE, re.MULTILINE)) == 10


@pytest.fixture(scope="module")
def console(served_week: Served) -> dict[str, str]:
    """The cookie of an auditor who has entered the console."""
    key = served_week.auditor.headers["Authorization"].removeprefix("Bearer ")
    entered = httpx.post(
        f"{served_week.url}/console/enter",
        data={"key": key},
        headers={"Origin": served_week.url},
        trust_env=False,
    )
    assert entered.status_code == 303
    return {"Cookie": entered.headers["set-cookie"].partition(";")[0]}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one.number} {one.words}")
def test_command_and_address_have_one_answer_and_the_console_a_page(
    question: Question, served_week: Served, console: dict[str, str]
) -> None:
    said = call(served_week.folder.path, *shlex.split(question.command), "--json")
    answered = served_week.auditor.get(question.address)
    assert (said.code, answered.status_code) == (0, 200)
    if question.command.startswith("report"):
        assert said.json == answered.json()
    else:
        # Each line of the command is a document as it was recorded.
        assert len(said.lines) > 5
        assert said.lines == answered.json()["events"]
    shown = httpx.get(f"{served_week.url}{question.page}", headers=console, trust_env=False)
    assert shown.status_code == 200
    assert "<h1" in shown.text
