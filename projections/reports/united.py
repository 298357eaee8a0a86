"""A report over several ledgers: the figures that it always has, over the facts of all."""

from __future__ import annotations

from dataclasses import replace

from projections.reports.report import LEDGER, Report


def over_ledgers(report: Report) -> Report:
    """The report over `united_facts`, which can be grouped by ledger, too."""
    return replace(
        report,
        facts="from united_facts",
        entries="united_queue_entries" if report.entries == "queue_entries" else report.entries,
        groupings=(*report.groupings, LEDGER),
    )
