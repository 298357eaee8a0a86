"""`call-ledger paper …`: reports that were saved, shown again and compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from entrypoints.papers import (
    Difference,
    Paper,
    differences,
    is_same_answer,
    load,
    names,
)
from entrypoints.report_answer import answered
from entrypoints.ui.moment import moment_in_words
from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import heading, print_notes, print_table, write_json

app = typer.Typer(
    help="Working papers: reports saved with --save, shown again and compared with today's.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name it was saved under.")]


@app.command("list")
def list_papers(json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """List the papers with what each asks.

    [bold]call-ledger paper list[/bold]
    """
    papers = [load(ledger, name) for name in names(ledger)]
    rows = [
        (paper.name, paper.saved_at, paper.question.name, ", ".join(paper.question.groups),
         paper.answer["position"], paper.program_version)
        for paper in papers
    ]  # fmt: skip
    columns = ("name", "saved_at", "report", "groups", "position", "program_version")
    if json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        print_table(columns, rows, without_empty=True)
    else:
        typer.echo("No report was saved yet: call-ledger report exits --save NAME.")


@app.command()
def show(name: Name, json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Show a paper as it was saved.

    [bold]call-ledger paper show march[/bold]
    """
    paper = load(ledger, name)
    if json:
        facts = {"saved_at": paper.saved_at, "program_version": paper.program_version}
        write_json({"paper": name, **facts, "answer": paper.answer})
        return
    figures = list(paper.answer["definitions"])
    columns = [*paper.question.groups, *figures]
    total = dict.fromkeys(paper.question.groups[:1], "all") | (paper.answer["total"] or {})
    rows = [[row.get(column) for column in columns] for row in (*paper.answer["groups"], total)]
    print_table(columns, rows, f"{name}: {paper.answer['question']}")
    from rich.markup import escape

    meanings = {
        **{heading(figure): text for figure, text in paper.answer["definitions"].items()},
        "denominator": paper.answer["denominator"],
        "hours, days, weeks and periods": paper.answer["intervals"],
    }
    print_notes(
        *(f"[bold]{escape(name)}[/bold]: {escape(meaning)}" for name, meaning in meanings.items()),
        f"{paper.answer['period']}.",
        moment_in_words(paper.answer["as_of"]),
        f"Saved at {paper.saved_at} by version {paper.program_version}.",
    )


@app.command()
def compare(name: Name, json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Ask a paper's question again, of its moment and of now; exit code 1 where a figure differs.

    Of its moment the answer has to be the same for ever. Of now it says what became known since.

    [bold]call-ledger paper compare march[/bold]
    """
    from projections.serving.client import Reader
    from projections.serving.moment import moment

    paper = load(ledger, name)
    as_of = paper.question.as_of
    assert as_of is not None
    with Reader(ledger) as reader:
        is_same = is_same_answer(paper, answered(reader, paper.question))
        now = moment(reader, None, as_of.happened_by, as_of.with_corrections)
        today = answered(reader, replace(paper.question, as_of=now))
    found = differences(paper, today)
    if json:
        facts: dict[str, Any] = {"paper": name, "is_same_of_its_moment": is_same}
        now_facts = {"position": today.about["position"], "as_of": today.about["as_of"]}
        write_json({**facts, "now": now_facts, "differences": [one._asdict() for one in found]})
    else:
        print_comparison(paper, found, is_same, today.about)
    raise typer.Exit(0 if is_same and not found else 1)


def print_comparison(
    paper: Paper, found: list[Difference], is_same: bool, about: dict[str, Any]
) -> None:
    """Print each figure that differs, and whether the paper itself still holds."""
    if found:
        columns = [*paper.question.groups, "figure", "in the paper", "now"]
        rows = [
            (*(one.group.get(name, "all") for name in paper.question.groups),
             one.figure, one.before, one.after)
            for one in found
        ]  # fmt: skip
        print_table(columns, rows, f"{paper.name}: {paper.answer['question']}")
    position = paper.answer["position"]
    print_notes(
        f"Of its moment, position {position:,}, the answer is "
        + ("the same." if is_same else "NOT the same: run `call-ledger doctor` and `reconcile`."),
        of_now(about["position"], len(found)),
    )


def of_now(position: int, count: int) -> str:
    """How many figures are other than they were."""
    if not count:
        return f"Of now, position {position:,}, every figure is what it was."
    are = "figure is other than it was" if count == 1 else "figures are other than they were"
    return f"Of now, position {position:,}, {count:,} {are}."
