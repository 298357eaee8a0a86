"""A report over several ledgers is that of one ledger with all of their calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from typer import BadParameter

from entrypoints.ui.moment import AskedMoment
from infra.errors import LedgerMissing
from infra.folder import LedgerFolder
from projections.as_of import AsOf
from projections.reports import REPORTS
from projections.reports.query import calls_query, figures_query
from projections.reports.report import LEDGER, Report, Selection
from projections.reports.united import over_ledgers
from projections.serving.client import Reader
from projections.serving.protocol import Question
from projections.serving.snapshot import Snapshot
from projections.serving.united import UnitedReader, Unreadable
from projections.serving.united_process import opened, unite
from tests.reports.several import NAMES, divided, in_one

ROME = Selection("Europe/Rome")
SOME = (
    replace(ROME, since=datetime(2026, 3, 28, 12), until=datetime(2026, 3, 29, 15)),
    replace(ROME, source="elsewhere"),
    replace(ROME, agent="agent-1"),
)
EARLIER = (
    (AskedMoment(happened_by="2026-03-29T12:00:00Z"), True),
    (AskedMoment(happened_by="2026-03-29T12:00:00Z", without_corrections=True), True),
    (AskedMoment(without_corrections=True), False),
)
"""Moments, and whether every report was another one then."""

NO_SUM = ("max(", "distinct", "/ (", "/ nullif")
"""In what is no sum over ledgers: the largest, who is in two of them but one, means and shares."""


class Earlier(NamedTuple):
    """A moment in each of the four and in the one, and whether every report was another one."""

    of_each: Mapping[str, AsOf]
    of_one: AsOf | None
    is_other: bool


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


def united(
    four: Mapping[str, LedgerFolder], report: Report, moments: Mapping[str, AsOf] | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection over all of them, as the process that unites them has it."""
    snapshots = []
    for place in four.values():
        with place.projections.open("rb") as file:
            snapshots.append(Snapshot.of(place.projections, file.fileno()))
    connection = opened(snapshots, Question(""), "")
    of_each = [moments[name] if moments else None for name in four]
    unite(connection, [*four], report.facts, of_each)
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


@pytest.fixture(scope="module")
def earlier(one: Reader, four: Mapping[str, LedgerFolder]) -> list[Earlier]:
    """The moments, looked up once for all reports."""
    return [
        Earlier(looked_up(four, asked), asked.looked_up(one), is_other)
        for asked, is_other in EARLIER
    ]


@pytest.mark.parametrize("name", REPORTS)
def test_at_an_earlier_moment_too_a_report_over_four_is_that_of_one(
    name: str, one: Reader, four: Mapping[str, LedgerFolder], earlier: list[Earlier]
) -> None:
    report = REPORTS[name]
    by = tuple(dict.fromkeys(("source", *report.default_grouping)))
    now = one.ask(*figures_query(report, ROME, by)).table.to_pylist()
    for moments, as_of, is_other in earlier:
        with united(four, report, moments) as connection:
            over_all = rows(connection, figures_query(over_ledgers(report), ROME, by))
            calls = rows(connection, calls_query(over_ledgers(report), ROME))
        expected = one.ask(*figures_query(report, ROME, by), as_of=as_of).table.to_pylist()
        assert over_all == expected
        assert not is_other or over_all != now
        listed = one.ask(*calls_query(report, ROME), as_of=as_of).table.to_pylist()
        assert [{**call, LEDGER: None} for call in calls] == [{**c, LEDGER: None} for c in listed]


def looked_up(four: Mapping[str, LedgerFolder], asked: AskedMoment) -> Mapping[str, AsOf]:
    """The moment in each of the four."""
    with UnitedReader(four) as ledgers:
        moments = asked.looked_up_in(ledgers.readers)
    assert moments is not None
    return moments


def test_a_time_is_another_position_in_each_ledger(four: Mapping[str, LedgerFolder]) -> None:
    """They were recorded one after the other, and two of them not yet by then."""
    with Reader(four["east"]) as reader:
        last = reader.ask("select max(recorded_at)::varchar || 'Z' as said from events")
        (said,) = last.table.to_pydict()["said"]
    report, by = REPORTS["exits"], (LEDGER,)
    with UnitedReader(four) as ledgers:
        moments = AskedMoment(said).looked_up_in(ledgers.readers)
        query = figures_query(over_ledgers(report), ROME, by)
        answer = ledgers.ask(report.facts, *query, moments=moments)
        now = ledgers.ask(report.facts, *query)
    assert answer.positions == {**now.positions, "south": 0, "west": 0}
    assert [row[LEDGER] for row in answer.table.to_pylist()] == ["east", "north", None]


def test_a_position_is_of_one_ledger(four: Mapping[str, LedgerFolder]) -> None:
    with (
        UnitedReader(four) as ledgers,
        pytest.raises(BadParameter, match="A position is one ledger's own"),
    ):
        AskedMoment("7").looked_up_in(ledgers.readers)


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
    damaged = LedgerFolder(tmp_path)
    damaged.sqlite_file.write_text("this is a shopping list\n" * 100)
    with pytest.raises(Unreadable, match="Ledger gone cannot be read: The event store"):
        UnitedReader({**four, "gone": damaged})


@pytest.mark.parametrize("asked", [AskedMoment(), AskedMoment(happened_by="2026-03-29T12:00:00Z")])
def test_a_ledger_that_has_not_begun_is_at_position_0_and_changes_no_figure(
    four: Mapping[str, LedgerFolder], tmp_path: Path, asked: AskedMoment
) -> None:
    report = REPORTS["exits"]
    query = figures_query(over_ledgers(report), ROME, ("reason",))
    answers = []
    for places in (four, {"new": LedgerFolder(tmp_path / "new"), **four}):
        with UnitedReader(places) as ledgers:
            moments = asked.looked_up_in(ledgers.readers)
            answers.append(ledgers.ask(report.facts, *query, moments=moments))
    without, with_new = answers
    assert with_new.table.to_pylist() == without.table.to_pylist()
    assert [*with_new.positions.items()] == [("new", 0), *without.positions.items()]
    assert not (tmp_path / "new").exists()


def test_where_no_ledger_has_begun_there_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing, match="None of the ledgers one, two has begun"):
        UnitedReader({name: LedgerFolder(tmp_path / name) for name in ("one", "two")})
