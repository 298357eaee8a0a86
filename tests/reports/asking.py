"""Reports as plain rows: what each group comes to, and the total."""

from __future__ import annotations

from typing import Any

from projections.reports import REPORTS
from projections.reports.query import calls_query, figures_query
from projections.reports.report import Selection
from projections.serving.client import Reader

EVERYTHING = Selection()


def groups(
    reader: Reader, name: str, *by: str, of: Selection = EVERYTHING
) -> dict[Any, dict[str, Any]]:
    """The figures of each group, by what it is grouped by."""
    rows = reader.ask(*figures_query(REPORTS[name], of, by)).table.to_pylist()
    return {
        row[by[0]] if len(by) == 1 else tuple(row[one] for one in by): figures_in(row, name)
        for row in rows
        if not row["is_total"]
    }


def total(reader: Reader, name: str, of: Selection = EVERYTHING) -> dict[str, Any]:
    """The figures over all that is selected."""
    (row,) = reader.ask(*figures_query(REPORTS[name], of, ())).table.to_pylist()
    return figures_in(row, name)


def figures_in(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {figure.name: row[figure.name] for figure in REPORTS[name].figures}


def calls_behind(reader: Reader, name: str, of: Selection = EVERYTHING) -> set[str]:
    """The ids that `--calls` lists."""
    rows = reader.ask(*calls_query(REPORTS[name], of)).table.to_pylist()
    return {row["call_id"] for row in rows}
