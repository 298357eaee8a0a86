"""Working papers: a report is saved, shown again, and compared with what is known by now."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from tests.entrypoints.calling import call

ASKED = ("report", "wrap-ups", "--by", "reason", "--time-zone", "Europe/Rome")


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    call(folder, "simulate", "--calls", "12", "--seed", "1")
    answer = call(folder, *ASKED, "--save", "march", "--json")
    assert answer.code == 0, answer.said
    assert answer.json["as_of"]["known_at"]["position"] == answer.json["position"]
    return folder


@pytest.fixture
def saved(saved_once: Path, tmp_path: Path) -> Path:
    """A ledger, and a paper of it."""
    return shutil.copytree(saved_once, tmp_path / "ledger")


def test_a_paper_is_shown_as_it_was_saved(saved: Path) -> None:
    before = call(saved, *ASKED, "--json").json
    call(saved, "simulate", "--calls", "12", "--seed", "2")
    shown = call(saved, "paper", "show", "march", "--json").json
    assert shown["answer"]["groups"] == before["groups"]
    assert shown["answer"]["total"] == before["total"]
    told = call(saved, "paper", "show", "march")
    assert "Saved at" in told.said
    assert "auto default: the default reason" in told.said
    assert "denominator: all wrap-ups with a reason" in told.said
    assert "As the ledger knew it at position" in told.said
    (listed,) = call(saved, "paper", "list", "--json").json
    assert (listed["name"], listed["report"], listed["groups"]) == ("march", "wrap-ups", "reason")


def test_a_paper_that_is_not_there_is_answered_with_the_nearest(saved: Path) -> None:
    name = call(saved, "paper", "list", "--json").json[0]["name"]
    answer = call(saved, "paper", "show", f"{name}x")
    assert (answer.code, answer.out) == (2, "")
    assert answer.said.endswith(f"Did you mean {name}?")


def test_nothing_new_is_nothing_different(saved: Path) -> None:
    answer = call(saved, "paper", "compare", "march", "--json")
    assert answer.code == 0
    assert answer.json["is_same_of_its_moment"]
    assert answer.json["differences"] == []
    assert "every figure is what it was." in call(saved, "paper", "compare", "march").said


def test_what_became_known_since_is_named_figure_by_figure(saved: Path) -> None:
    before = call(saved, *ASKED, "--json").json
    call(saved, "simulate", "--calls", "12", "--seed", "2")
    now = call(saved, *ASKED, "--json").json
    answer = call(saved, "paper", "compare", "march", "--json")
    assert answer.code == 1
    assert answer.json["is_same_of_its_moment"]
    totals = {
        one["figure"]: (one["before"], one["after"])
        for one in answer.json["differences"]
        if one["group"] == {}
    }
    assert totals["wrap_ups"] == (before["total"]["wrap_ups"], now["total"]["wrap_ups"])
    told = call(saved, "paper", "compare", "march").said
    assert "the answer is the same." in told
    assert f"{len(answer.json['differences'])} figures are other than they were" in told


def test_a_paper_whose_figures_were_changed_is_found(saved: Path) -> None:
    file = saved / "papers" / "march.json"
    kept = orjson.loads(file.read_bytes())
    kept["answer"]["total"]["wrap_ups"] += 1
    file.write_bytes(orjson.dumps(kept))
    answer = call(saved, "paper", "compare", "march")
    assert answer.code == 1
    assert "the answer is NOT the same" in answer.said


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": 2}', b"not json"])
def test_a_file_that_is_no_paper_is_said(saved: Path, content: bytes) -> None:
    (saved / "papers" / "march.json").write_bytes(content)
    answer = call(saved, "paper", "show", "march")
    assert answer.code == 1
    assert "is no paper that this version reads" in answer.said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*ASKED, "--save", "march"), "There is a paper march already"),
        ((*ASKED, "--save", "../march"), "is no name for a paper"),
        ((*ASKED, "--save", "x" * 65), "is no name for a paper"),
        ((*ASKED, "--save", "april", "--calls"), "--save keeps figures"),
        (("paper", "show", "april"), "There is no paper april"),
        (("paper", "compare", ".hidden"), "is no name for a paper"),
    ],
)
def test_what_cannot_be_saved_or_found_is_said(
    saved: Path, words: tuple[str, ...], sentence: str
) -> None:
    answer = call(saved, *words)
    assert answer.code == 2
    assert sentence in answer.said
    assert [one.name for one in (saved / "papers").iterdir()] == ["march.json"]


def test_every_report_can_be_saved_and_is_the_same_of_its_moment(saved: Path) -> None:
    for name, by in (("exits", "hour"), ("agents", "day"), ("refusals", "rule"), ("open", "phase")):
        assert call(saved, "report", name, "--by", by, "--save", name).code == 0
    call(saved, "simulate", "--calls", "3", "--seed", "3")
    for name in ("exits", "agents", "refusals", "open"):
        compared = call(saved, "paper", "compare", name, "--json").json
        assert compared["is_same_of_its_moment"], name
