"""The notebook answers its questions over a snapshot file, with the figures of the reports."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.entrypoints.calling import call
from tests.examples.project import EXAMPLES, run_in

NOTEBOOK = EXAMPLES / "notebook" / "three-questions.ipynb"
PNG_MARK = b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
def test_the_notebook_draws_three_answers_with_the_figures_of_the_reports(
    simulated: Path, snapshot: Path, tmp_path: Path
) -> None:
    answered = tmp_path / "answered.ipynb"
    run_in(
        NOTEBOOK.parent,
        tmp_path,
        *("jupyter", "execute", NOTEBOOK.name, f"--output={answered}"),
        CALL_LEDGER_SNAPSHOT=str(snapshot),
        IPYTHONDIR=str(tmp_path),
    )
    outputs = [
        output
        for cell in json.loads(answered.read_text())["cells"]
        for output in cell.get("outputs", [])
    ]
    said = "".join(line for output in outputs for line in output.get("text", []))
    drawn = [
        base64.b64decode(output["data"]["image/png"]) for output in outputs if "data" in output
    ]
    assert len(drawn) == 3
    assert all(picture.startswith(PNG_MARK) for picture in drawn)
    refusals, abandoned = (
        call(simulated, "report", name, "--json").json for name in ("refusals", "abandoned")
    )
    assert f"position {refusals['position']:,}" in said
    total = refusals["total"]
    assert f"{total['refusals']:,} refusals by {total['rules']} rules" in said
    total = abandoned["total"]
    in_queue = round(total["abandon_rate"] * total["queued"])
    assert f"{in_queue:,} of {total['queued']:,} queued contacts abandoned" in said
    left = "select count(distinct (call_position, conference_number)) as n from exits"
    counted = call(simulated, "sql", f"{left} where conference_number is not null", "--json")
    assert f"{counted.json['rows'][0]['n']:,} conferences that somebody left" in said


def test_the_notebook_is_kept_without_its_answers() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
