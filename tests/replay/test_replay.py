"""`call-ledger replay`, asked as a person asks it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ledger.replay import parts
from ledger.replay.history import StoreHistory
from tests.entrypoints.calling import call
from tests.projections.damaged_store import damage

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
    monkeypatch.setattr(StoreHistory, "part_events", 150)
    monkeypatch.setattr(parts, "PROCESS_EVENTS", 1)
    assert call(simulated, *arguments, "--processes", "1").out == first.out
    assert call(simulated, *arguments, "--processes", "2").out == first.out


def test_up_to_a_position_and_from_the_next_is_all_and_nothing_twice(
    simulated: Path, no_hold: str
) -> None:
    arguments = ("replay", "--rules", no_hold, "--json")
    whole = call(simulated, *arguments).json
    for position in (1, 7, 100, 250):
        before = call(simulated, *arguments, "--to", f"{position}").json
        after = call(simulated, *arguments, "--from", f"{position + 1}").json
        assert 0 < before["judged_count"] < whole["judged_count"]
        for count in ("judged_count", "not_rebuilt_count"):
            assert before[count] + after[count] == whole[count]
        found = [*by_the_recorded_state(before), *by_the_recorded_state(after)]
        assert sorted(found) == sorted(by_the_recorded_state(whole))
        assert all(one["position"] <= position for one in before["differences"])


def by_the_recorded_state(answer: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (one["command_id"], one["change"], one["before"], one["after"])
        for one in answer["differences"]
        if one["state"] == "recorded"
    ]


def test_a_time_is_the_time_of_recording(simulated: Path, no_hold: str) -> None:
    arguments = ("replay", "--rules", no_hold, "--json")
    whole = call(simulated, *arguments).json
    first = whole["differences"][0]
    documents = call(simulated, "call", "show", first["call_id"], "--json").lines
    recorded_at = documents[first["met_version"]]["recordedat"]
    assert documents[first["met_version"]]["rulesethash"] == first["rule_set_hash"]
    before = call(simulated, *arguments, "--to", recorded_at).json
    after = call(simulated, *arguments, "--from", recorded_at).json
    assert before["judged_count"] + after["judged_count"] == whole["judged_count"]
    assert first["command_id"] in {one["command_id"] for one in after["differences"]}
    assert first["command_id"] not in {one["command_id"] for one in before["differences"]}


def test_a_document_that_cannot_be_read_is_told_with_its_place(
    simulated: Path, tmp_path: Path
) -> None:
    for table, place in (("events", "position 7"), ("refusals", "refusal 2")):
        folder = tmp_path / table
        folder.mkdir()
        shutil.copy(simulated / "ledger.sqlite", folder)
        damage(folder, int(place.split()[1]), b'{"type":"call.held.v1"', table)
        answer = call(folder, "replay", "--rules", "seed")
        assert answer.code == 3
        assert f"The document at {place} cannot be read" in answer.said


@pytest.mark.parametrize("position", ["0", "1000000"])
def test_a_position_that_is_not_there_is_told(simulated: Path, position: str) -> None:
    answer = call(simulated, "replay", "--rules", "seed", "--from", position)
    assert answer.code == 2
    assert "There is no event at position" in answer.said


def test_a_call_without_events_is_judged_by_its_refusals(simulated: Path, no_hold: str) -> None:
    command = b'{"type": "call.hold.v1", "call_id": "unknown", "actor": "agent-1"}'
    assert call(simulated, "record", "--lines", "-", typed=command).code == 1
    for only in ([], ["--call", "unknown"]):
        answer = call(simulated, "replay", "--rules", no_hold, "--json", *only).json
        assert answer["judged_count"] >= 1
    assert (answer["judged_count"], answer["same_count"]) == (1, 1)


@pytest.mark.parametrize("content", WRONG)
def test_a_wrong_file_is_told_where_it_is_wrong(tmp_path: Path, content: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(content)
    answer = call(tmp_path, "replay", "--rules", str(file))
    assert answer.code == 2
    assert WRONG[content] in answer.said
