"""A report over several ledgers is that of one ledger with all of their calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from infra.folder import LedgerFolder
from projections.reports import REPORTS
from projections.reports.query import calls_query, figures_query
from projections.reports.report import LEDGER, Report, Selection
from projections.reports.united import over_ledgers
from projections.serving.client import Reader
from projections.serving.protocol import Question
from projections.serving.snapshot import Snapshot
from projections.serving.united import UnitedReader, Unreadable
from projections.serving.united_process import opened, uniting
from tests.reports.several import NAMES, divided, in_one

ROME = Selection("Europe/Rome")
SOME = (
    replace(ROME, since=datetime(2026, 3, 28, 12), until=datetime(2026, 3, 29, 15)),
    replace(ROME, source="elsewhere"),
    replace(ROME, agent="agent-1"),
)
NO_SUM = ("max(", "distinct", "/ (", "/ nullif")
"""In what is no sum over ledgers: the largest, who is in two of them but one, means and shares."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The ledger that has everything."""
    with Reader(in_one(tmp_path_factory.mktemp("one"))) as reader:
        yield reader


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, LedgerFolder]:
    """The same calls in four, each with its tables."""
    places = divided(tmp_path_factory.mktemp("four"))
    for place in places.values():
        with Reader(place) as reader:
            reader.ask("select 1")
    return places


def united(four: Mapping[str, LedgerFolder], report: Report) -> duckdb.DuckDBPyConnection:
    """A connection over all of them, as the process that unites them has it."""
    snapshots = []
    for place in four.values():
        with place.projections.open("rb") as file:
            snapshots.append(Snapshot.of(place.projections, file.fileno()))
    connection = opened(snapshots, Question(""), "")
    for statement in uniting([*four], report.facts):
        connection.execute(statement)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, question: tuple[str, Any]) -> list[dict[str, Any]]:
    sql, parameters = question
    table = connection.sql(sql, params=parameters or None).to_arrow_table()
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def questions(report: Report) -> Iterator[tuple[Selection, tuple[str, ...]]]:
    """Groupings of every kind over everything, and every filter in some groups."""
    alone = {"hour", report.groupings[0], *report.default_grouping, *report.firsts}
    yield from ((ROME, (one,)) for one in sorted(alone))
    yield from ((some, ("day", report.all_groupings[-1])) for some in SOME)
    yield ROME, ()


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_over_four_is_that_of_one_however_it_is_grouped_and_filtered(
    name: str, one: Reader, four: Mapping[str, LedgerFolder]
) -> None:
    report = REPORTS[name]
    with united(four, report) as connection:
        for selection, by in questions(report):
            over_all = rows(connection, figures_query(over_ledgers(report), selection, by))
            expected = one.ask(*figures_query(report, selection, by)).table.to_pylist()
            assert over_all == expected, (selection, by)


@pytest.mark.parametrize("name", REPORTS)
def test_the_ledgers_of_a_report_add_up_to_its_total(
    name: str, four: Mapping[str, LedgerFolder]
) -> None:
    report = REPORTS[name]
    with united(four, report) as connection:
        *each, total = rows(connection, figures_query(over_ledgers(report), ROME, (LEDGER,)))
    assert total["is_total"]
    assert {row[LEDGER] for row in each} == set(NAMES)
    for figure in report.figures:
        if not any(word in figure.expression for word in NO_SUM):
            summed = sum(row[figure.name] or 0 for row in each)
            assert summed == pytest.approx(total[figure.name] or 0), figure.name
    for place in four.values():
        with Reader(place) as reader:
            (alone,) = reader.ask(*figures_query(report, ROME, ())).table.to_pylist()
        (found,) = [row for row in each if row[LEDGER] == place.name]
        assert {**alone, LEDGER: place.name, "is_total": False} == found


@pytest.mark.parametrize("name", REPORTS)
def test_the_calls_behind_it_are_those_of_all_each_with_its_ledger(
    name: str, one: Reader, four: Mapping[str, LedgerFolder]
) -> None:
    report = REPORTS[name]
    with united(four, report) as connection:
        found = rows(connection, calls_query(over_ledgers(report), ROME))
    for row in found:
        home = row.pop(LEDGER)
        member = four[home].member
        assert member is not None
        assert member.home_of(row["source"], row["call_id"]) == home
    assert found == one.ask(*calls_query(report, ROME)).table.to_pylist()


def test_the_history_has_what_reports_are_about(one: Reader) -> None:
    for name, report in REPORTS.items():
        rows = one.ask(*figures_query(report, ROME, ())).table.to_pylist()
        assert rows[0][report.figures[0].name], name


@pytest.mark.slow
def test_ledgers_are_read_beside_those_who_have_their_tables_and_each_says_its_position(
    four: Mapping[str, LedgerFolder], one: Reader
) -> None:
    report = REPORTS["exits"]
    with Reader(four["north"]) as owner, UnitedReader(four) as ledgers:
        positions = {"north": owner.ask("select 1").position}
        answer = ledgers.ask(report.facts, *figures_query(over_ledgers(report), ROME, ("reason",)))
        for name in NAMES[1:]:
            with Reader(four[name]) as reader:
                positions[name] = reader.ask("select 1").position
    assert answer.positions == positions
    expected = one.ask(*figures_query(report, ROME, ("reason",))).table
    assert answer.table.to_pylist() == expected.to_pylist()


def test_of_all_nothing_is_said_where_one_cannot_be_read(
    four: Mapping[str, LedgerFolder], tmp_path: Path
) -> None:
    with pytest.raises(Unreadable, match="Ledger gone cannot be read: There is no ledger in"):
        UnitedReader({**four, "gone": LedgerFolder(tmp_path / "gone")})
