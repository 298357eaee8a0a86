"""No field that can name a person reaches a log, whatever somebody logs."""

from __future__ import annotations

import json
import logging

import pytest

from infra.errors import LedgerError
from infra.logs import LOGGER, NUMBERS, Happening, logging_lines


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_has_what_happened_and_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_lines("publish") as log:
        log.info(Happening.GOES_ON, extra={"position": 7})
    (line,) = lines_of(capsys)
    assert line.keys() == {"time", "level", "process", "happening", "place", "position"}
    assert (line["process"], line["happening"], line["position"]) == ("publish", "goes on", 7)


def test_words_are_left_out_wherever_they_are_put(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_lines("publish", LedgerError) as log:
        log.warning("Anna Rossi called")
        log.warning("%s called", "Anna Rossi")
        logging.getLogger(f"{LOGGER}.below").warning("Anna Rossi called")
        log.info(Happening.GOES_ON, extra=dict.fromkeys([*NUMBERS, "customer"], "Anna Rossi"))
        try:
            raise ValueError("Anna Rossi called")
        except ValueError:
            log.exception("Anna Rossi %s", "Rossi", stack_info=True)
            log.exception(Happening.FAILED)
    text = capsys.readouterr().err
    assert text.count("\n") == 6
    assert "Rossi" not in text
    assert json.loads(text.splitlines()[-1])["error"] == "ValueError"


def test_an_error_of_ours_is_told_in_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_lines("publish", LedgerError) as log:
        try:
            raise LedgerError("Position 7 is missing.")
        except LedgerError:
            log.exception(Happening.FAILED)
    assert lines_of(capsys)[0]["sentence"] == "Position 7 is missing."
