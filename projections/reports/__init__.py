"""The reports: each a file of data, read by people and run as one SQL statement."""

from __future__ import annotations

from typing import Final

from projections.reports import (
    abandoned,
    agents,
    conferences,
    consults,
    exits,
    holds,
    open_work,
    refusals,
    rule_breaks,
    transfers,
    wrap_ups,
)
from projections.reports.report import Report

REPORTS: Final[dict[str, Report]] = {
    module.REPORT.name: module.REPORT
    for module in (
        transfers,
        exits,
        wrap_ups,
        conferences,
        consults,
        holds,
        agents,
        abandoned,
        refusals,
        rule_breaks,
        open_work,
    )
}
"""Every report by the name it has on the command line."""
