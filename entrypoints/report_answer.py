"""A report's question, and its answer with everything that has to be said beside the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from entrypoints.workers.lag import dead_letter_counts
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import Report, Selection
from projections.reports.united import over_ledgers

if TYPE_CHECKING:
    import pyarrow as pa

    from projections.as_of import AsOf
    from projections.serving.read_side import Answering
    from projections.serving.united import UnitedAnswer, UnitedReader


Moments = Mapping[str, "AsOf"] | None
"""The moment that each of several ledgers is asked about; none is now."""


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """Which figures, of which calls, in which groups, as of which moment; no moment is now."""

    name: str
    groups: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)
    as_of: AsOf | None = None

    @property
    def report(self) -> Report:
        """The report's definition."""
        return REPORTS[self.name]


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The figures, and what is said of them."""

    question: ReportQuestion
    about: dict[str, Any]
    table: pa.Table
    """A row for each group and one with `is_total` over all of them."""
    note: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table's rows."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    @property
    def is_of_nothing(self) -> bool:
        """Whether no figure counts anything."""
        figures = [figure.name for figure in self.question.report.figures]
        return not any(row[figure] for row in self.rows for figure in figures)

    @property
    def document(self) -> dict[str, Any]:
        """The answer as one JSON document."""
        groups, rows = self.question.groups, self.rows
        total = next((strip(row, without=groups) for row in rows if row["is_total"]), None)
        of_groups = [strip(row) for row in rows if not row["is_total"]]
        return {**self.about, "groups": of_groups, "total": total}


def answered(reader: Answering, question: ReportQuestion) -> ReportAnswer:
    """Ask it. Raises as `Reader.ask` does, and `UnknownGroupingError`."""
    sql, parameters = figures_query(question.report, question.selection, question.groups)
    answer = reader.ask(sql, parameters, as_of=question.as_of)
    about = {
        **meaning_of(question),
        **reader.facts,
        "position": answer.position,
        "calls_with_dead_letters": dead_letter_counts(reader, question.as_of)[
            "calls_with_dead_letters"
        ],
        **moment_of(reader, question.as_of),
    }
    return ReportAnswer(question, about, answer.table, answer.note)


def answered_by_all(
    ledgers: UnitedReader, question: ReportQuestion, moments: Moments = None
) -> ReportAnswer:
    """Ask it of several ledgers as of one, each at its moment; `Moments` none is now.

    Raises as `UnitedReader.ask` does.
    """
    report = over_ledgers(question.report)
    sql, parameters = figures_query(report, question.selection, question.groups)
    answer = ledgers.ask(question.report.facts, sql, parameters, moments=moments)
    incomplete = sum(
        dead_letter_counts(reader, moments[name] if moments else None)["calls_with_dead_letters"]
        for name, reader in ledgers.readers.items()
    )
    about = {
        **meaning_of(question),
        **ledgers_read(ledgers, answer, moments),
        "calls_with_dead_letters": incomplete,
    }
    return ReportAnswer(question, about, answer.table, answer.note)


def meaning_of(question: ReportQuestion) -> dict[str, Any]:
    """What the figures mean, and what they are of."""
    report = question.report
    return {
        "report": report.name,
        "question": report.question,
        "definitions": {figure.name: figure.definition for figure in report.figures},
        "denominator": report.denominator,
        "intervals": report.intervals,
        "period": period_of(report, question.selection),
    }


def ledgers_read(ledgers: UnitedReader, answer: UnitedAnswer, moments: Moments) -> dict[str, Any]:
    """The ledgers, at which position each was read, and what is said of its moment."""
    asked = moments or {}
    return {
        "ledgers": [
            {
                "ledger": name,
                "position": position,
                **(moment_of(ledgers.readers[name], asked[name]) if name in asked else {}),
            }
            for name, position in answer.positions.items()
        ]
    }


def position_of(about: dict[str, Any]) -> str:
    """At which position an answer is true, in words; of which ledger, where there are several."""
    if "ledgers" in about:
        places = [
            f"{ledger['position']:,} of ledger {ledger['ledger']}" for ledger in about["ledgers"]
        ]
        return f"position {', '.join(places)}"
    at = f"position {about['position']:,}"
    return f"{at} of ledger {about['ledger']}" if "ledger" in about else at


def moment_of(reader: Answering, as_of: AsOf | None) -> dict[str, Any]:
    """What an answer says of the moment that it is of; nothing where that is now."""
    if as_of is None:
        return {}
    from projections.serving.moment import facts_of

    return {"as_of": facts_of(reader, as_of)}


def strip(row: dict[str, object], without: tuple[str, ...] = ()) -> dict[str, object]:
    """The row without what only tells groups from the total."""
    return {name: value for name, value in row.items() if name not in ("is_total", *without)}


def period_of(report: Report, selection: Selection) -> str:
    """The period and the filters in words, in UTC, with the time zone of the groups."""
    first = f"from {selection.since} UTC" if selection.since else "from the beginning"
    last = f"to before {selection.until} UTC" if selection.until else "to now"
    filters = [
        f"{name} {value}"
        for name, value in (
            ("agent", selection.agent),
            ("queue", selection.queue),
            ("source", selection.source),
        )
        if value is not None
    ]
    what = "Time" if report.is_of_time else "Calls entered"
    return ", ".join([f"{what} {first} {last}", *filters, f"groups in {selection.time_zone}"])
