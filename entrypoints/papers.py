"""Working papers: a report's question and answer, kept in the ledger's folder under a name.

An auditor shows one again, and compares it: the same question of the same moment has to give the
same answer for ever, and the same question of now says what has become known since.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from entrypoints.report_answer import ReportAnswer, ReportQuestion
from infra.errors import FINDING, WRONG_USAGE, LedgerError
from infra.folder import LedgerFolder
from infra.nearest import did_you_mean
from projections.as_of import AsOf
from projections.reports import REPORTS
from projections.reports.report import Selection

FOLDER: Final = "papers"
FORMAT: Final = 1
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LARGEST_BYTES: Final = 64 * 1024 * 1024
TIMES: Final = ("since", "until")


class WrongName(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A paper cannot have this name, or there is one of it, or none."""

    exit_code = WRONG_USAGE


class PaperDamaged(LedgerError):  # noqa: N818 - it reads as the state it reports
    """What is in the file is no paper of this version."""

    exit_code = FINDING


class Paper(NamedTuple):
    """What was asked, what the answer was, when, and by which version of the program."""

    name: str
    saved_at: str
    program_version: str
    question: ReportQuestion
    answer: dict[str, Any]


class Difference(NamedTuple):
    """A figure that is other than it was; None is that there is no such group."""

    group: dict[str, Any]
    figure: str
    before: Any
    after: Any


def path_of(folder: LedgerFolder, name: str) -> Path:
    """The file of a paper. Raises `WrongName`."""
    if not NAME.fullmatch(name):
        raise WrongName(
            f"{name[:64]!a} is no name for a paper: use letters, digits, . _ and -, 64 at most."
        )
    return folder.path / FOLDER / f"{name}.json"


def save(folder: LedgerFolder, name: str, answer: ReportAnswer) -> Path:
    """Keep an answer that is of a moment. Raises `WrongName` where there is one of that name."""
    from importlib.metadata import version

    path = path_of(folder, name)
    paper = {
        "format": FORMAT,
        "saved_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "program_version": version("call-ledger"),
        "question": question_as_json(answer.question),
        "answer": answer.document,
    }
    path.parent.mkdir(exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_bytes(orjson.dumps(paper, option=orjson.OPT_INDENT_2, default=str))
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        raise WrongName(f"There is a paper {name} already: give this one another name.") from None
    finally:
        aside.unlink()
    return path


def load(folder: LedgerFolder, name: str) -> Paper:
    """Read a paper. Raises `WrongName` where there is none, and `PaperDamaged`."""
    path = path_of(folder, name)
    if not path.exists():
        near = did_you_mean(name, names(folder))
        raise WrongName(
            f"There is no paper {name} in {folder}: see `call-ledger paper list`.{near}"
        )
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError("it is too large")
        kept = orjson.loads(path.read_bytes())
        if kept["format"] != FORMAT:
            raise ValueError(f"it has format {kept['format']}")
        question = question_from_json(kept["question"])
        return Paper(name, kept["saved_at"], kept["program_version"], question, kept["answer"])
    except (ValueError, KeyError, TypeError) as error:
        raise PaperDamaged(
            f"{path} is no paper that this version reads ({type(error).__name__}): "
            "restore it from a backup."
        ) from None


def names(folder: LedgerFolder) -> list[str]:
    """The names of the papers there are."""
    return sorted(path.stem for path in (folder.path / FOLDER).glob("*.json"))


def question_as_json(question: ReportQuestion) -> dict[str, Any]:
    """The question in plain values; times are UTC in ISO 8601."""
    assert question.as_of is not None
    facts = asdict(question.selection)
    times = {name: facts[name] and facts[name].isoformat() for name in TIMES}
    named = {"report": question.name, "groups": list(question.groups)}
    return {**named, **facts, **times, **question.as_of.as_json()}


def question_from_json(facts: dict[str, Any]) -> ReportQuestion:
    """Read what `question_as_json` made. Raises `KeyError`, `TypeError` and `ValueError`."""
    times = {name: facts[name] and datetime.fromisoformat(facts[name]) for name in TIMES}
    selection = Selection(
        facts["time_zone"],
        times["since"],
        times["until"],
        facts["agent"],
        facts["queue"],
        facts["source"],
    )
    return ReportQuestion(
        REPORTS[facts["report"]].name,
        tuple(map(str, facts["groups"])),
        selection,
        AsOf.from_json(facts),
    )


def is_same_answer(paper: Paper, answer: ReportAnswer) -> bool:
    """Whether the answer is the paper's, figure by figure."""
    return figures_of(paper.question, as_kept(answer)) == figures_of(paper.question, paper.answer)


def differences(paper: Paper, answer: ReportAnswer) -> list[Difference]:
    """The figures that are other than in the paper, in the order of the groups."""
    before = figures_of(paper.question, paper.answer)
    after = figures_of(paper.question, as_kept(answer))
    found = []
    for key in dict.fromkeys((*before, *after)):
        group = dict(zip(paper.question.groups, key, strict=True)) if key is not None else {}
        one, other = before.get(key, {}), after.get(key, {})
        found += [
            Difference(group, figure, one.get(figure), other.get(figure))
            for figure in dict.fromkeys((*one, *other))
            if one.get(figure) != other.get(figure)
        ]
    return found


def as_kept(answer: ReportAnswer) -> dict[str, Any]:
    """The answer as a paper has it."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(answer.document, default=str))
    return document


Key = tuple[Any, ...] | None


def figures_of(question: ReportQuestion, answer: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    """The figures of each group, and under no key those of the total."""
    groups = question.groups
    found: dict[Key, dict[str, Any]] = {
        tuple(row[name] for name in groups): {
            name: value for name, value in row.items() if name not in groups
        }
        for row in answer["groups"]
    }
    return {**found, None: answer["total"] or {}}
