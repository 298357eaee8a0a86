"""A report as its page's address asks for it: filters, groupings, moment, and the figure drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import Request

from entrypoints.console.words import Words
from entrypoints.http.problems import Problem
from entrypoints.ui.moment import AskedMoment
from entrypoints.ui.period import period
from projections.reports import REPORTS
from projections.reports.report import Figure, Report, Selection
from projections.reports.united import over_ledgers

FILTERS: Final = ("from", "to", "agent", "queue", "source", "known_at", "ledgers")
ALL: Final = "all"
"""What `ledgers` says where a report is over all of them."""

NONE: Final = "none-of"
"""The parameter that names the groupings of which a group has no value."""


@dataclass(frozen=True)
class ReportPage:
    """What is asked; the address is its whole state."""

    report: Report
    groups: tuple[str, ...]
    figure: Figure
    """The figure that is drawn, or that leads to its calls."""
    filters: Mapping[str, str]
    time_zone: str

    @property
    def selection(self) -> Selection:
        """The calls that the figures are of. Raises `BadParameter` for what is no time."""
        said = self.filters
        began, ended = period(said.get("from"), said.get("to"), self.time_zone)
        return Selection(
            self.time_zone,
            began,
            ended,
            said.get("agent"),
            said.get("queue"),
            said.get("source"),
        )

    @property
    def is_over_all(self) -> bool:
        """Whether it is over all ledgers."""
        return self.filters.get("ledgers") == ALL

    @property
    def moment(self) -> AskedMoment:
        """As of when."""
        return AskedMoment(self.filters.get("known_at"), time_zone=self.time_zone)

    @property
    def needed_position(self) -> int | None:
        """What tables have to show: whatever they do, but everything for an earlier moment."""
        return 0 if self.moment.is_now else None

    @property
    def path(self) -> str:
        """The page, without its question."""
        return f"/console/reports/{quote(self.report.name)}"

    def address(self, figure: str | None = None, suffix: str = "") -> str:
        """The same question again, of this figure; a suffix is that of a download."""
        said = [*self.filters.items(), *(("by", grouping) for grouping in self.groups)]
        said += [] if suffix else [("figure", figure or self.figure.name)]
        return f"{self.path}{suffix}?{urlencode(said)}"

    def calls_address(self, figure: str, group: Mapping[str, str | None]) -> str:
        """The calls behind a figure of a group."""
        said = [*self.filters.items(), ("figure", figure)]
        said += [("by", grouping) for grouping in self.groups]
        said += [
            (f"is-{name}", value) if value is not None else (NONE, name)
            for name, value in group.items()
        ]
        return f"{self.path}/calls?{urlencode(said)}"


def asked_for(request: Request, name: str, words: Words) -> ReportPage:
    """Read an address. Raises `Problem`."""
    report = REPORTS.get(name)
    if report is None:
        raise Problem(404, "no-such-report", words.say("There is no such report."))
    said = request.query_params
    if said.get("ledgers") == ALL:
        if said.get("known_at", "").isdecimal():
            wrong = words.say(
                "A position is one ledger's own: name a time, which all of them have."
            )
            raise Problem(400, "malformed", wrong)
        report = over_ledgers(report)
    groups = tuple(dict.fromkeys(grouping for grouping in said.getlist("by") if grouping))
    if any(grouping not in report.all_groupings for grouping in groups):
        raise Problem(400, "malformed", words.say("This report has no such grouping."))
    if not groups and "figure" not in said:
        groups = report.default_grouping or ("queue",)
    by_name = {figure.name: figure for figure in report.figures}
    figure = by_name.get(said.get("figure") or report.figures[0].name)
    if figure is None:
        raise Problem(400, "malformed", words.say("This report has no such figure."))
    filters = {name: said[name] for name in FILTERS if said.get(name)}
    return ReportPage(report, groups, figure, filters, words.time_zone)


def group_of(request: Request, asked: ReportPage) -> dict[str, str | None]:
    """Which group an address of calls names."""
    none = set(request.query_params.getlist(NONE))
    return {
        grouping: None if grouping in none else request.query_params[f"is-{grouping}"]
        for grouping in asked.groups
        if grouping in none or f"is-{grouping}" in request.query_params
    }
