"""What is said where a report has nothing because nothing has the name that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from entrypoints.ui.output import tell_note
from infra.nearest import did_you_mean
from projections.reports.query import names_query

if TYPE_CHECKING:
    from projections.as_of import AsOf
    from projections.reports.report import Report, Selection
    from projections.serving.read_side import Answering


def tell_names_not_there(
    reader: Answering, report: Report, selection: Selection, as_of: AsOf | None
) -> None:
    """Say on standard error which of the names asked for nothing here has."""
    for sentence in names_not_there(reader, report, selection, as_of):
        tell_note(sentence)


def names_not_there(
    reader: Answering, report: Report, selection: Selection, as_of: AsOf | None
) -> Iterator[str]:
    """A sentence for each name that nothing in this report has, whatever the period."""
    asked = {"agent": selection.agent, "queue": selection.queue, "source": selection.source}
    for column, name in asked.items():
        if name is None:
            continue
        table = reader.ask(names_query(report, column), as_of=as_of).table
        known = table.column("name").to_pylist()
        if name not in known:
            yield f"Nothing in this report is of {column} {name}.{did_you_mean(name, known)}"
