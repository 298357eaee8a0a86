"""`call-ledger replay`: what other rules would have decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrypoints.ui.moment import position_in
from entrypoints.ui.options import DEFAULT_FOLDER, AsCsv, AsJson, LedgerOption
from entrypoints.ui.output import Format, Output, print_table, write_csv, write_json
from entrypoints.ui.period import since, until
from entrypoints.ui.progress import progress

if TYPE_CHECKING:
    from infra.folder import LedgerFolder
    from ledger.replay.history import OpenHistory
    from ledger.replay.parts import JudgeAll
    from ledger.replay.question import Answer, Question

GROUPED_BY = ("state", "change", "before", "after", "role", "phase", "action")


def replay(
    rules: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="The rules to decide by: seed, multi-party, or a TOML file (docs/replay.md).",
        ),
    ],
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Compare with these rules, instead of with what was recorded.",
        ),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="POSITION|TIME",
            help="Only from this position on, or what was recorded at this time (UTC) or later.",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="POSITION|TIME",
            help="Only up to this position, or what was recorded before; a day to its end.",
        ),
    ] = None,
    call: Annotated[
        str | None, typer.Option(metavar="CALL_ID", help="Only the commands of this call.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="The source of --call.")
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="List each differing decision with its call.")
    ] = False,
    at_most: Annotated[
        int,
        typer.Option(
            "--at-most",
            min=1,
            max=100_000,
            metavar="N",
            help="List so many; all are counted.",
        ),
    ] = 1_000,
    processes: Annotated[
        int,
        typer.Option(min=1, max=64, metavar="N", help="How many processes judge side by side."),
    ] = 2,
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Read an archive instead of the ledger: a folder, or s3://bucket/prefix.",
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="SCHEDULER",
            help="Have the calls of --archive judged by a Dask cluster: dask://host:8786.",
        ),
    ] = None,
    json: AsJson = False,
    csv: AsCsv = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Decide past commands anew under other rules, and show which decisions differ.

    Nothing is written. Once a decision of a call differs, the rest of that call is judged twice:
    by the recorded state, and by the replayed one. Observations are judged and never refused.

    [bold]call-ledger replay --rules multi-party --calls[/bold]
    [bold]call-ledger replay --rules multi-party --archive archive --from 2026-01-05[/bold]
    """
    from ledger.replay.parts import replayed
    from ledger.replay.question import Question
    from ledger.replay.rule_file import rules_named

    output = Output.chosen(json, csv)
    if on is not None and archive is None:
        raise typer.BadParameter("--on needs --archive: workers read nothing else.")
    question = Question(
        rules_named(rules),
        None if against is None else rules_named(against),
        position_or_text(begin, since),
        position_or_text(end, until),
        None if call is None else (source, call),
        at_most,
    )
    with history_in(ledger, archive) as history, progress("replaying", unit="events") as moved:
        judge = None if on is None else judging_on(on, str(archive))
        for done, total, so_far in replayed(history, question, processes, judge):
            moved(done, total)
            answer = so_far
    if output.format is Format.JSON:
        write_json(as_document(question, answer))
    elif output.format is Format.CSV:
        names, rows = listed(answer) if calls else grouped(answer)
        write_csv(names, rows, output)
    else:
        names, rows = listed(answer) if calls else grouped(answer)
        if rows:
            print_table(names, rows, "Decisions that would differ", without_empty=True)
        for line in totals(question, answer):
            typer.echo(line)


def judging_on(scheduler: str, archive: str) -> JudgeAll:
    """What has the calls of an archive judged by a cluster. Raises `WrongSetting`."""
    from archive.parallel.dask import DaskWorkers
    from archive.parallel.replaying import judging_by
    from archive.places import absolute

    return judging_by(DaskWorkers(scheduler), absolute(archive))


@contextmanager
def history_in(ledger: LedgerFolder, archive: str | None) -> Iterator[OpenHistory]:
    """What is read: the ledger's store, or an archive."""
    if archive is None:
        from ledger.replay.history import store_history

        yield partial(store_history, ledger)
        return
    from tempfile import TemporaryDirectory

    from archive.history import open_archive
    from archive.places import place_of

    with TemporaryDirectory(prefix="call-ledger-archive-") as scratch:
        yield open_archive(place_of(archive), Path(scratch))


def position_or_text(
    asked: str | None, time_of: Callable[[str | None, str], datetime | None]
) -> int | str | None:
    """A number is a position, and anything else a time, in UTC as documents write it."""
    position = position_in(asked)
    if position is not None:
        return position
    moment = time_of(asked, "UTC")
    return None if moment is None else f"{moment.isoformat(timespec='microseconds')}Z"


def grouped(answer: Answer) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """How many differ, by state, change, rule, role, phase and action."""
    rows = [(*group, answer.groups[group], answer.calls[group]) for group in sorted(answer.groups)]
    return (*GROUPED_BY, "decision_count", "call_count"), rows


def listed(answer: Answer) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Each differing decision with its call, and its event or refusal."""
    from ledger.replay.judging import Difference

    return Difference._fields, [tuple(one) for one in answer.differences]


def named(rules: Any) -> dict[str, str]:
    """A rule set's name and hash."""
    from domain.rules_hash import hash_of

    return {"name": rules.name, "hash": hash_of(rules)}


def as_document(question: Question, answer: Answer) -> dict[str, Any]:
    """All of the answer as one JSON document."""
    names, groups = grouped(answer)
    return {
        "rules": named(question.rules),
        "against": "recorded" if question.against is None else named(question.against),
        "recorded_by": [
            {"name": name, "hash": rules_hash, "command_count": count}
            for (name, rules_hash), count in sorted(answer.recorded_by.items())
        ],
        "judged_count": answer.judged,
        "observed_count": answer.observed,
        "same_count": answer.judged - answer.differing,
        "differing_count": answer.differing,
        "differing_call_count": answer.calls_differing,
        "not_rebuilt_count": answer.not_rebuilt,
        "groups": [dict(zip(names, row, strict=True)) for row in groups],
        "differences": [one._asdict() for one in answer.differences],
    }


def totals(question: Question, answer: Answer) -> list[str]:
    """The totals in words."""
    rules = named(question.rules)
    before = "what was recorded"
    if question.against is not None:
        against = named(question.against)
        before = f"{against['name']} ({against['hash']})"
    same = answer.judged - answer.differing
    lines = [
        f"{answer.judged:,} commands judged by {rules['name']} ({rules['hash']}) against {before}:"
        f" {same:,} the same, {answer.differing:,} differ in {answer.calls_differing:,} calls."
    ]
    if answer.recorded_by:
        recorded_by = ", ".join(map(" ".join, sorted(answer.recorded_by)))
        lines.append(f"Recorded by {recorded_by}.")
    if answer.not_rebuilt:
        lines.append(
            f"{answer.not_rebuilt:,} cannot be told from their events: they were not judged."
        )
    return lines
