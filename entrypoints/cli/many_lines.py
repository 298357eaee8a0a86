"""Many commands as JSON lines: recorded in order, one outcome line each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
import typer

from domain.rule_sets import RULE_SETS
from entrypoints.cli.one_command import defaults
from entrypoints.ui.progress import progress
from ledger.intake import LARGEST_LINE_BYTES, Unreadable, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Recorded, Request
from ledger.quarantine import Unread

LINES_IN_ONE_GROUP = 2_000
"""Lines made durable by one write to the disk, when they come faster than that."""

READ_BYTES = 1 << 20


class Line(NamedTuple):
    """A line that is not empty, and its number in the file, from 1."""

    number: int
    text: bytes


def record_lines(folder: Path, rules: str, path: Path) -> int:
    """Record JSON lines in groups, answering each line once its group is on disk."""
    exit_code = 0
    with (
        opened(path) as file,
        Ledger.open(folder, RULE_SETS[rules], doing="record") as ledger,
        progress("recording", unit="lines") as moved,
    ):
        for group in groups_of_lines(file):
            answers = outcomes_of(ledger, group, str(path))
            exit_code |= any(answer["outcome"] != "recorded" for answer in answers)
            sys.stdout.buffer.write(b"".join(orjson.dumps(one) + b"\n" for one in answers))
            sys.stdout.buffer.flush()
            moved(group[-1].number, None)
    return exit_code


def opened(path: Path) -> BinaryIO:
    """The file, or standard input for a dash."""
    if str(path) == "-":
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.") from None


def groups_of_lines(file: BinaryIO) -> Iterator[list[Line]]:
    """Lines as they come: what is there at once is one group, and nothing waits for more.

    A line beyond the largest is cut there, so that memory stays bounded; it goes to quarantine.
    """
    rest, overlong, number = b"", False, 0
    reader = getattr(file, "read1", file.read)
    while piece := reader(READ_BYTES):
        *complete, rest = (rest + piece).split(b"\n")
        if overlong and complete:
            complete, overlong = complete[1:], False
        if len(rest) > LARGEST_LINE_BYTES:
            if not overlong:
                complete.append(rest)
            rest, overlong = b"", True
        filled = [Line(at, text) for at, text in enumerate(complete, number + 1) if text.strip()]
        number += len(complete)
        for begin in range(0, len(filled), LINES_IN_ONE_GROUP):
            yield filled[begin : begin + LINES_IN_ONE_GROUP]
    if rest.strip() and not overlong:
        yield [Line(number + 1, rest)]


def outcomes_of(ledger: Ledger, lines: list[Line], origin: str) -> list[dict[str, Any]]:
    """Record what can be read, quarantine what cannot, and answer each line in order."""
    answers: list[dict[str, Any]] = [{"line": line.number} for line in lines]
    readable: list[tuple[dict[str, Any], Request]] = []
    unreadable: list[tuple[dict[str, Any], Unread]] = []
    filled_in = defaults()
    for answer, line in zip(answers, lines, strict=True):
        try:
            readable.append((answer, read_request(line.text, filled_in)))
        except Unreadable as error:
            unread = Unread(f"{origin}:{line.number}", line.text, str(error))
            unreadable.append((answer, unread))
    numbers = ledger.quarantine.add_many([unread for _, unread in unreadable])
    for (answer, unread), number in zip(unreadable, numbers, strict=True):
        answer.update(outcome="quarantined", number=number, reason=unread.reason)
    outcomes = ledger.record_many([request for _, request in readable])
    for (answer, request), outcome in zip(readable, outcomes, strict=True):
        answer.update(answer_of(request, outcome))
    return answers


def answer_of(request: Request, outcome: Outcome) -> dict[str, Any]:
    """One outcome as the fields of its line."""
    answer: dict[str, Any] = {"command_id": request.command.command_id}
    if isinstance(outcome, Recorded):
        answer |= {
            "outcome": "recorded",
            "position": outcome.position,
            "version": outcome.version,
            "events": len(outcome.documents),
        }
    else:
        answer |= {
            "outcome": "refused",
            "number": outcome.number,
            "rule": outcome.rule,
            "sentence": outcome.sentence,
        }
    return answer | ({"repeated": True} if outcome.repeated else {})
