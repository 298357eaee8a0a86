"""`call-ledger replay`, asked as a person asks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.replay import parts
from tests.entrypoints.calling import ROOT, call

WRONG = {
    "name = 3": "name must be text",
    'name = "a"\n[parameters]\nmembers_limit = "many"': "members_limit must be a whole number",
    'name = "a"\n[parameters]\nmembers_limit = 1001': "between 0 and 1,000",
    'name = "a"\n[parameters]\nowner_may_leave = 1': "must be true or false",
    'name = "a"\n[parameters]\nmember_limit = 4': "did you mean members_limit?",
    'name = "a"\n[cells.owner.connected]\nhold = "R99"': "'R99' is no rule",
    'name = "a"\n[cells.owner.connected]\nholds = "R7"': "did you mean hold?",
    'name = "a"\n[cells.owner.conected]\nhold = "R7"': "did you mean connected?",
    'name = "a"\n[cells.owners.connected]\nhold = "R7"': "did you mean owner?",
    'name = "seed"': "is that of a built-in rule set",
    "name": "is not valid TOML",
    "#" * 70_000: "is larger than 65,536 bytes",
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    assert call(folder, "simulate", "--calls", "40", "--seed", "7").code == 0
    return folder


@pytest.fixture
def no_hold(tmp_path: Path) -> str:
    page = (ROOT / "docs/replay.md").read_text("utf-8")
    file = tmp_path / "no-hold.toml"
    file.write_text(page.split("```toml\n")[1].split("```")[0])
    return str(file)


def test_under_its_own_rules_a_ledger_is_the_same(simulated: Path) -> None:
    answer = call(simulated, "replay", "--rules", "seed", "--json").json
    assert answer["judged_count"] == answer["same_count"] > 100
    assert answer["groups"] == answer["differences"] == []
    assert answer["not_rebuilt_count"] == 0


def test_the_rules_of_the_page_lead_to_the_calls_that_would_differ(
    simulated: Path, no_hold: str
) -> None:
    arguments = ("replay", "--rules", no_hold, "--json")
    answer = call(simulated, *arguments).json
    one = next(one for one in answer["differences"] if one["action"] == "hold")
    assert (one["change"], one["after"], one["state"]) == ("would be refused", "H1", "recorded")
    of_call = call(simulated, *arguments, "--call", one["call_id"]).json
    expected = [each for each in answer["differences"] if each["call_id"] == one["call_id"]]
    assert of_call["differences"] == expected
    assert call(simulated, "call", "show", one["call_id"]).code == 0
    assert answer["rules"]["name"] == "no-hold"


def test_the_same_question_has_the_same_bytes_in_any_number_of_parts_and_processes(
    simulated: Path, no_hold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("replay", "--rules", no_hold, "--json")
    first = call(simulated, *arguments)
    assert call(simulated, *arguments).out == first.out
    monkeypatch.setattr(parts, "PART_EVENTS", 150)
    assert call(simulated, *arguments, "--processes", "1").out == first.out
    assert call(simulated, *arguments, "--processes", "2").out == first.out


@pytest.mark.parametrize("content", WRONG)
def test_a_wrong_file_is_told_where_it_is_wrong(tmp_path: Path, content: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(content)
    answer = call(tmp_path, "replay", "--rules", str(file))
    assert answer.code == 2
    assert WRONG[content] in answer.said
