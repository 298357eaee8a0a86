"""CSV that a spreadsheet takes as what it is."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.ui.csv_cells import FORMULA, csv_line
from tests.entrypoints.calling import call

SHARED = Path(__file__).parents[3] / "shared"

DANGEROUS = [
    *("=1+1", "+390612345678", "-2+3", "@SUM(A1:A9)", "\tx", "\rx", "\nx", "\x00=", "\x1b[2J"),
    *("  =1+1", '"=1+1', "'=1+1", "＝1+1", "＋1", "－1", "＠x", "\u00a0=1"),
    *("'\x1f", "  \x1b[2J"),
]


def cells(values: list[Any], raw: bool = False) -> list[str]:
    (row,) = csv.reader(io.StringIO(csv_line(values, raw), newline=""))
    return row


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_a_spreadsheet_could_run_begins_with_an_apostrophe(text: str) -> None:
    assert cells([text]) == [f"'{text}"]
    assert cells([text], raw=True) == [text]


@pytest.mark.parametrize("value", [-1, -0.5, -(2**70), float("-inf"), 1e-7])
def test_numbers_stay_numbers(value: float) -> None:
    (cell,) = cells([value])
    assert float(cell) == value


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_text_comes_back_from_a_cell(text: str) -> None:
    (cell,) = cells([text, 1])[:1]
    if cell.startswith("'") and FORMULA.match(cell[1:]):
        cell = cell[1:]
    assert cell == text


@given(st.text())
def test_no_text_is_run(text: str) -> None:
    line = csv_line([text, 1], raw=False)
    assert line.lstrip('"')[0] not in "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    "unseen",
    [
        *("\ufeff", "\u200b", "\u2060 ", "\u00ad", "\ufeff\u202e'", "\u3164", "\uffa0", "\u115f"),
        *("\u2800", "\u034f", "\ufe0f", "\u17b5", "\U000e0061", "\U000e0101"),
    ],
)
def test_what_is_not_seen_before_a_formula_hides_none(unseen: str) -> None:
    """A reader takes a byte order mark away at the beginning of a file."""
    assert csv_line([f"{unseen}=1+1"], raw=False).lstrip('"').startswith("'")
    assert csv_line([f"{unseen}text"], raw=False).strip('"\n') == f"{unseen}text"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    lines = (
        '{"type":"call.receive.v1","call_id":"=1+1","actor":"system","queue":"@q",'
        '"occurred_at":"2026-03-02T09:00:00Z"}\n'
        '{"type":"call.abandon.v1","call_id":"=1+1","actor":"customer",'
        '"occurred_at":"2026-03-02T09:00:30Z"}\n'
    )
    path = tmp_path / "lines.jsonl"
    path.write_text(lines)
    folder = tmp_path / "ledger"
    assert call(folder, "record", "--lines", str(path)).code == 0
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", 'select *, -1 as "=x", [call_id] as ids from calls'),
        ("report", "abandoned"),
        ("report", "abandoned", "--calls"),
        ("call", "list"),
    ],
)
def test_every_csv_of_the_command_line_is_safe(ledger: Path, arguments: tuple[str, ...]) -> None:
    answer = call(ledger, *arguments, "--csv")
    assert answer.code == 0, answer.said
    for row in csv.reader(io.StringIO(answer.out)):
        assert not [cell for cell in row if cell[:1] in tuple("=+@") or cell.startswith("-x")]


def test_raw_has_the_bytes_and_excel_the_byte_order_mark(ledger: Path) -> None:
    query = ("sql", "select call_id from calls")
    assert call(ledger, *query, "--csv").out == "call_id\n'=1+1\n"
    assert call(ledger, *query, "--csv", "--raw").out == "call_id\n=1+1\n"
    assert call(ledger, *query, "--csv", "--excel").out == "\ufeffcall_id\n'=1+1\n"


def test_times_end_in_z_and_have_their_local_time_beside_them(ledger: Path) -> None:
    rome = ("--time-zone", "Europe/Rome")
    (listed,) = call(ledger, "call", "list", "--json").json["calls"]
    assert listed["entered_at"] == "2026-03-02T09:00:00Z"
    (behind,) = call(ledger, "report", "abandoned", "--calls", "--json", *rome).json["calls"]
    assert behind["entered_at"] == "2026-03-02T09:00:00Z"
    assert behind["entered_at_local"] == "2026-03-02T10:00:00+01:00"
    assert "2026-03-02T10:00:00+01:00" in call(ledger, "call", "list", "--csv", *rome).out


@pytest.mark.skipif(not SHARED.exists(), reason="the cases are not in ../shared/cases")
def test_the_case_of_formulas_has_no_text_that_runs(tmp_path: Path) -> None:
    call(tmp_path, "record", "--lines", str(SHARED / "cases" / "06-formulas.jsonl"))
    for arguments in (
        ("call", "list"),
        ("report", "agents"),
        ("report", "wrap-ups", "--calls"),
        ("report", "abandoned", "--by", "queue"),
        ("sql", "select * from wrap_ups"),
        ("sql", "select * from events"),
        ("sql", "select list(call_id) as ids, {'id': min(call_id)} as first from calls"),
    ):
        answer = call(tmp_path, *arguments, "--csv")
        assert answer.code == 0, answer.said
        assert len(answer.out.splitlines()) > 1
        for row in csv.reader(io.StringIO(answer.out)):
            assert not [cell for cell in row if cell[:1] in tuple("=+-@")]
